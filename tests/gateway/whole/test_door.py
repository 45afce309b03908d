"""Who may enter the deployed pair of containers, and what they show of themselves."""

import httpx
import openai
import pytest

from local.runner.session import Session

from .conftest import Azure

CODEX = "gpt-5.3-codex"
EMBEDDING = "text-embedding-3-large"
BODIES = {
    "responses": {"model": CODEX, "input": "hi"},
    "chat/completions": {"model": CODEX, "messages": [{"role": "user", "content": "hi"}]},
    "embeddings": {"model": EMBEDDING, "input": "hi"},
}


def test_the_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [CODEX, EMBEDDING]


@pytest.mark.parametrize("prefix", ["", "/v1"])
@pytest.mark.parametrize("path", BODIES)
def test_the_bare_host_is_a_base_url_too(
    session: Session, http: httpx.Client, azure: Azure, prefix: str, path: str
) -> None:
    headers = {"x-gateway-key": session.key}
    response = http.post(f"{prefix}/{path}", json=BODIES[path], headers=headers)
    assert response.status_code == 200
    (request,) = azure.requests()
    assert request["headers"]["api-key"] not in {"", session.key}


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_so_it_is_for_the_models(session: Session, http: httpx.Client, prefix: str) -> None:
    response = http.get(f"{prefix}/models", headers={"x-gateway-key": session.key})
    assert [model["id"] for model in response.json()["data"]] == [CODEX, EMBEDDING]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer sk-wrong"}, {"x-gateway-key": "wrong"}])
@pytest.mark.parametrize("path", ["models", *BODIES])
def test_without_the_key_it_is_401(http: httpx.Client, azure: Azure, headers: dict[str, str], path: str) -> None:
    method = "GET" if path == "models" else "POST"
    response = http.request(method, f"/v1/{path}", json=BODIES.get(path), headers=headers)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "invalid_api_key"
    assert azure.requests() == []


def test_the_sdk_raises_its_own_exceptions(client: openai.OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").models.list()
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="gpt-9", input="hi")
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model=CODEX, input="hi")
    with pytest.raises(openai.BadRequestError):
        client.responses.create(model=CODEX, input="hi", temperature=0.5)


@pytest.mark.parametrize("with_key", [False, True])
def test_litellm_wants_the_inner_key(session: Session, azure: Azure, with_key: bool) -> None:  # noqa: FBT001
    headers = {"authorization": f"Bearer {session.key}"} if with_key else {}
    # A client of its own: after a refusal LiteLLM may drop a connection that others would use again.
    url = f"{session.litellm_url}/v1/chat/completions"
    response = httpx.post(url, json=BODIES["chat/completions"], headers=headers, timeout=60)
    assert response.status_code >= 400
    assert azure.requests() == []


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/ui", "/key/generate", "/model/info", "/metrics"])
def test_nothing_of_litellm_shows_through_the_gateway(session: Session, http: httpx.Client, path: str) -> None:
    headers = {"authorization": f"Bearer {session.key}"}
    assert http.get(path, headers=headers).status_code == 404
