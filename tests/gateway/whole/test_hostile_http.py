"""Requests that no client sends: paths, headers and bytes by which somebody might get past the key or the limits."""

import gzip
import json
import time
from collections.abc import Iterator

import httpx
import pytest

from .azure_regions import AzureRegions
from .raw_http import connect, from_httpx, send, send_pipelined
from .surfaces import ALL_SURFACES, CODEX

_MEGABYTE = 1_048_576
_HOSTS = ("x", "evil/?", "evil:99999", "127.0.0.1", "a@b", "[::1]", "")
_POST = "POST /v1/responses HTTP/1.1\r\nHost: x\r\n"
_BODY_S = 2.0  # timeouts.body_s of the stack
_LATE_S = 5.0  # for a busy machine
_TOO_LARGE = (413, "request_too_large")


@pytest.fixture(autouse=True)
def _still_works(http_with_key: httpx.Client, azure: AzureRegions) -> Iterator[None]:
    """After every attack the next valid request is answered at once."""
    yield
    assert azure.requests() == []
    started = time.monotonic()
    assert http_with_key.post("/v1/responses", json={"model": CODEX, "input": "echo: hi"}).status_code == 200
    assert time.monotonic() - started < 2


@pytest.fixture
def url(azure: AzureRegions) -> str:
    """The gateway's."""
    return azure.session.host_url


@pytest.fixture
def key(azure: AzureRegions) -> str:
    """The header with a project's key."""
    return f"Authorization: Bearer {azure.session.key}\r\n"


_SPELLINGS = [
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
    "/%2e%2e/v1/models",
    "/v1/responses/resp_1%2fcancel",
    "/v1/responses/x",
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
def test_no_other_spelling_of_a_path_is_accepted(url: str, key: str, with_key: bool) -> None:  # noqa: FBT001
    for path in _SPELLINGS:
        for method in ("GET", "POST"):
            head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{key if with_key else ''}Content-Length: 0\r\n\r\n"
            expected = (404, "not_found")
            if path == "/v1/models/..":  # taken for the name of a model, which does not exist
                unknown = (404, "model_not_found") if with_key else (401, "invalid_api_key")
                expected = unknown if method == "GET" else (405, "method_not_allowed")
            assert send(url, head.encode()).status_and_code == expected, (method, path)


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
        ("GET /v1/models HTTP/1.1", "Api-Key: {other}\r\nAuthorization: Bearer {key}"),
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
def test_nothing_but_one_valid_key_is_accepted(azure: AzureRegions, url: str, line: str, headers: str) -> None:
    key, other = azure.session.key, azure.session.keys["other"][0]
    head = f"{line}\r\n{headers}\r\n" if headers else f"{line}\r\n"
    for host in _HOSTS:
        data = f"{head.format(key=key, other=other)}Host: {host}\r\nContent-Length: 0\r\n\r\n".encode()
        assert send(url, data).status_and_code == (401, "invalid_api_key"), host


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
def test_invalid_http_is_an_openai_error(url: str, data: bytes, status: int) -> None:
    assert send(url, data).status_and_code == (status, "invalid_http")


def test_a_connection_does_not_keep_the_key_of_an_earlier_request(url: str, key: str) -> None:
    first = f"GET /v1/models HTTP/1.1\r\nHost: x\r\n{key}\r\n"
    second = "GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert send_pipelined(url, (first + second).encode()) == [200, 401]


def test_what_follows_a_body_is_a_request_of_its_own(url: str, key: str) -> None:
    outer = f"POST /v1/responses HTTP/1.1\r\nHost: x\r\n{key}Content-Length: 2\r\n\r\n{{}}"
    inner = "POST /v1/responses HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    assert send_pipelined(url, (outer + inner).encode()) == [400, 401]


def test_a_body_that_is_nested_too_deeply_is_refused(http_with_key: httpx.Client) -> None:
    for surface in ALL_SURFACES:
        for levels, refusal in ((64, (400, "invalid_json")), (1000, (400, "invalid_json")), (200_000, _TOO_LARGE)):
            body = json.dumps(surface.body())[:-1] + ', "x": ' + "[" * levels + "]" * levels + "}"
            response = http_with_key.post(f"/v1/{surface.route}", content=body)
            assert from_httpx(response).status_and_code == refusal, (surface.name, levels)


def test_the_size_of_a_body_is_limited_before_and_while_it_is_read(
    http_with_key: httpx.Client, url: str, key: str
) -> None:
    limit = 16 * _MEGABYTE
    started = time.monotonic()
    response = send(
        url, f"POST /v1/responses HTTP/1.1\r\nHost: x\r\n{key}Content-Length: {limit + 1}\r\n\r\n{{".encode()
    )
    assert response.status_and_code == (413, "request_too_large")
    assert time.monotonic() - started < _BODY_S

    def endless() -> Iterator[bytes]:
        for _ in range(limit // _MEGABYTE + 1):
            yield b" " * _MEGABYTE

    response = from_httpx(http_with_key.post("/v1/responses", content=endless()))
    assert response.status_and_code == (413, "request_too_large")
    bomb = gzip.compress(b" " * (8 * limit), compresslevel=1)
    assert len(bomb) < _MEGABYTE
    started = time.monotonic()
    response = from_httpx(http_with_key.post("/v1/responses", content=bomb, headers={"content-encoding": "gzip"}))
    assert response.status_and_code == (413, "request_too_large")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", "*"],
)
def test_another_content_type_is_415(http_with_key: httpx.Client, content_type: str) -> None:
    body = b'{"model": "gpt-5.3-codex", "input": "hi"}'
    response = http_with_key.post("/v1/responses", content=body, headers={"content-type": content_type})
    assert from_httpx(response).status_and_code == (415, "unsupported_media_type")


def test_a_body_in_endless_chunks_times_out(url: str, key: str) -> None:
    started = time.monotonic()
    with connect(url, timeout_s=0.1) as connection:
        connection.sendall(f"{_POST}{key}Transfer-Encoding: chunked\r\n\r\n".encode())
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


def test_without_a_key_the_body_is_not_waited_for(url: str) -> None:
    started = time.monotonic()
    response = send(url, f"{_POST}Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n".encode())
    assert response.status_and_code == (401, "invalid_api_key")
    assert time.monotonic() - started < _BODY_S


def test_with_a_key_the_client_is_told_to_continue(url: str, key: str) -> None:
    with connect(url) as connection:
        connection.sendall(f"{_POST}{key}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n".encode())
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
