"""Nothing that a client says, and no key, is in what the two containers print: whatever happens."""

import hashlib
import json
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from .cases import FAULTS, Fault
from .regions import Regions
from .surfaces import CODEX, SURFACES, TRANSLATED, Surface

CANARY = "c4n4ry"  # a part of every word that must not be printed
_PARAMETERS = {
    "type": "object",
    "description": f"{CANARY}-parameters",
    "properties": {f"{CANARY}_path": {"type": "string", "enum": [f"/home/{CANARY}/secret.txt"]}},
}
_TOOL = {"name": f"{CANARY}_tool", "description": f"{CANARY}-description", "parameters": _PARAMETERS}
_HEADERS = {
    "user-agent": f"{CANARY}-agent",
    "x-request-id": f"{CANARY}-id",
    "x-ms-client-request-id": f"{CANARY}-id",
    "x-gateway-request": f"{CANARY}-inner",
    "traceparent": f"00-{CANARY}-01",
    f"x-{CANARY}": f"{CANARY}-header",
    "cookie": f"session={CANARY}",
    "openai-organization": f"{CANARY}-organization",
}
_QUERY = {CANARY: f"{CANARY}-query", "api-version": f"{CANARY}-version"}


def _said(surface: Surface) -> dict[str, Any]:
    """A request that is full of them, and that Azure accepts."""
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


def _odd(surface: Surface) -> Iterator[dict[str, Any]]:
    """Requests that somebody refuses, and that are full of them, too."""
    said = _said(surface)
    yield {**said, f"{CANARY}_field": f"{CANARY}-value"}
    yield {**said, "model": f"{CANARY}-model"}
    yield {**said, "model": {CANARY: CANARY}}
    yield {**said, "model": f"azure/{CANARY}"}
    yield {**said, "stream": f"{CANARY}-stream"}
    yield {**said, "tools": f"{CANARY}-tools"}
    yield {**said, "tools": [{"type": f"{CANARY}-type", CANARY: CANARY}]}
    yield {**said, "input": {CANARY: CANARY}, "messages": {CANARY: CANARY}}
    yield {**said, "messages": [{"role": f"{CANARY}-role", "content": CANARY}], "input": [{"type": CANARY}]}
    yield {**said, "api_base": f"http://{CANARY}", "metadata": {CANARY: [CANARY]}, "user": {CANARY: CANARY}}
    yield {**said, "previous_response_id": f"resp_{CANARY}", "tool_choice": f"{CANARY}-choice"}
    yield {**said, "input": [{"type": "reasoning", "summary": [], "encrypted_content": CANARY}]}
    yield {**said, "messages": [{"role": "user", "content": f"{CANARY} content filter"}], "input": "content filter"}
    yield {**said, "response_format": {"type": CANARY}, "reasoning": {"effort": CANARY}, "dimensions": CANARY}


@pytest.fixture
def http(world: Regions) -> Iterator[httpx.Client]:
    """Any HTTP client, without a key."""
    with httpx.Client(base_url=world.session.host_url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def secrets(regions_secrets: Path, world: Regions) -> set[str]:
    """Every key of the stack, also those that are made from others."""
    values = set(json.loads(regions_secrets.read_text()).values())
    return (
        {world.session.inner_key}
        | values
        | {hashlib.sha256(f"secondary:{value}".encode()).hexdigest() for value in values}
    )


def _assert_untold(world: Regions, secrets: set[str]) -> None:
    printed = {"gateway": world.session.output(), "LiteLLM": world.session.litellm_output()}
    for container, text in printed.items():
        assert CANARY not in text.lower(), container
        assert not any(secret in text for secret in secrets), container
        assert "Traceback" not in text, container
    world.log.update()  # and every line is JSON


def _post(http: httpx.Client, path: str, key: str, body: Mapping[str, Any]) -> int:
    headers = {**_HEADERS, "authorization": f"Bearer {key}"}
    try:
        return http.post(f"/v1/{path}", json=body, headers=headers, params=_QUERY).status_code
    except httpx.RemoteProtocolError:  # an answer that broke off
        return 0


@pytest.mark.parametrize("surface", [*SURFACES, *TRANSLATED], ids=lambda surface: surface.name)
def test_of_answers_and_refusals(world: Regions, http: httpx.Client, secrets: set[str], surface: Surface) -> None:
    assert _post(http, surface.route, world.session.key, _said(surface)) == 200
    assert any(CANARY in json.dumps(call["body"]) for call in world.calls())
    statuses = [_post(http, surface.route, world.session.key, body) for body in _odd(surface)]
    assert statuses.count(200) < len(statuses)
    assert max(statuses) < 500
    _assert_untold(world, secrets)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_of_failures(world: Regions, http: httpx.Client, secrets: set[str], fault: Fault) -> None:
    """Each region fails, so that every way to fail is gone on every surface."""
    for region in world.azures:
        kind, options = fault.orders.get(region) or fault.orders["first"]
        world.fail(region, kind, **options)
    surfaces = (*SURFACES, *TRANSLATED)
    with ThreadPoolExecutor(len(surfaces)) as pool:
        statuses = list(
            pool.map(lambda surface: _post(http, surface.route, world.session.key, _said(surface)), surfaces)
        )
    assert set(statuses) <= {200, 429, 503}
    _assert_untold(world, secrets)


def test_of_the_door(world: Regions, http: httpx.Client, secrets: set[str]) -> None:
    key = f"Bearer {world.session.key}"
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
    _assert_untold(world, secrets)


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
def test_of_what_is_no_http(world: Regions, secrets: set[str], head: str) -> None:
    where = urlsplit(world.session.host_url)
    with socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=10) as connection:
        connection.sendall(head.encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert CANARY.encode() not in answer
    _assert_untold(world, secrets)
