"""Who may enter the deployed pair of containers, by which doors, and what they show of themselves."""

import json
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from local.runner.session import Session

from .conftest import Client
from .knocking import answer_of
from .regions import Azure, Regions
from .surfaces import CHAT, CODEX, DIMENSION, EMBEDDING, SURFACES, TRANSLATED, Surface

_ALL = [CODEX, EMBEDDING, CHAT, "translated-codex", "translated-chat", "translated-embeddings"]
_HI: Any = [{"role": "user", "content": "echo: hi"}]
_BODIES: dict[str, dict[str, Any]] = {
    "responses": {"model": CODEX, "input": "echo: hi"},
    "responses/compact": {"model": CODEX, "input": "echo: hi"},
    "chat/completions": {"model": CODEX, "messages": _HI},
    "embeddings": {"model": EMBEDDING, "input": "hi"},
}
_AZURE: dict[str, dict[str, Any]] = {
    "responses": {"model": CODEX, "input": "echo: hi"},
    "responses/compact": {"model": CODEX, "input": "echo: hi"},
    f"deployments/{CODEX}/chat/completions": {"messages": _HI},
    f"deployments/{CHAT}/chat/completions": {"messages": _HI},
    f"deployments/{EMBEDDING}/embeddings": {"input": "hi"},
}
_VERSIONS = {CODEX: "2025-04-01-preview", CHAT: "2024-10-21", EMBEDDING: "2023-05-15"}


@pytest.fixture(scope="module")
def http(regions: Session) -> Iterator[httpx.Client]:
    """Any HTTP client, without a key."""
    with httpx.Client(base_url=regions.host_url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def azure_sdk(regions: Session) -> Iterator[openai.AzureOpenAI]:
    """The SDK as a user of Azure would configure it, with some API version."""
    transport = openai.DefaultHttpxClient(trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    with openai.AzureOpenAI(
        azure_endpoint=regions.host_url,
        api_key=regions.key,
        api_version="2023-12-31",
        max_retries=0,
        http_client=transport,
    ) as client:
        yield client


@pytest.mark.parametrize("prefix", ["", "/v1"])
@pytest.mark.parametrize("path", _BODIES)
def test_the_bare_host_is_a_base_url_too(http: httpx.Client, world: Regions, prefix: str, path: str) -> None:
    response = http.post(f"{prefix}/{path}", json=_BODIES[path], headers={"x-gateway-key": world.session.key})
    assert response.status_code == 200
    (call,) = world.calls()
    assert call["query"] == {"api-version": _VERSIONS[_BODIES[path]["model"]]}


@pytest.mark.parametrize("path", _AZURE)
def test_azures_forms_take_azures_header_and_the_settings_version(
    http: httpx.Client, world: Regions, path: str
) -> None:
    url = f"/openai/{path}?api-version=2099-01-01&x=y"
    response = http.post(url, json=_AZURE[path], headers={"api-key": world.session.key})
    assert response.status_code == 200
    (call,) = world.calls()
    model = path.split("/")[1] if path.startswith("deployments") else CODEX
    assert call["query"] == {"api-version": _VERSIONS[model]}


def test_azures_sdk_is_a_client_like_any_other(azure_sdk: openai.AzureOpenAI, world: Regions) -> None:
    assert azure_sdk.responses.create(model=CODEX, input="echo: hi").output_text.strip() == "hi"
    for model in (CODEX, CHAT):
        answer = azure_sdk.chat.completions.create(model=model, messages=_HI)
        assert (answer.choices[0].message.content or "").strip() == "hi"
    assert len(azure_sdk.embeddings.create(model=EMBEDDING, input="hi").data[0].embedding) == DIMENSION
    assert len(world.calls()) == 4


def test_roos_second_attempt_gets_the_true_status(http: httpx.Client, world: Regions) -> None:
    headers = {"authorization": f"Bearer {world.session.key}"}
    assert http.post("/v1/v1/responses", json=_BODIES["responses"], headers=headers).status_code == 200
    refused = _BODIES["responses"] | {"temperature": 0.5}
    first, second = (http.post(path, json=refused, headers=headers) for path in ("/v1/responses", "/v1/v1/responses"))
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert second.status_code == 400


def test_every_key_of_a_project_opens_the_same_doors(http: httpx.Client, world: Regions) -> None:
    for project, keys in world.session.keys.items():
        for key in keys:
            for headers in ({"authorization": f"Bearer {key}"}, {"x-gateway-key": key}):
                response = http.get("/v1/models", headers=headers)
                assert [model["id"] for model in response.json()["data"]] == _ALL, project
    assert len({key for keys in world.session.keys.values() for key in keys}) == 6


def test_a_model_is_listed_and_described(user: Client) -> None:
    assert [model.id for model in user.sdk.models.list()] == _ALL
    assert user.sdk.models.retrieve(CHAT).id == CHAT
    with pytest.raises(openai.NotFoundError):
        user.sdk.models.retrieve("gpt-9")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer sk-wrong"},
        {"authorization": ""},
        {"authorization": b"Bearer \xff\xfe\xe9"},
        {"authorization": "Bearer " + "x" * 8000},
        {"x-gateway-key": "wrong"},
        {"api-key": "wrong"},
        {"x-litellm-api-key": "Bearer sk-1234", "cookie": "token=x"},
    ],
    ids=str,
)
def test_without_a_right_key_it_is_401(http: httpx.Client, world: Regions, headers: dict[str, Any]) -> None:
    paths = [f"/v1/{path}" for path in _BODIES] + [f"/openai/{path}" for path in _AZURE]
    for path in paths:
        told = answer_of(http.post(path, content=b"not even JSON", headers=headers)).told
        assert told == (401, "invalid_api_key"), path
    assert answer_of(http.get("/v1/models", headers=headers)).told == (401, "invalid_api_key")
    assert world.calls() == []


def test_the_inner_key_opens_nothing_from_outside(http: httpx.Client, user: Client, world: Regions) -> None:
    user.sdk.chat.completions.create(model=CODEX, messages=_HI)
    before = len(world.calls())
    inner = world.session.inner_key
    assert _is_litellms(world.session, inner)
    for named in ({}, {"x-gateway-request": "made-up"}, {"x-gateway-request": user.ids[-1]}):
        for key in ({"authorization": f"Bearer {inner}"}, {"x-gateway-key": inner}, {"api-key": inner}):
            for path in [*(f"/v1/{path}" for path in _BODIES), *(f"/openai/{path}" for path in _AZURE)]:
                assert answer_of(http.post(path, json=_BODIES["responses"], headers=named | key)).status == 401
            assert answer_of(http.get("/v1/models", headers=named | key)).status == 401
    assert len(world.calls()) == before


def _is_litellms(session: Session, key: str) -> bool:
    url = f"{session.litellm_url}/v1/models"
    return httpx.get(url, headers={"authorization": f"Bearer {key}"}, timeout=60).status_code == 200


@pytest.mark.parametrize("with_key", [False, True])
def test_litellm_wants_the_inner_key(world: Regions, with_key: bool) -> None:  # noqa: FBT001
    headers = {"authorization": f"Bearer {world.session.key}"} if with_key else {}
    # A client of its own: after a refusal LiteLLM may drop a connection that others would use again.
    url = f"{world.session.litellm_url}/v1/chat/completions"
    response = httpx.post(url, json=_BODIES["chat/completions"], headers=headers, timeout=60)
    assert response.status_code >= 400
    assert world.calls() == []


def test_the_sdk_raises_its_own_exceptions(user: Client) -> None:
    with pytest.raises(openai.AuthenticationError):
        user.sdk.with_options(api_key="wrong").models.list()
    with pytest.raises(openai.NotFoundError):
        user.sdk.responses.create(model="gpt-9", input="hi")
    with pytest.raises(openai.BadRequestError, match="Use /v1/embeddings"):
        user.sdk.responses.create(model=EMBEDDING, input="hi")
    with pytest.raises(openai.BadRequestError, match="temperature"):
        user.sdk.responses.create(model=CODEX, input="hi", temperature=0.5)
    with pytest.raises(openai.BadRequestError, match="messages"):
        user.sdk.chat.completions.create(model=CODEX, messages=[])
    with pytest.raises(openai.APIStatusError) as large:
        user.sdk.responses.create(model=CODEX, input="x" * 40_000_000)
    assert (large.value.status_code, large.value.code) == (413, "request_too_large")


_SHOWN = {"server", "date", "content-type", "content-length", "transfer-encoding", "x-request-id"}
_SENT = {
    *("host", "accept", "accept-encoding", "user-agent", "content-type", "content-length"),
    *("api-key", "x-ms-client-request-id"),
}


@pytest.mark.parametrize("surface", [*SURFACES, *TRANSLATED], ids=lambda surface: surface.name)
def test_headers_of_neither_side_pass(http: httpx.Client, world: Regions, surface: Surface) -> None:
    headers = {
        "authorization": f"Bearer {world.session.key}",
        "user-agent": "canary",
        "cookie": "canary",
        "x-canary": "canary",
        "traceparent": "00-canary-01",
        "openai-organization": "canary",
        "x-ms-client-request-id": "canary",
        "x-request-id": "canary",
        "x-gateway-request": "canary",
        "x-litellm-tags": "canary",
        "x-litellm-timeout": "0.001",
        "x-litellm-num-retries": "5",
        "x-stainless-raw-response": "true",
    }
    response = http.post(f"/v1/{surface.route}", json=surface.body(), headers=headers)
    assert response.status_code == 200
    shown = {name for name in response.headers if not name.startswith(("x-ratelimit-", "retry-after"))}
    assert shown <= _SHOWN
    assert response.headers["server"] == "gateway"
    (call,) = world.calls()
    sent = {name.lower(): value for name, value in call["headers"].items()}
    assert set(sent) <= _SENT
    assert "canary" not in json.dumps(sent)
    assert sent["x-ms-client-request-id"] == response.headers["x-request-id"]
    assert sent["api-key"] != world.session.key


def test_what_was_left_out_for_litellm_is_counted_in_the_log(http: httpx.Client, user: Client, first: Azure) -> None:
    body = _BODIES["chat/completions"] | {"metadata": {"a": "b"}, "tags": ["c"], "thinking": None}
    key = {"x-gateway-key": user.sdk.api_key}
    response = http.post("/v1/chat/completions", json=body, headers=key)
    line = user.log.line(response.headers["x-request-id"])
    assert (line["status"], line["dropped_fields"], line["project"]) == (200, 3, "team")
    assert len(first.requests()) == 1
