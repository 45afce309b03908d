"""SIGTERM: active requests finish, new ones are refused, and the process ends."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from gateway.runtime.http import shutdown
from gateway.runtime.http.active_requests import ActiveRequests
from gateway.runtime.http.shutdown import serve

from ..conftest import let_others_run

pytestmark = pytest.mark.anyio
LARGE = 50_000_000  # more than the kernel buffers


@dataclass
class Running:
    """A server that is serving."""

    url: str
    active_requests: ActiveRequests
    serving: asyncio.Task[None] = field(init=False)
    events: list[dict[str, object]] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def running(*, grace_s: float = 10.0) -> AsyncIterator[Running]:
    """A server that sends half of its answer, and the rest at once or, for /stream, when it may `go`."""
    active_requests, port = ActiveRequests(), unused_port()
    server = Running(url=f"http://127.0.0.1:{port}", active_requests=active_requests)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if active_requests.is_draining:
            return web.Response(status=503)
        with active_requests.open(route="r", total_s=10.0):
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"half")
            if request.path == "/stream":
                await server.go.wait()
            if request.path == "/large":
                assert isinstance(request.transport, asyncio.WriteTransport)
                request.transport.set_write_buffer_limits(high=2 * LARGE)  # the handler does not wait for its client
                await response.write(b"x" * LARGE)
            await response.write(b"whole")
            return response

    server.serving = asyncio.create_task(
        serve(
            web.Server(handle, handler_cancellation=True),
            host="127.0.0.1",
            port=port,
            active_requests=active_requests,
            grace_s=grace_s,
            log_event=server.events.append,
        )
    )
    await let_others_run()
    yield server
    server.serving.cancel()
    await asyncio.wait([server.serving])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_on_a_signal_active_requests_finish_and_new_ones_are_refused(number: signal.Signals) -> None:
    async with running() as server, aiohttp.ClientSession() as session:
        streamed = await session.get(f"{server.url}/stream")
        assert await streamed.content.readany() == b"half"
        os.kill(os.getpid(), number)
        await let_others_run()
        assert server.active_requests.is_draining
        assert (await session.get(server.url)).status == 503
        assert not server.serving.done()
        server.go.set()
        assert await streamed.read() == b"whole"
        async with asyncio.timeout(1):
            await server.serving
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(server.url)


async def test_a_client_that_reads_slowly_gets_the_whole_response() -> None:
    async with running() as server, aiohttp.ClientSession() as session:
        streamed = await session.get(f"{server.url}/large")
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.2)
        assert server.active_requests.is_draining
        assert not server.serving.done()
        assert len(await streamed.read()) == len(b"halfwhole") + LARGE
        async with asyncio.timeout(10):
            await server.serving


async def test_idle_connections_do_not_delay_the_end() -> None:
    async with running() as server, aiohttp.ClientSession() as session:
        assert await (await session.get(server.url)).read() == b"halfwhole"
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(1):
            await server.serving


async def test_a_request_that_exceeds_the_grace_period_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutdown, "_CANCELLATION_S", 0.05)
    async with running(grace_s=7.0) as server, aiohttp.ClientSession() as session:
        streamed = await session.get(f"{server.url}/stream")
        started = asyncio.get_running_loop().time()
        os.kill(os.getpid(), signal.SIGTERM)
        await server.serving
        assert 7.0 <= asyncio.get_running_loop().time() - started < 8.0
        with pytest.raises(aiohttp.ClientPayloadError):
            await streamed.read()


async def test_exceptions_in_the_background_are_logged_without_their_text() -> None:
    async with running() as server:
        failure = {"message": "Task exception was never retrieved", "exception": ValueError("canary")}
        asyncio.get_running_loop().call_exception_handler(failure)
        asyncio.get_running_loop().call_exception_handler({"message": "no exception at all"})
        assert server.events == [
            {"event": "unhandled", "error": "ValueError", "message": "Task exception was never retrieved"},
            {"event": "unhandled", "error": "NoneType", "message": "no exception at all"},
        ]
