"""Nothing that a client sends, and no key, is in what the containers print; for faults, test_failover.py checks it."""

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from .azure_regions import AzureRegions
from .surfaces import ALL_SURFACES, CANARY, CODEX, Surface, by_surface

pytestmark = pytest.mark.usefixtures("_nothing_leaked")
_PARAMETERS = {
    "type": "object",
    "description": f"{CANARY}-parameters",
    "properties": {f"{CANARY}_path": {"type": "string", "enum": [f"/home/{CANARY}/secret.txt"]}},
}
_TOOL = {"name": f"{CANARY}_tool", "description": f"{CANARY}-description", "parameters": _PARAMETERS}
_HEADERS = {
    "user-agent": f"{CANARY}-agent",
    "x-request-id": f"{CANARY} id",  # of safe characters it would be logged on purpose
    "x-ms-client-request-id": f"{CANARY}-id",
    "x-gateway-request": f"{CANARY}-inner",
    "traceparent": f"00-{CANARY}-01",
    f"x-{CANARY}": f"{CANARY}-header",
    "cookie": f"session={CANARY}",
    "openai-organization": f"{CANARY}-organization",
}
_QUERY = {CANARY: f"{CANARY}-query", "api-version": f"{CANARY}-version"}


@pytest.fixture
def _nothing_leaked(assert_nothing_leaked: Callable[[], None]) -> Iterator[None]:
    yield
    assert_nothing_leaked()


def _accepted(surface: Surface) -> dict[str, Any]:
    """A request full of canaries that Azure accepts."""
    body = surface.body(f"use tool {CANARY}-prompt")
    if surface.route == "responses":
        body |= {
            "instructions": f"{CANARY}-instructions",
            "tools": [{"type": "function", **_TOOL}],
            "metadata": {f"{CANARY}-name": f"{CANARY}-value"},
        }
    elif surface.route == "chat/completions":
        body["messages"].insert(0, {"role": "system", "content": f"{CANARY}-system"})
        body |= {"tools": [{"type": "function", "function": _TOOL}]}
    return body | {"user": f"{CANARY}-user"}


def _refused(surface: Surface) -> Iterator[dict[str, Any]]:
    """Requests full of canaries that the gateway, LiteLLM or Azure refuses."""
    body = _accepted(surface)
    yield {**body, f"{CANARY}_field": f"{CANARY}-value"}
    yield {**body, "model": f"{CANARY}-model"}
    yield {**body, "model": {CANARY: CANARY}}
    yield {**body, "model": f"azure/{CANARY}"}
    yield {**body, "stream": f"{CANARY}-stream"}
    yield {**body, "tools": f"{CANARY}-tools"}
    yield {**body, "tools": [{"type": f"{CANARY}-type", CANARY: CANARY}]}
    yield {**body, "input": {CANARY: CANARY}, "messages": {CANARY: CANARY}}
    yield {**body, "messages": [{"role": f"{CANARY}-role", "content": CANARY}], "input": [{"type": CANARY}]}
    yield {**body, "api_base": f"http://{CANARY}", "metadata": {CANARY: [CANARY]}, "user": {CANARY: CANARY}}
    yield {**body, "previous_response_id": f"resp_{CANARY}", "tool_choice": f"{CANARY}-choice"}
    yield {**body, "input": [{"type": "reasoning", "summary": [], "encrypted_content": CANARY}]}
    yield {**body, "messages": [{"role": "user", "content": f"{CANARY} content filter"}], "input": "content filter"}
    yield {**body, "response_format": {"type": CANARY}, "reasoning": {"effort": CANARY}, "dimensions": CANARY}


def _post(http: httpx.Client, surface: Surface, body: Mapping[str, Any]) -> int:
    return http.post(f"/v1/{surface.route}", json=body, headers=_HEADERS, params=_QUERY).status_code


@by_surface(*ALL_SURFACES)
def test_answers_and_refusals(http_with_key: httpx.Client, azure: AzureRegions, surface: Surface) -> None:
    assert _post(http_with_key, surface, _accepted(surface)) == 200
    assert CANARY in json.dumps(azure.requests())
    statuses = [_post(http_with_key, surface, body) for body in _refused(surface)]
    assert {400, 404} <= set(statuses) <= {200, 400, 404}


def test_refusals_of_the_gateway(http: httpx.Client, azure: AzureRegions) -> None:
    key = f"Bearer {azure.session.key}"
    body = json.dumps({"model": CODEX, "input": CANARY})
    json_type = {"content-type": "application/json"}
    for headers in (
        {"authorization": f"Bearer {CANARY}"},
        {"authorization": CANARY},
        {"x-gateway-key": f"{CANARY}-key"},
        {"api-key": f"{CANARY}-key"},
        {"authorization": key, "x-gateway-key": CANARY},
        {"authorization": key, "host": f"{CANARY}.example"},
        {"authorization": key, "x-forwarded-host": CANARY, "expect": CANARY},
    ):
        http.post(f"/v1/responses?{CANARY}", content=body, headers={**json_type, **headers})
    for path in (
        f"/v1/{CANARY}",
        f"/openai/deployments/{CANARY}/embeddings",
        f"/openai/deployments/{CANARY}/chat/completions?api-version={CANARY}",
        f"/v1/responses/{CANARY}",
        f"/v1//responses;{CANARY}",
        f"/v1/%2e%2e/{CANARY}",
    ):
        http.post(path, content=body, headers={**json_type, "authorization": key, "api-key": CANARY})
    http.get(f"/v1/models/{CANARY}", headers={"authorization": key})
    http.request(CANARY.upper(), "/v1/models", headers={"authorization": key})
    for content in (
        body[:-3],
        f"[{body}]",
        f'"{CANARY}"',
        f'{{"{CANARY}": 1, "{CANARY}": 2, "model": "{CODEX}"}}',
        f'{{"model": "{CODEX}", "input": "\\ud800{CANARY}"}}',
        f'{{"model": "{CODEX}", "input": NaN, "{CANARY}": 1}}',
        f'{{"model": "{CODEX}", "input": {"[" * 500}"{CANARY}"{"]" * 500}}}',
        f'{{"model": "{CODEX}", "input": "{CANARY * 1_000_000}"}}',
        b"\xff" + body.encode(),
    ):
        for route in ("responses", "chat/completions", "embeddings"):
            try:
                http.post(f"/v1/{route}", content=content, headers={**json_type, "authorization": key})
            except httpx.TransportError:  # an answer that came before the whole body was sent
                continue
    for content_type in (f"{CANARY}/{CANARY}", f"application/json; charset={CANARY}", f"text/plain; {CANARY}"):
        http.post("/v1/responses", content=body, headers={"content-type": content_type, "authorization": key})
    http.post("/v1/responses", content=body, headers={**json_type, "authorization": key, "content-encoding": CANARY})


@pytest.mark.parametrize(
    "head",
    [
        f"GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CANARY}\0\r\n\r\n",
        f"GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CANARY * 5000}\r\n\r\n",
        f"GET /{CANARY * 5000} HTTP/1.1\r\nhost: x\r\n\r\n",
        f"{CANARY} /\r\n\r\n",
        f"{CANARY}\r\n\r\n",
        f"POST /v1/responses HTTP/1.1\r\nhost: x\r\ntransfer-encoding: {CANARY}\r\n\r\n5\r\nabc{CANARY}\r\n",
        f"POST /v1/responses HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{CANARY}\r\nabc\r\n",
        f"POST /v1/responses HTTP/1.1\r\nhost: x\r\ncontent-length: {CANARY}\r\n\r\n",
    ],
)
def test_invalid_http(azure: AzureRegions, head: str) -> None:
    url = urlsplit(azure.session.host_url)
    with socket.create_connection((str(url.hostname), int(url.port or 0)), timeout=10) as connection:
        connection.sendall(head.encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert CANARY.encode() not in answer
