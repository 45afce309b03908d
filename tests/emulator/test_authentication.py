"""Keys, API versions, deployments and paths."""

import pytest
from starlette.testclient import TestClient

from tests.emulator.process import CHAT_PATH, EMBEDDINGS_PATH, KEY, RESPONSES_PATH, TOKEN, Emulator

_NOT_FOUND = {"error": {"code": "404", "message": "Resource not found"}}


@pytest.mark.parametrize("path", [RESPONSES_PATH, EMBEDDINGS_PATH, CHAT_PATH])
@pytest.mark.parametrize(
    "headers",
    [{}, {"api-key": "wrong"}, {"api-key": ""}, {"Authorization": f"Bearer {KEY}"}, {"Authorization": "Bearer"}],
)
def test_without_the_key_it_is_401(emulator: Emulator, path: str, headers: dict[str, str]) -> None:
    answer = emulator.http_without_key.post(path, headers=headers, json={})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "401"
    assert answer.json()["error"]["message"].startswith("Access denied due to invalid subscription key")


def test_a_token_is_accepted_if_one_is_configured(emulator: Emulator, client: TestClient) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    body = {"input": "hi"}
    assert emulator.http_without_key.post(EMBEDDINGS_PATH, headers=bearer, json=body).status_code == 200
    wrong_key = {**bearer, "api-key": "wrong"}
    assert emulator.http_without_key.post(EMBEDDINGS_PATH, headers=wrong_key, json=body).status_code == 401
    del client.headers["api-key"]
    assert client.post(EMBEDDINGS_PATH, headers=bearer, json=body).status_code == 401


def test_a_key_with_other_characters_is_401(client: TestClient) -> None:
    assert client.post(EMBEDDINGS_PATH, headers=[(b"api-key", b"\xe9\xff")], json={}).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/openai/responses?api-version=2025-04-01-preview"),
        ("POST", "/openai/responses/?api-version=2025-04-01-preview"),
        ("GET", "/openai/v1/responses"),
        ("POST", "/v1/responses"),
        ("GET", "/openai/deployments?api-version=2023-05-15"),
        ("PUT", "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21"),
        ("POST", "/openai/deployments/a/b/embeddings?api-version=2023-05-15"),
        ("POST", "/faults"),
    ],
)
def test_every_other_path_or_method_is_not_found(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()) == (404, _NOT_FOUND)


@pytest.mark.parametrize("path", [RESPONSES_PATH, EMBEDDINGS_PATH, CHAT_PATH])
def test_a_missing_api_version_is_not_found(client: TestClient, path: str) -> None:
    answer = client.post(path.partition("?")[0], json={"model": "gpt-5.3-codex", "input": "hi"})
    assert (answer.status_code, answer.json()) == (404, _NOT_FOUND)


def test_a_wrong_api_version_is_refused(client: TestClient) -> None:
    body = {"model": "gpt-5.3-codex", "input": "hi"}
    answer = client.post("/openai/responses?api-version=2023-05-15", json=body)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "API version not supported")
    assert client.post(EMBEDDINGS_PATH.replace("2023", "2024"), json={"input": "a"}).json() == _NOT_FOUND
    assert client.get("/openai/responses/resp_1?api-version=2023-05-15").json() == _NOT_FOUND


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (RESPONSES_PATH, {"model": "gpt-9", "input": "hi"}),
        (EMBEDDINGS_PATH.replace("text-embedding-3-large", "ada"), {"input": "hi"}),
        (CHAT_PATH.replace("gpt-4o-mini", "gpt-9"), {"messages": []}),
    ],
)
def test_an_unknown_deployment_is_not_found(client: TestClient, path: str, body: dict[str, object]) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "DeploymentNotFound"


def test_chat_completions_do_not_work_with_a_responses_only_model(client: TestClient) -> None:
    answer = client.post(
        CHAT_PATH.replace("gpt-4o-mini", "gpt-5.3-codex"), json={"messages": [{"role": "user", "content": "hi"}]}
    )
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": "OperationNotSupported",
        "message": "The chatCompletion operation does not work with the specified model, gpt-5.3-codex. Please choose "
        "different model and try again. You can learn more about which models can be used with each operation here: "
        "https://go.microsoft.com/fwlink/?linkid=2197993.",
    }


def test_every_answer_says_which_region_gave_it_and_has_an_id(client: TestClient) -> None:
    good = client.post(EMBEDDINGS_PATH, json={"input": "hi"})
    bad = client.post(EMBEDDINGS_PATH, json={})
    for answer in (good, bad):
        assert answer.headers["x-ms-region"] == "local"
        assert answer.headers["apim-request-id"] == answer.headers["x-request-id"]
    assert good.headers["apim-request-id"] != bad.headers["apim-request-id"]
