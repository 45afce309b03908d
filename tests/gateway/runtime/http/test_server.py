"""Malformed HTTP gets an error in OpenAI's format and is logged without its content."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
from aiohttp import web

from gateway.runtime.context import now
from gateway.runtime.http.server import Connection, Server
from settings.limits import Limits, Timeouts

pytestmark = pytest.mark.anyio
CANARY = "canary-c0ffee"
HOST = "Host: x\r\n"
TIMEOUTS = Timeouts(request_head_s=10.0, idle_connection_s=100.0, send_s=60.0)
LIMITS = Limits(max_connections=10, max_body_bytes=100_000)
Events = list[dict[str, object]]


@pytest.fixture
def events() -> Events:
    """The logged events."""
    return []


async def stream(request: web.BaseRequest) -> None:
    """Write without end, or wait after a part that the kernel takes; LiteLLM's stream is one, too."""
    if request.path == "/stream-of-litellm":
        assert isinstance(request.protocol, Connection)
        request.protocol.wait_for_client()
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 1_000_000)
        if request.path == "/stream-of-one-part":
            await asyncio.sleep(1000)


@pytest.fixture
async def runner(events: Events) -> AsyncIterator[web.ServerRunner]:
    """Runs a server whose handler answers well, unless the path asks for something else."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/fail":
            raise ValueError(CANARY)
        if request.path == "/late":
            raise TimeoutError
        if request.path == "/unread":
            return web.Response(status=401)
        if request.path == "/refused":
            return web.Response(status=401, body=b"x" * 10_000_000)
        if request.path.startswith("/stream"):
            await stream(request)
        if request.path == "/long":
            await asyncio.sleep(1000)
        if request.path == "/begin":
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"x")
            raise ValueError(CANARY)
        return web.json_response((await request.read()).decode("latin-1"))

    server = Server(handle, timeouts=TIMEOUTS, limits=LIMITS, log_event=events.append)
    runner = web.ServerRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner
    await runner.cleanup()


@pytest.fixture
def port(runner: web.ServerRunner) -> int:
    """The server's."""
    return int(runner.addresses[0][1])


@pytest.fixture
def connections(runner: web.ServerRunner) -> Callable[[], int]:
    """Counts the server's open connections."""

    def count() -> int:
        assert runner.server is not None
        return len(runner.server.connections)

    return count


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


GET = f"GET / HTTP/1.1\r\n{HOST}\r\n".encode()


class RawClient:
    """A connection that sends what it is told."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def ask(self, request: bytes = GET) -> int:
        """Send a request; return the status of the response, whose body is short."""
        await self.send(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await self._reader.readexactly(length)
        return int(head.split()[1])

    async def read(self, size: int) -> None:
        """Read so many bytes of a response."""
        await self._reader.readexactly(size)

    async def wait_until_closed(self) -> float:
        """Return the time at which the server closes."""
        with suppress(ConnectionError):
            await self._reader.read()
        return now()

    def close(self) -> None:
        self._writer.close()


Connect = Callable[[], Awaitable[RawClient]]


@pytest.fixture
async def connect(port: int) -> AsyncIterator[Connect]:
    """Open connections, which are closed at the end."""
    clients = []

    async def connect() -> RawClient:
        clients.append(RawClient(*await asyncio.open_connection("127.0.0.1", port)))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


async def drip(client: RawClient, data: bytes) -> None:
    with suppress(ConnectionError):
        for byte in data:
            await client.send(bytes([byte]))
            await asyncio.sleep(1.0)


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Header: the rest comes slowly"])
async def test_connections_that_send_no_head_in_time_are_closed(connect: Connect, data: bytes) -> None:
    clients = [await connect() for _ in range(5)]
    dripping = [asyncio.create_task(drip(client, data)) for client in clients]
    closed = await asyncio.gather(*(client.wait_until_closed() for client in clients))
    assert all(time == pytest.approx(10.0, abs=0.5) for time in closed)
    for task in dripping:
        task.cancel()


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_long_head_is_refused_before_it_is_complete(
    connect: Connect, events: Events, *, is_first: bool
) -> None:
    client = await connect()
    if not is_first:
        assert await client.ask() == 200
    lines = b"".join(b"x%d: %b\r\n" % (number, b"x" * 8000) for number in range(9))
    assert await client.ask(GET.removesuffix(b"\r\n") + lines) == 431
    assert await client.wait_until_closed() < 1.0
    expected = {"event": "request_failed", "status": 431, "error": "LineTooLong", "client_address": "127.0.0.1"}
    assert events == [expected]


async def test_a_head_as_long_as_the_ingress_allows_is_answered(connect: Connect) -> None:
    client = await connect()
    lines = b"".join(b"x%d: %b\r\n" % (number, b"x" * 8000) for number in range(7))
    for _ in range(2):
        await client.send(GET.removesuffix(b"\r\n") + lines)
        await asyncio.sleep(1.0)
        assert await client.ask(b"\r\n") == 200


async def test_the_time_for_a_later_head_begins_with_its_first_byte(connect: Connect) -> None:
    client = await connect()
    for _ in range(3):
        assert await client.ask() == 200
        await asyncio.sleep(50.0)
    await client.send(GET[:5])
    assert await client.wait_until_closed() == pytest.approx(160.0, abs=0.5)


async def test_a_head_in_pieces_that_comes_in_time_is_answered(connect: Connect) -> None:
    client = await connect()
    for _ in range(2):
        await client.send(GET[:9])
        await asyncio.sleep(9.0)
        assert await client.ask(GET[9:]) == 200
        await asyncio.sleep(9.0)
    assert await client.ask() == 200


async def test_a_long_request_is_no_late_head(connect: Connect) -> None:
    client = await connect()
    await client.send(f"POST / HTTP/1.1\r\n{HOST}Content-Length: 20\r\n\r\n".encode())
    body = asyncio.create_task(drip(client, b"x" * 20))
    assert await client.ask(b"") == 200
    assert now() == pytest.approx(19.0, abs=0.5)
    await body


async def test_an_idle_connection_is_closed_late(connect: Connect) -> None:
    client = await connect()
    assert await client.ask() == 200
    assert await client.wait_until_closed() == pytest.approx(100.0, abs=0.5)


async def test_too_many_connections_cost_the_longest_idle_one(connect: Connect, events: Events) -> None:
    clients = [await connect() for _ in range(10)]
    assert [await client.ask() for client in reversed(clients)] == [200] * 10
    more = [await connect() for _ in range(2)]
    assert [await client.ask() for client in more] == [200] * 2
    await clients[9].wait_until_closed()
    await clients[8].wait_until_closed()
    assert now() < 1.0
    assert [await client.ask() for client in (*clients[:8], *more)] == [200] * 10
    assert events == [{"event": "too_many_connections", "closed": 1}]  # at most a line a minute


async def test_connections_in_use_are_not_closed_for_new_ones(connect: Connect) -> None:
    clients = [await connect() for _ in range(10)]
    for client in clients:
        await client.send(GET.replace(b"/ ", b"/long ", 1))
    await asyncio.sleep(1.0)
    refused = await connect()
    assert await refused.wait_until_closed() < 2.0
    ends = asyncio.gather(*(client.wait_until_closed() for client in clients))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ends, 500.0)


async def test_refused_clients_that_read_nothing_do_not_keep_their_connections(
    connect: Connect, connections: Callable[[], int]
) -> None:
    for _ in range(15):
        await (await connect()).send(GET.replace(b"/ ", b"/refused ", 1))
        await asyncio.sleep(0.1)
    assert connections() == 10
    assert await (await connect()).ask() == 200


async def test_a_client_that_reads_nothing_loses_its_connection(connect: Connect, events: Events) -> None:
    client = await connect()
    await client.send(GET.replace(b"/ ", b"/stream ", 1))
    await asyncio.sleep(59.0)
    assert events == []
    await asyncio.sleep(70.0)
    assert events == [{"event": "unread_responses", "closed": 1}]
    await client.wait_until_closed()
    assert await (await connect()).ask() == 200


async def test_so_does_one_for_which_the_kernel_keeps_everything(connect: Connect, events: Events) -> None:
    client = await connect()
    await client.send(GET.replace(b"/ ", b"/stream-of-one-part ", 1))
    await asyncio.sleep(130.0)
    assert events == [{"event": "unread_responses", "closed": 1}]


async def test_litellm_may_wait_for_its_own_client(connect: Connect, events: Events) -> None:
    client = await connect()
    await client.send(GET.replace(b"/ ", b"/stream-of-litellm ", 1))
    await asyncio.sleep(1000.0)
    assert events == []


@pytest.mark.parametrize("size", [150_000, 700_000])
async def test_a_client_that_reads_slowly_keeps_its_connection(connect: Connect, events: Events, size: int) -> None:
    client = await connect()
    await client.send(GET.replace(b"/ ", b"/stream ", 1))
    for _ in range(100):
        await asyncio.sleep(10.0)
        await client.read(size)
    assert events == []


@pytest.mark.parametrize(("size", "is_kept"), [(100_000, True), (5_000_000, False)])
async def test_an_unread_body_is_discarded_up_to_the_size_of_a_body(
    connect: Connect, size: int, *, is_kept: bool
) -> None:
    client = await connect()
    head = f"POST /unread HTTP/1.1\r\n{HOST}Content-Length: {size}\r\n\r\n".encode()
    sending = asyncio.create_task(client.send(b"x" * size))
    assert await client.ask(head) == 401
    with suppress(ConnectionError):
        await sending
    if is_kept:
        assert await client.ask() == 200
    else:
        await client.wait_until_closed()
    assert now() < 1.0


async def test_an_unread_body_that_comes_slowly_is_not_waited_for(connect: Connect) -> None:
    client = await connect()
    assert await client.ask(f"POST /unread HTTP/1.1\r\n{HOST}Content-Length: 20\r\n\r\n".encode()) == 401
    dripping = asyncio.create_task(drip(client, b"x" * 20))
    assert await client.wait_until_closed() == pytest.approx(10.0, abs=0.5)
    dripping.cancel()
