"""Requests that get no further than the first steps."""

import asyncio
import json
from collections.abc import Mapping

import pytest
from yarl import URL

from .builders import CODEX
from .conftest import BEARER, INNER_KEY, Client, FakeUpstream, read_request_line

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/models", "/v1/models/x", "/openai/responses"])
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"x-gateway-key": INNER_KEY}])
async def test_without_a_projects_key_every_route_is_401(client: Client, path: str, headers: dict[str, str]) -> None:
    method = "GET" if "models" in path else "POST"
    response = await client.request(method, path, json={"model": CODEX, "input": "hi"}, headers=headers)
    assert response.status == 401
    assert (await response.json())["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize("headers", [{}, BEARER])
async def test_every_other_path_is_404_with_or_without_a_key(client: Client, headers: dict[str, str]) -> None:
    for path in ("/", "/v1/%6dodels", "/docs", "/v1/models/..%2fx", "/v1/responses/x"):
        for method in ("GET", "POST", "PUT", "OPTIONS"):
            status, code, answer_headers = await ask(client, method, path, headers)
            assert (status, code) == (404, "not_found"), (method, path)
            assert "allow" not in answer_headers


@pytest.mark.parametrize("headers", [{}, BEARER])
async def test_other_methods_of_a_route_are_405_with_those_it_has(client: Client, headers: dict[str, str]) -> None:
    for method, path, allowed in (
        ("OPTIONS", "/v1/responses", "POST"),  # a CORS preflight
        ("GET", "/v1/responses", "POST"),
        ("GET", "/v1/responses/compact/", "POST"),
        ("PUT", "//v1/models", "HEAD, GET"),
        ("PATCH", "/v1/responses/resp_1", "HEAD, GET, DELETE"),
    ):
        status, code, answer_headers = await ask(client, method, path, headers)
        assert (status, code, answer_headers["allow"]) == (405, "method_not_allowed", allowed), (method, path)


async def ask(client: Client, method: str, path: str, headers: dict[str, str]) -> tuple[int, str, Mapping[str, str]]:
    url = URL(str(client.make_url("")).rstrip("/") + path, encoded=True)
    async with client.session.request(method, url, headers=headers) as response:
        assert response.headers["server"] == "gateway"
        return response.status, (await response.json())["error"]["code"], response.headers


async def test_head_is_get_without_a_body(client: Client) -> None:
    for path in ("/v1/models", f"/v1/models/{CODEX}"):
        whole = await client.get(path, headers=BEARER)
        response = await client.head(path, headers=BEARER)
        assert (response.status, response.headers["content-length"]) == (200, str(len(await whole.read())))
        assert await response.read() == b""
    assert (await client.head("/v1/models")).status == 401
    assert (await client.head("/health/liveness")).status == 200
    assert (await client.head("/v1/responses")).status == 405


@pytest.mark.parametrize("headers", [{}, BEARER])
@pytest.mark.parametrize("path", ["/v1/responses", "/responses", "/openai/v1/responses"])
async def test_a_websocket_is_told_to_use_http_at_once(client: Client, path: str, headers: dict[str, str]) -> None:
    """Codex waits for this status; the connection is not used again, as its client may have sent frames."""
    upgrade = {"connection": "Upgrade", "upgrade": "WebSocket", "sec-websocket-key": "eA==", **headers}
    response = await client.get(path, headers=upgrade)
    assert (response.status, (await response.json())["error"]["code"]) == (426, "upgrade_required")
    assert (response.headers["upgrade"], response.headers["connection"]) == ("HTTP/1.1", "Upgrade, close")


async def test_the_connection_of_a_websocket_is_closed(client: Client) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(b"GET /v1/responses HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    async with asyncio.timeout(5):
        assert b" 426 " in await reader.read()  # to its end
    writer.close()


async def test_a_websocket_elsewhere_is_a_request_like_others(client: Client) -> None:
    upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-key": "eA==", **BEARER}
    assert (await client.get("/v1/models", headers=upgrade)).status == 200
    assert (await client.get("/v1/embeddings", headers=upgrade)).status == 405


async def test_a_clients_own_id_of_a_request_comes_back_and_is_logged(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    response = await client.get("/v1/models", headers=BEARER | {"x-request-id": "task-1"})
    line = read_request_line(capsys)
    assert (response.headers["x-client-request-id"], line["client_request_id"]) == ("task-1", "task-1")
    assert response.headers["x-request-id"] == line["request_id"] != "task-1"


async def test_without_a_key_it_is_not_logged(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    response = await client.get("/v1/models", headers={"x-request-id": "task-1"})
    assert "x-client-request-id" not in response.headers
    assert read_request_line(capsys)["client_request_id"] is None


async def test_a_defect_is_a_500_and_logged_by_its_location_only(
    client: Client, azure: FakeUpstream, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("prompt text")

    monkeypatch.setattr("gateway.runtime.admission.admission.receive_body", explode)
    response = await client.post("/v1/responses", json={"model": CODEX, "input": "hi"}, headers=BEARER)
    assert response.status == 500
    assert (await response.json())["error"]["code"] == "internal_error"
    line = read_request_line(capsys)
    assert line["error"].startswith("RuntimeError in explode")
    assert "prompt text" not in json.dumps(line)
    assert azure.requests == []
