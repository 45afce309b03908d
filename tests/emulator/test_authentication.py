"""Keys, tokens, API versions, deployments and paths."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from local.emulator.authentication import Authentication, Identity
from local.emulator.configuration import Configuration
from local.emulator.data_plane import DataPlane
from local.tokens import TENANT_ID, Claims, principal_of, sign
from tests.emulator.process import (
    CHAT_PATH,
    CLIENT_ID,
    CODEX,
    EMBEDDINGS_PATH,
    KEY,
    RESPONSES_PATH,
    TOKEN_KEY,
    Emulator,
    run,
)

_NOT_FOUND = {"error": {"code": "404", "message": "Resource not found"}}


@pytest.mark.parametrize("path", [RESPONSES_PATH, EMBEDDINGS_PATH, CHAT_PATH])
@pytest.mark.parametrize(
    "headers",
    [{}, {"api-key": "wrong"}, {"api-key": ""}, {"api-key": "wrong", "Authorization": f"Bearer {KEY}"}],
)
def test_without_the_key_it_is_401(emulator: Emulator, path: str, headers: dict[str, str]) -> None:
    answer = emulator.http_without_key.post(path, headers=headers, json={})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "401"
    assert answer.json()["error"]["message"].startswith("Access denied due to invalid subscription key")


def token(*, key: str = TOKEN_KEY, lives_s: float = 3600, **claims: Any) -> str:  # noqa: ANN401
    """A valid token of the identity that has the role, but for what is given."""
    now = int(time.time())
    valid = {
        "aud": "https://cognitiveservices.azure.com",
        "appid": CLIENT_ID,
        "oid": principal_of(CLIENT_ID),
        "tid": TENANT_ID,
        "iat": now,
        "nbf": now,
        "exp": int(now + lives_s),
    }
    return sign(Claims(**{**valid, **claims}), key=key)


@pytest.fixture
def keyless() -> Iterator[TestClient]:
    """A resource whose local authentication is off."""
    authentication = Authentication(key=None, identity=Identity(signing_key=TOKEN_KEY, client_id=CLIENT_ID))
    plane = DataPlane(configuration=Configuration(), authentication=authentication)
    with TestClient(plane.app()) as client:
        yield client


def post(client: TestClient, path: str, bearer: str) -> Any:  # noqa: ANN401 - starlette's response is httpx's
    body = {"input": "hi", "model": CODEX, "messages": [{"role": "user", "content": "hi"}]}
    known = {name: value for name, value in body.items() if (name == "messages") == (path is CHAT_PATH)}
    return client.post(path, json=known, headers={"authorization": f"Bearer {bearer}"})


@pytest.mark.parametrize("path", [RESPONSES_PATH, EMBEDDINGS_PATH, CHAT_PATH])
def test_a_valid_token_of_the_identity_is_accepted(keyless: TestClient, path: str) -> None:
    assert post(keyless, path, token()).status_code == 200


@pytest.mark.parametrize(
    "bearer",
    [
        "",
        KEY,
        "a.b.c",
        "e30.e30.e30",
        token(lives_s=-1),
        token(nbf=int(time.time()) + 3600),
        token(aud="https://management.azure.com"),
        token(aud="https://ai.azure.com"),
        token(key="another-key"),
        token().rpartition(".")[0] + ".",
        token()[:-2],
    ],
)
def test_an_invalid_or_expired_token_is_401(keyless: TestClient, bearer: str) -> None:
    answer = post(keyless, EMBEDDINGS_PATH, bearer)
    message = (
        "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), "
        "or have expired."
    )
    assert (answer.status_code, answer.json()) == (401, {"statusCode": 401, "message": message})


@pytest.mark.parametrize("cloud", ["us", "cn"])
def test_a_token_of_the_settings_cloud_is_accepted(keyless: TestClient, cloud: str) -> None:
    bearer = token(aud=f"https://cognitiveservices.azure.{cloud}")
    assert post(keyless, EMBEDDINGS_PATH, bearer).status_code == 200


def test_the_v1_form_also_takes_tokens_for_foundry(keyless: TestClient) -> None:
    headers = {"authorization": f"Bearer {token(aud='https://ai.azure.com')}"}
    answer = keyless.post("/openai/v1/responses", json={"model": CODEX, "input": "hi"}, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "action"),
    [
        (RESPONSES_PATH, "responses/write"),
        (EMBEDDINGS_PATH, "deployments/embeddings/action"),
        (CHAT_PATH, "deployments/chat/completions/action"),
    ],
)
def test_a_principal_without_the_role_lacks_the_data_action(keyless: TestClient, path: str, action: str) -> None:
    answer = post(keyless, path, token(oid=principal_of("another")))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (401, "PermissionDenied")
    assert f"lacks the required data action `Microsoft.CognitiveServices/accounts/OpenAI/{action}`" in error["message"]


def test_a_token_of_another_tenant_is_400(keyless: TestClient) -> None:
    answer = post(keyless, EMBEDDINGS_PATH, token(tid="another"))
    code = "Tenant provided in token does not match resource token"
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize("key", [KEY, ""])
def test_without_local_authentication_a_key_is_403_whatever_comes_with_it(keyless: TestClient, key: str) -> None:
    headers = {"api-key": key, "authorization": f"Bearer {token()}"}
    answer = keyless.post(EMBEDDINGS_PATH, json={"input": "hi"}, headers=headers)
    message = "Key based authentication is disabled for this resource."
    error = {"code": "AuthenticationTypeDisabled", "message": message}
    assert (answer.status_code, answer.json()) == (403, {"error": error})


def test_a_resource_without_an_identity_accepts_no_token(client: TestClient) -> None:
    del client.headers["api-key"]
    assert post(client, EMBEDDINGS_PATH, token()).status_code == 401


def test_the_process_reads_the_identity_from_its_environment() -> None:
    with run(AZURE_OPENAI_API_KEY="", IDENTITY_TOKEN_KEY=TOKEN_KEY, AZURE_CLIENT_ID=CLIENT_ID) as emulator:
        http = emulator.http_without_key
        headers = {"authorization": f"Bearer {token()}"}
        assert http.post(EMBEDDINGS_PATH, json={"input": "hi"}, headers=headers).status_code == 200
        assert emulator.http.post(EMBEDDINGS_PATH, json={"input": "hi"}).status_code == 403


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
