"""Requests that get no further than the first steps."""

import json

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
    host = str(client.make_url("")).rstrip("/")
    for path in ("/", "//v1/models", "/v1/models/", "/v1/%6dodels", "/docs", "/v1/models/..%2fx"):
        for method in ("GET", "POST", "PUT", "OPTIONS"):
            async with client.session.request(method, URL(host + path, encoded=True), headers=headers) as response:
                assert response.status == 404, (method, path)
                assert (await response.json())["error"]["code"] == "not_found"
                assert response.headers["server"] == "gateway"


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
