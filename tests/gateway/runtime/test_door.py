"""Who may enter the gateway, where, and with what."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from .conftest import BEARER, CODEX, EMBEDDING, GATEWAY_KEY, INNER_KEY, Client, Scripted, json_answer

pytestmark = pytest.mark.anyio
RESPONSE = {"model": CODEX, "input": "hi"}


@pytest.mark.parametrize("path", ["/health/liveness", "/health/readiness"])
async def test_probes_need_no_key(client: Client, path: str) -> None:
    response = await client.get(path)
    assert response.status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Basic {GATEWAY_KEY}"},
        {"authorization": GATEWAY_KEY},
        {"authorization": "Bearer "},
        {"authorization": f"Bearer {INNER_KEY}"},
        {"authorization": f"Bearer {GATEWAY_KEY}x"},
        {"x-gateway-key": "wrong"},
        {"x-gateway-key": ""},
        {"api-key": GATEWAY_KEY},
        {"api-key": INNER_KEY},
    ],
)
@pytest.mark.parametrize("path", ["/v1/responses", "/v1/embeddings", "/v1/chat/completions", "/responses"])
async def test_without_the_key_nobody_enters(
    client: Client, azure: Scripted, headers: dict[str, str], path: str
) -> None:
    response = await client.post(path, json=RESPONSE, headers=headers)
    body = await response.json()
    assert response.status == 401
    assert body["error"]["code"] == "invalid_api_key"
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert azure.requests == []


async def test_the_list_of_models_needs_the_key_too(client: Client) -> None:
    assert (await client.get("/v1/models")).status == 401


@pytest.mark.parametrize("path", ["/v1/models", "/models"])
@pytest.mark.parametrize(
    "headers", [BEARER, {"x-gateway-key": GATEWAY_KEY}, {"authorization": f"bearer {GATEWAY_KEY}"}]
)
async def test_the_models_are_those_of_the_settings(client: Client, path: str, headers: dict[str, str]) -> None:
    response = await client.get(path, headers=headers)
    body = await response.json()
    assert [model["id"] for model in body["data"]] == [CODEX, EMBEDDING]
    assert {model["object"] for model in body["data"]} == {"model"}


async def test_the_inner_key_opens_azures_routes_alone(client: Client, azure: Scripted) -> None:
    azure.answers(json_answer())
    inner = {"api-key": INNER_KEY}
    assert (await client.post("/openai/responses?api-version=x", json=RESPONSE, headers=inner)).status == 200
    path = f"/openai/deployments/{EMBEDDING}/embeddings"
    assert (await client.post(path, json={"input": "hi"}, headers=inner)).status == 200
    assert (await client.get("/v1/models", headers=inner)).status == 401
    assert [request.path_qs for request in azure.requests] == [
        "/openai/responses?api-version=2025-04-01-preview",
        f"{path}?api-version=2023-05-15",
    ]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v1/responses"),
        ("DELETE", "/v1/models"),
        ("POST", "/v1/responses/"),
        ("POST", "//v1/responses"),
        ("POST", "/v1/v1/responses"),
        ("POST", "/v1/%72esponses"),
        ("POST", "/V1/responses"),
        ("POST", "/v1/responses;x"),
        ("POST", "/v1/completions"),
        ("POST", "/health/liveness"),
        ("POST", "/openai/deployments/../embeddings/x"),
        ("GET", "/metrics"),
    ],
)
async def test_every_other_route_is_404_key_or_not(client: Client, method: str, path: str) -> None:
    from yarl import URL

    url = URL(str(client.make_url("")).rstrip("/") + path, encoded=True)
    async with client.session.request(method, url, headers=BEARER) as response:
        assert response.status == 404
        assert (await response.json())["error"]["code"] == "not_found"


async def test_a_field_that_comes_twice_is_refused(client: Client, azure: Scripted) -> None:
    body = f'{{"model": "other", "input": {{"a": 1}}, "model": "{CODEX}"}}'
    response = await client.post("/v1/responses", data=body, headers=BEARER)
    assert response.status == 400
    assert "twice" in (await response.json())["error"]["message"]
    assert azure.requests == []


async def test_a_body_that_does_not_end_is_not_waited_for(client: Client) -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.1)

    response = await client.post("/v1/responses", data=drip(), headers=BEARER)
    assert response.status == 408
    assert (await response.json())["error"]["code"] == "request_timeout"


async def test_a_body_that_is_not_what_its_encoding_says_is_a_400(client: Client) -> None:
    headers = BEARER | {"content-encoding": "gzip"}
    response = await client.post("/v1/responses", data=b"no gzip", headers=headers)
    assert response.status == 400
    assert (await response.json())["error"]["code"] == "invalid_body"


@pytest.mark.parametrize("body", ["", "no json", "[]", '"text"', "null", "[" * 9000, '{"model": '])
async def test_a_body_that_is_no_object_is_a_clear_400(client: Client, body: str) -> None:
    response = await client.post("/v1/responses", data=body, headers=BEARER)
    assert response.status == 400
    assert (await response.json())["error"]["code"] == "invalid_json"


@pytest.mark.parametrize(
    ("path", "fields", "status", "code"),
    [
        ("/v1/responses", {}, 400, "missing_required_parameter"),
        ("/v1/responses", {"model": 1}, 400, "missing_required_parameter"),
        ("/v1/responses", {"model": "gpt-9"}, 404, "model_not_found"),
        ("/v1/responses", {"model": EMBEDDING}, 400, "unsupported_model"),
        ("/v1/embeddings", {"model": CODEX}, 400, "unsupported_model"),
        ("/v1/chat/completions", {"model": EMBEDDING}, 400, "unsupported_model"),
        ("/v1/responses", {"model": CODEX, "stream": "yes"}, 400, "invalid_type"),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_the_reason(
    client: Client, path: str, fields: dict[str, object], status: int, code: str
) -> None:
    response = await client.post(path, json=fields, headers=BEARER)
    body = await response.json()
    assert (response.status, body["error"]["code"]) == (status, code)


async def test_a_body_beyond_the_limit_is_413(client: Client) -> None:
    response = await client.post("/v1/responses", json=RESPONSE | {"input": "x" * 20_000}, headers=BEARER)
    assert response.status == 413
    assert (await response.json())["error"]["code"] == "request_too_large"


async def test_a_mistake_of_ours_shows_the_client_nothing(
    client: Client, azure: Scripted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("prompt text")

    monkeypatch.setattr("gateway.runtime.straight.Target", explode)
    response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert response.status == 500
    assert (await response.json())["error"]["code"] == "internal_error"
    line = json.loads(capsys.readouterr().out)
    assert line["error"].startswith("RuntimeError in explode")
    assert "prompt text" not in json.dumps(line)
    assert azure.requests == []
