"""Malformed HTTP gets an error in OpenAI's format and is logged without its content."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from gateway.runtime.http.server import Server

pytestmark = pytest.mark.anyio
CANARY = "canary-c0ffee"
HOST = "Host: x\r\n"
Events = list[dict[str, object]]


@pytest.fixture
def events() -> Events:
    """The logged events."""
    return []


@pytest.fixture
async def port(events: Events) -> AsyncIterator[int]:
    """A server whose handler answers well, unless the path asks for something else."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/fail":
            raise ValueError(CANARY)
        if request.path == "/late":
            raise TimeoutError
        if request.path == "/begin":
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"x")
            raise ValueError(CANARY)
        return web.json_response((await request.read()).decode("latin-1"))

    runner = web.ServerRunner(Server(handle, log_event=events.append))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site.port
    await runner.cleanup()


async def send(port: int, data: str | bytes) -> tuple[int, dict[str, str], bytes]:
    """Send these bytes, and return status, headers and body of what comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data.encode() if isinstance(data, str) else data)
    head, _, body = (await asyncio.wait_for(reader.read(), timeout=2)).partition(b"\r\n\r\n")
    writer.close()
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, body


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (f"{CANARY}\r\n\r\n", 400),
        (f"{CANARY} / HTTP/1.1\r\n{HOST}\r\n", 400),
        (f"GET {CANARY} HTTP/1.1\r\n{HOST}\r\n", 400),
        (f"GET /{CANARY} HTTP/3.0\r\n{HOST}\r\n", 400),
        (f"GET /{CANARY} HTTP/1.1\r\n\r\n", 400),
        (f"GET /{CANARY}\xff\xfe HTTP/1.1\r\n{HOST}\r\n".encode("latin-1"), 400),
        (f"GET http://[::1/{CANARY} HTTP/1.1\r\n{HOST}\r\n", 400),
        (f"GET / HTTP/1.1\r\n{HOST}{HOST}x: {CANARY}\r\n\r\n", 400),
        (f"GET / HTTP/1.1\r\n{HOST}x: {CANARY}\x01\r\n\r\n", 400),
        (f"GET / HTTP/1.1\r\n{HOST}x y: {CANARY}\r\n\r\n", 400),
        (f"GET / HTTP/1.1\r\n{HOST}" + f"x: {CANARY}\r\n" * 200 + "\r\n", 400),
        (f"GET / HTTP/1.1\r\n{HOST}x: {CANARY * 1000}\r\n\r\n", 431),
        (f"GET /{CANARY * 1000} HTTP/1.1\r\n{HOST}\r\n", 431),
        (f"POST / HTTP/1.1\r\n{HOST}Content-Length: {CANARY}\r\n\r\n", 400),
        (f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n{CANARY}", 400),
        (f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: {CANARY}\r\n\r\n", 400),
        (f"PRI * HTTP/2.0\r\n\r\n{CANARY}\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (f"GET /fail HTTP/1.1\r\n{HOST}x: {CANARY}\r\n\r\n", 500),
        (f"GET /late HTTP/1.1\r\n{HOST}x: {CANARY}\r\n\r\n", 504),
    ],
)
async def test_it_is_an_openai_error_that_quotes_nothing(
    port: int, events: Events, data: str | bytes, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    answered, headers, body = await send(port, data)
    assert answered == status
    assert headers["content-type"] == "application/json"
    assert headers["server"] == "gateway"
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == ("internal_error" if status >= 500 else "invalid_http")
    assert [(event["event"], event["status"]) for event in events] == [("request_failed", status)]
    output = capfd.readouterr()
    for text in (body.decode(), str(headers), str(events), output.out, output.err):
        assert CANARY not in text


async def test_an_answer_that_has_begun_is_cut_and_not_followed_by_another(port: int, events: Events) -> None:
    status, _, body = await send(port, f"GET /begin HTTP/1.1\r\n{HOST}\r\n")
    assert status == 200
    assert body == b"1\r\nx\r\n"  # no last chunk: the client sees that something is missing
    assert events == [{"event": "request_failed", "status": 500, "error": "ValueError"}]


@pytest.mark.parametrize(
    "head",
    [
        "OPTIONS * HTTP/1.1",
        "CONNECT x:443 HTTP/1.1",
        "GET http://elsewhere/x HTTP/1.1",
        "GET /x HTTP/1.1\r\nExpect: something",
        "GET /x HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket",
        "GET /x HTTP/1.1\r\nConnection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x",
        "POST /x HTTP/1.0",
    ],
)
async def test_everything_else_is_the_handlers_to_answer(port: int, events: Events, head: str) -> None:
    status, _, _ = await send(port, f"{head}\r\nConnection: close\r\n{HOST}\r\n")
    assert status == 200
    assert events == []


async def test_bodies_are_not_decompressed(port: int) -> None:
    body = gzip.compress(b"x" * 1000)
    head = (
        f"POST / HTTP/1.1\r\n{HOST}Connection: close\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    _, _, answer = await send(port, head.encode() + body)
    assert json.loads(answer) == body.decode("latin-1")


async def test_aiohttp_logs_nothing_even_where_a_root_logger_listens(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await send(port, f"{CANARY}\r\n\r\n")
    await send(port, f"GET /fail HTTP/1.1\r\n{HOST}\r\n")
    assert [record for record in caplog.records if record.name.startswith("aiohttp")] == []
