"""One JSON object of bounded size and depth, that comes in bounded time."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from gateway.runtime.admission.cpu_share import CpuShare
from gateway.runtime.admission.request_body import parse_body, receive_body
from gateway.runtime.errors import RefusedError
from gateway.runtime.http.server import Server
from settings.limits import Limits, Timeouts

from ..conftest import Client, GatewayServer

pytestmark = pytest.mark.anyio
LIMITS = Limits(max_body_bytes=1024, max_depth=8)
LIMIT_S = 0.3


@asynccontextmanager
async def reading() -> AsyncIterator[tuple[Client, list[object]]]:
    """A server that only reads bodies, and what it has read."""
    bodies: list[object] = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            deadline = asyncio.get_running_loop().time() + LIMIT_S
            body = await receive_body(request, deadline=deadline, limits=LIMITS, reserve=lambda _: None)
            async with CpuShare().turn("project", body) as turn:
                bodies.append((body, await parse_body(body, LIMITS, lambda _: None, turn)))
        except RefusedError as refused:
            return web.Response(status=refused.response.status, body=refused.response.body)
        return web.Response()

    server = Server(handle, timeouts=Timeouts(), limits=Limits(), log_event=bodies.append)
    async with Client(GatewayServer(server)) as client:
        yield client, bodies


async def status_of(data: object, **headers: str) -> tuple[int, str | None, list[object]]:
    """Return status and code of the answer to this body, and what was read."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with reading() as (client, bodies):
        response = await client.post("/", data=data, headers={"content-type": "application/json"} | named)
        text = await response.text()
    return response.status, json.loads(text)["error"]["code"] if text else None, bodies


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "application/a+json"])
async def test_an_object_comes_as_it_was_and_as_fields(content_type: str) -> None:
    body = ' {"a": {"b": [1, 2.5, null, true]}, "c": "\u00e9"} '.encode()
    status, _, bodies = await status_of(body, content_type=content_type)
    assert status == 200
    assert bodies == [(body, {"a": {"b": [1, 2.5, None, True]}, "c": "\u00e9"})]


async def test_a_body_without_a_content_type_is_taken_for_json() -> None:
    async with reading() as (client, bodies):
        session = aiohttp.ClientSession(skip_auto_headers=["content-type"])
        async with session, session.post(client.make_url("/"), data=b"{}") as response:
            assert response.status == 200
    assert bodies == [(b"{}", {})]


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx", "json"],
)
async def test_any_other_content_type_is_415(content_type: str) -> None:
    assert await status_of(b"{}", content_type=content_type) == (415, "unsupported_media_type", [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"no json",
        b"[]",
        b'"text"',
        b"null",
        b"1",
        b'{"a": ',
        b"{'a': 1}",
        b"{} {}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -1e999}',
        b'{"a": 1' + b"0" * 990 + b"\xff}",
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        b"[" * 900,
        b'{"a":' * 150,
    ],
)
async def test_what_is_no_json_object_is_400(body: bytes) -> None:
    assert await status_of(body) == (400, "invalid_json", [])


@pytest.mark.parametrize(
    "body", ['{"model": "a", "model": "b"}', '{"a": [{"b": 1, "\\u0062": 2}]}', '{"a": 1, "b": {}, "a": 1}']
)
async def test_a_field_that_comes_twice_is_400(body: str) -> None:
    assert await status_of(body) == (400, "invalid_json", [])


@pytest.mark.parametrize(("levels", "status"), [(8, 200), (9, 400)])
@pytest.mark.parametrize("level", ["[{}]", '{{"x": {}}}', '["a", {}, 1]'])
async def test_depth_is_bounded(level: str, levels: int, status: int) -> None:
    inner = "1"
    for _ in range(levels - 1):
        inner = level.format(inner)
    assert (await status_of(f'{{"a": {inner}}}'))[0] == status


@pytest.mark.parametrize(("size", "status"), [(1024, 200), (1025, 413), (500_000, 413)])
async def test_size_is_bounded(size: int, status: int) -> None:
    body = json.dumps({"a": "x" * (size - 9)}).encode()
    assert len(body) == size
    assert (await status_of(body))[:2] == (status, None if status == 200 else "request_too_large")


async def in_parts(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_size_is_bounded_without_a_content_length() -> None:
    status, _, bodies = await status_of(in_parts(b'{"a": "', b"x" * 500, b'"}'))
    assert (status, len(bodies)) == (200, 1)
    assert (await status_of(in_parts(b'{"a": "', *[b"x" * 500] * 3, b'"}')))[:2] == (413, "request_too_large")


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_size_is_bounded_after_it_was_decompressed(encoding: str, pack: object) -> None:
    assert callable(pack)
    small = b'{"a": 1}'
    assert (await status_of(pack(small), content_encoding=encoding))[2] == [(small, {"a": 1})]
    bomb = pack(b'{"a": "' + b"x" * 50_000_000 + b'"}')
    started = asyncio.get_running_loop().time()
    assert (await status_of(in_parts(bomb), content_encoding=encoding))[:2] == (413, "request_too_large")
    assert asyncio.get_running_loop().time() - started < 2


@pytest.mark.parametrize(
    "body", [b"no gzip", b"", gzip.compress(b"{}", mtime=0)[:-9], gzip.compress(b"{}", mtime=0) + b"x"]
)
async def test_a_body_that_is_not_what_its_encoding_says_is_400(body: bytes) -> None:
    assert await status_of(body, content_encoding="gzip") == (400, "invalid_body", [])


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x"])
async def test_any_other_encoding_is_415(encoding: str) -> None:
    body = in_parts(b"{}")  # the client's own aiohttp knows some of these
    assert await status_of(body, content_encoding=encoding) == (415, "unsupported_media_type", [])


async def test_a_body_that_does_not_end_is_408() -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.05)

    started = asyncio.get_running_loop().time()
    assert (await status_of(drip()))[:2] == (408, "request_timeout")
    assert asyncio.get_running_loop().time() - started < 2


async def test_a_body_that_is_cut_is_400() -> None:
    async with reading() as (client, bodies):
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\nzz\r\n")
        answer = await asyncio.wait_for(reader.read(), timeout=2)
        writer.close()
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert b"Traceback" not in answer
    assert [body for body in bodies if isinstance(body, tuple)] == []


@pytest.mark.parametrize(
    ("head", "goes_on"),
    [
        ("POST / HTTP/1.1\r\nExpect: 100-continue", True),
        ("POST / HTTP/1.1\r\nExpect: something", False),
        ("POST / HTTP/1.0\r\nExpect: 100-continue", False),
        ("POST / HTTP/1.1\r\nContent-Type: text/plain\r\nExpect: 100-continue", False),
    ],
)
async def test_a_client_that_waits_is_told_to_go_on_when_the_body_is_wanted(head: str, *, goes_on: bool) -> None:
    async with reading() as (client, bodies):
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(f"{head}\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n".encode())
        if goes_on:
            assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), timeout=2) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"{}")
        answer = await asyncio.wait_for(reader.read(), timeout=2)
        writer.close()
    assert b"100 Continue" not in answer
    assert answer.split()[1] == (b"415" if "text/plain" in head else b"200")
    assert len(bodies) == (0 if "text/plain" in head else 1)
