"""What somebody tries who wants more of the gateway than it gives: by bodies, paths, headers and bytes."""

import gzip
import json
import time
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.runner.session import Session
from tests.gateway.runtime.attacks import ATTACKS

from .knocking import Answer, answer_of, connect, send, send_all
from .regions import Regions
from .surfaces import CHAT, CODEX, CODEX_CHAT, EMBEDDING, SURFACES, TRANSLATED, Surface

_THROUGH_LITELLM = [CODEX_CHAT, *(surface for surface in TRANSLATED if not surface.streamed)]
_MEGABYTE = 1_048_576
_POST = "POST /v1/responses HTTP/1.1\r\nHost: x\r\n"
_BODY_S = 2.0  # timeouts.body_s of the stack
_LATE_S = 5.0  # for a machine that does other things, too


@pytest.fixture(scope="module")
def http(regions: Session) -> Iterator[httpx.Client]:
    """A client with a project's key."""
    headers = {"authorization": f"Bearer {regions.key}"}
    with httpx.Client(base_url=regions.host_url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(autouse=True)
def _unharmed(http: httpx.Client, world: Regions) -> Iterator[None]:
    """Whatever was tried, the next honest request is answered at once."""
    yield
    world.clear()
    started = time.monotonic()
    assert http.post("/v1/responses", json={"model": CODEX, "input": "echo: hi"}).status_code == 200
    assert time.monotonic() - started < 2


def post(http: httpx.Client, path: str, body: object, **headers: str) -> Answer:
    return answer_of(http.post(path, json=body, headers={name.replace("_", "-"): headers[name] for name in headers}))


@pytest.mark.parametrize("surface", _THROUGH_LITELLM, ids=lambda surface: surface.name)
def test_no_field_of_a_body_steers_litellm(http: httpx.Client, world: Regions, surface: Surface) -> None:
    def asked(fields: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
        for azure in world.azures.values():
            azure.clear()
        status = post(http, f"/v1/{surface.route}", surface.body("echo: hi") | fields).status
        calls = [{name: call[name] for name in ("region", "path", "query", "body")} for call in world.calls()]
        return status, calls

    plain = asked({})
    assert (plain[0], len(plain[1])) == (200, 1)
    for name, value in ATTACKS.items():
        assert asked({name: value}) == plain, name
    assert asked(ATTACKS) == plain


_INSIDE: dict[str, list[Any]] = {
    "messages": [
        {"cache_control": {"type": "ephemeral"}},
        {"provider_specific_fields": {"attack": 1}},
        {"thinking_blocks": [{"type": "thinking", "thinking": "attack", "signature": "attack"}]},
        {"reasoning_items": [{"id": "attack", "encrypted_content": "attack"}]},
        {"reasoning_content": "attack"},
        {"function_call": {"name": "attack", "arguments": "{}"}},
    ],
    "tools": [
        {"cache_control": {"type": "ephemeral"}},
        {"server_url": "litellm_proxy", "server_label": "attack"},
        {"defer_loading": True, "allowed_callers": ["attack"], "input_examples": [{}]},
    ],
}


@pytest.mark.parametrize("model", [CODEX, "translated-chat"])
@pytest.mark.parametrize(("part", "extra"), [(part, extra) for part, extras in _INSIDE.items() for extra in extras])
def test_nor_does_a_field_inside_it(
    http: httpx.Client, world: Regions, model: str, part: str, extra: dict[str, Any]
) -> None:
    body = {
        "model": model,
        "messages": [{"role": "assistant", "content": "x"}, {"role": "user", "content": "echo: hi"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    }
    assert post(http, "/v1/chat/completions", body).status == 200
    body[part] = [{**inner, **extra} for inner in body[part]]  # type: ignore[dict-item]
    assert post(http, "/v1/chat/completions", body).status == 200
    plain, attacked = world.calls()
    assert attacked["body"] == plain["body"]


@pytest.mark.parametrize("kind", ["mcp", "web_search", "file_search", "code_interpreter", "image_generation", "x", ""])
def test_litellm_is_given_no_tools_that_it_would_run_itself(http: httpx.Client, world: Regions, kind: str) -> None:
    tool = {"type": kind, "server_label": "x", "server_url": "litellm_proxy", "vector_store_ids": ["x"]}
    for path, body in (
        ("/v1/chat/completions", {"model": CODEX, "messages": [{"role": "user", "content": "hi"}]}),
        ("/v1/responses", {"model": "translated-codex", "input": "hi"}),
    ):
        assert post(http, path, body | {"tools": [tool]}).told == (400, "invalid_type")
    assert world.calls() == []


@pytest.mark.parametrize("surface", [*SURFACES, *TRANSLATED], ids=lambda surface: surface.name)
@pytest.mark.parametrize(
    "name",
    ["azure/{}", "openai/{}", "responses/{}", "azure/*", "*", "{}*", "{} ", " {}", "{}\0", "../{}", "", "gpt-4", "all"],
)
def test_no_other_name_finds_a_model(http: httpx.Client, world: Regions, surface: Surface, name: str) -> None:
    body = surface.body() | {"model": name.format(surface.model)}
    assert post(http, f"/v1/{surface.route}", body).told == (404, "model_not_found")
    assert world.calls() == []


def test_a_wrapped_id_leads_to_no_other_model(http: httpx.Client, world: Regions) -> None:
    """LiteLLM's ids of responses name a deployment of its own; the inner door asks for the one of the request."""
    first = http.post("/v1/responses", json={"model": "translated-codex", "input": "echo: hi"}).json()["id"]
    before = len(world.calls())
    for model in ("translated-chat", CHAT, EMBEDDING):
        body = {"model": model, "input": "echo: hi", "previous_response_id": first}
        assert post(http, "/v1/responses", body).told == (400, "unsupported_model")
    assert len(world.calls()) == before


SPELLINGS = [
    "/v1/models/",
    "//v1/models",
    "/v1//models",
    "/./v1/models",
    "/x/../v1/models",
    "/v1/./models",
    "/v1/%6dodels",
    "/v1%2fmodels",
    "/%76%31/models",
    "/v1/models%00",
    "/v1/models%20",
    "/v1/models;x=y",
    "/v1/models.json",
    "/V1/MODELS",
    "/v1\\models",
    "/v1/models/..",
    "/v1/models/%2e%2e/models",
    "/litellm/v1/models",
    "/openai/v1/models",
    "/%2e%2e/v1/models",
    "/v1/responses/resp_1",
    "/v1/responses/resp_1/cancel",
    "/health",
    "/health/",
    "/health/liveliness",
    "/health/readiness/",
    "/health/readiness/details",
    "/HEALTH/LIVENESS",
    "/health/%6civeness",
    "/health/../v1/models",
    "/health/liveness/../../v1/models",
    "/health/liveness;/v1/models",
]


@pytest.mark.parametrize("with_key", [False, True])
@pytest.mark.parametrize("path", SPELLINGS)
def test_no_spelling_of_a_path_passes(world: Regions, path: str, with_key: bool) -> None:  # noqa: FBT001
    key = f"Authorization: Bearer {world.session.key}\r\n" if with_key else ""
    for method in ("GET", "POST"):
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{key}Content-Length: 0\r\n\r\n"
        # A model that is called `..` is none: 404, but for the owner of a key alone.
        expected = (404, "model_not_found") if with_key else (401, "invalid_api_key")
        is_model = method == "GET" and path == "/v1/models/.."
        assert send(world.session.host_url, head.encode()).told == (expected if is_model else (404, "not_found"))


@pytest.mark.parametrize(
    ("line", "headers"),
    [
        ("GET /v1/models?x=y#z HTTP/1.1", ""),
        ("GET /v1/models?api-key={key} HTTP/1.1", ""),
        ("GET /v1/models?key={key}&Authorization=Bearer%20{key} HTTP/1.1", ""),
        ("GET http://127.0.0.1/v1/models HTTP/1.1", ""),
        ("GET https://elsewhere/v1/models HTTP/1.1", ""),
        ("GET /v1/models HTTP/1.0", ""),
        ("GET /v1/models HTTP/1.1", "X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\nForwarded: for=127.0.0.1"),
        ("GET /v1/models HTTP/1.1", "X-Original-URL: /health/liveness\r\nX-Rewrite-URL: /health/liveness"),
        ("GET /v1/models HTTP/1.1", "X-Forwarded-Prefix: /health\r\nX-Forwarded-Path: /health/liveness"),
        ("GET /v1/models HTTP/1.1", "X-HTTP-Method-Override: OPTIONS\r\nX-Method-Override: OPTIONS"),
        ("GET /v1/models HTTP/1.1", "Connection: Authorization, X-Gateway-Key"),
        ("GET /v1/models HTTP/1.1", "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"),
        ("GET /v1/models HTTP/1.1", "Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk"),
        ("GET /v1/models HTTP/1.1", "X-Ms-Client-Principal: admin\r\nX-MS-Client-Principal-Name: admin"),
        ("GET /v1/models HTTP/1.1", "x-gateway-request: x\r\nx-litellm-api-key: sk-1234"),
        ("GET /v1/models HTTP/1.1", "Api-Key: {key}"),
        ("GET /v1/models HTTP/1.1", "X-Api-Key: {key}\r\nOcp-Apim-Subscription-Key: {key}"),
        ("GET /v1/models HTTP/1.1", "Authorization: Basic {key}"),
        ("GET /v1/models HTTP/1.1", "Authorization: Bearer"),
        ("GET /v1/models HTTP/1.1", "Authorization: Bearer {key}, Bearer {key}"),
        ("GET /v1/models HTTP/1.1", "Authorization: Bearer {key}\r\nAuthorization: Bearer {key}"),
        ("GET /v1/models HTTP/1.1", "Authorization: Bearer x\r\nAuthorization: Bearer {key}"),
        ("GET /v1/models HTTP/1.1", "Authorization: Bearer {key}\r\nX-Gateway-Key: x"),
        ("GET /v1/models HTTP/1.1", "Authorization: Bearer {key}\r\nX-Gateway-Key: {other}"),
        ("GET /v1/models HTTP/1.1", "X-Gateway-Key: {key}\r\nX-Gateway-Key: {key}"),
        ("GET /v1/models HTTP/1.1", "X-Gateway-Key: {key}\r\nAuthorization: Basic x"),
        ("POST /openai/responses HTTP/1.1", "Api-Key: {key}\r\nApi-Key: {key}"),
        ("POST /openai/responses HTTP/1.1", "Api-Key: {key}\r\nAuthorization: Bearer {other}"),
        ("POST /openai/responses HTTP/1.1", "X_Gateway_Key: {key}"),
    ],
)
@pytest.mark.parametrize("host", ["x", "evil/?", "evil:99999", "127.0.0.1", "a@b", "[::1]", ""])
def test_no_header_stands_for_a_key(world: Regions, host: str, line: str, headers: str) -> None:
    key, other = world.session.key, world.session.keys["other"][0]
    head = f"{line}\r\n{headers}\r\n" if headers else f"{line}\r\n"
    data = f"{head.format(key=key, other=other)}Host: {host}\r\nContent-Length: 0\r\n\r\n".encode()
    answer = send(world.session.host_url, data)
    assert answer.told == (401, "invalid_api_key")
    assert world.calls() == []


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /v1/models HTTP/1.1\r\n\r\n", 400),
        (b"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer x\r\n\r\n", 400),
        (b"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer\r\n x\r\n\r\n", 400),
        (b"GET /v1/models HTTP/1.1\r\nHost: x\r\nA: \x00\r\n\r\n", 400),
        (b"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"GET /v1/models HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 500 + b"\r\n", 400),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (f"{_POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode(), 400),
        (b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxx", 400),
        (b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\nx", 400),
        (b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
)
def test_what_is_no_http_is_an_openai_error_too(world: Regions, data: bytes, status: int) -> None:
    answer = send(world.session.host_url, data)
    assert answer.told == (status, "invalid_http")


def test_a_connection_remembers_no_key(world: Regions) -> None:
    key = f"Authorization: Bearer {world.session.key}\r\n"
    first = f"GET /v1/models HTTP/1.1\r\nHost: x\r\n{key}\r\n"
    second = "GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert send_all(world.session.host_url, (first + second).encode()) == [200, 401]


def test_what_follows_a_body_is_a_request_of_its_own(world: Regions) -> None:
    key = f"Authorization: Bearer {world.session.key}\r\n"
    outer = f"POST /v1/responses HTTP/1.1\r\nHost: x\r\n{key}Content-Length: 2\r\n\r\n{{}}"
    inner = "POST /v1/responses HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    assert send_all(world.session.host_url, (outer + inner).encode()) == [400, 401]


@pytest.mark.parametrize("surface", [*SURFACES, *TRANSLATED], ids=lambda surface: surface.name)
def test_a_body_that_is_nested_too_deep_is_refused(http: httpx.Client, world: Regions, surface: Surface) -> None:
    for levels in (64, 1000, 100_000):
        body = json.dumps(surface.body())[:-1] + ', "x": ' + "[" * levels + "]" * levels + "}"
        response = http.post(f"/v1/{surface.route}", content=body, headers={"content-type": "application/json"})
        assert answer_of(response).told == (400, "invalid_json")
    assert world.calls() == []


def test_a_body_is_bounded_before_it_is_read_and_while_it_is(http: httpx.Client, world: Regions) -> None:
    limit = 16 * _MEGABYTE
    key = f"POST /v1/responses HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.session.key}\r\n"
    started = time.monotonic()
    said = send(world.session.host_url, f"{key}Content-Length: {limit + 1}\r\n\r\n{{".encode())
    assert said.told == (413, "request_too_large")
    assert time.monotonic() - started < 1

    def endless() -> Iterator[bytes]:
        for _ in range(limit // _MEGABYTE + 1):
            yield b" " * _MEGABYTE

    told = answer_of(http.post("/v1/responses", content=endless())).told
    assert told == (413, "request_too_large")
    bomb = gzip.compress(b" " * (8 * limit))
    assert len(bomb) < _MEGABYTE
    started = time.monotonic()
    told = answer_of(http.post("/v1/responses", content=bomb, headers={"content-encoding": "gzip"})).told
    assert told == (413, "request_too_large")
    assert time.monotonic() - started < 5
    assert world.calls() == []


def test_a_bomb_without_a_key_disturbs_nobody(world: Regions) -> None:
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    bomb = b"".join(packer.compress(b" " * _MEGABYTE) for _ in range(4000)) + packer.flush()
    head = f"{_POST}Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    probe = b"GET /health/liveness HTTP/1.1\r\nHost: x\r\n\r\n"
    with connect(world.session.host_url) as connection:
        connection.sendall(head.encode() + bomb)
        for _ in range(20):
            started = time.monotonic()
            assert send(world.session.host_url, probe).status == 200
            assert time.monotonic() - started < 0.5
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", "*"],
)
def test_another_content_type_is_415(http: httpx.Client, world: Regions, content_type: str) -> None:
    body = b'{"model": "gpt-5.3-codex", "input": "hi"}'
    response = http.post("/v1/responses", content=body, headers={"content-type": content_type})
    assert answer_of(response).told == (415, "unsupported_media_type")
    assert world.calls() == []


def test_chunks_that_never_end_are_given_up(world: Regions) -> None:
    head = f"POST /v1/responses HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.session.key}\r\n"
    started = time.monotonic()
    with connect(world.session.host_url, timeout_s=0.1) as connection:
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        received = b""
        while not received and time.monotonic() - started < _BODY_S + _LATE_S:
            connection.sendall(b"1\r\n \r\n")
            try:
                received = connection.recv(65536)
            except TimeoutError:
                continue
    assert _BODY_S <= time.monotonic() - started < _BODY_S + _LATE_S
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b'"code": "request_timeout"' in received


def test_without_a_key_nobody_is_waited_for(world: Regions) -> None:
    """A body that does not come costs nothing where the key is wrong."""
    head = "POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n"
    started = time.monotonic()
    assert send(world.session.host_url, head.encode()).told == (401, "invalid_api_key")
    assert time.monotonic() - started < 1


def test_who_is_told_to_go_on_has_a_key(world: Regions) -> None:
    key = f"Authorization: Bearer {world.session.key}\r\n"
    head = f"POST /v1/responses HTTP/1.1\r\nHost: x\r\n{key}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    with connect(world.session.host_url) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
