"""The end of the process: what is in flight finishes, what is new is refused, and then it is over."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from gateway.runtime import serve as module
from gateway.runtime.serve import Drain, serve

pytestmark = pytest.mark.anyio


async def test_an_empty_drain_is_finished_at_once() -> None:
    drain = Drain()
    assert not drain.refusing
    await drain.finish(within_s=10.0)
    assert drain.refusing


async def test_a_drain_waits_for_the_last_request() -> None:
    drain = Drain()
    with drain.entered():
        with drain.entered():
            finishing = asyncio.create_task(drain.finish(within_s=10.0))
            await asyncio.sleep(0.01)
            assert drain.refusing
        await asyncio.sleep(0.01)
        assert not finishing.done()
    async with asyncio.timeout(1):
        await finishing


async def test_a_request_that_fails_leaves_the_drain_too() -> None:
    drain = Drain()
    with pytest.raises(RuntimeError), drain.entered():
        raise RuntimeError
    async with asyncio.timeout(1):
        await drain.finish(within_s=10.0)


async def test_a_drain_does_not_wait_for_ever() -> None:
    drain = Drain()
    with drain.entered():
        async with asyncio.timeout(1):
            await drain.finish(within_s=0.01)


@dataclass
class Running:
    """A server on its way to its end."""

    url: str
    serving: asyncio.Task[None]
    drain: Drain
    told: list[dict[str, object]] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)


Start = Callable[[], Awaitable[Running]]
_LARGE = 50_000_000  # more than the kernel takes


@asynccontextmanager
async def running(*, grace_s: float = 10.0) -> AsyncIterator[Running]:
    """Serve one that streams half an answer, and the other half when it may `go`; without a body, nothing at all."""
    drain = Drain()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if drain.refusing:
            return web.Response(status=503)
        with drain.entered():
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"half")
            if request.path == "/stream":
                await state.go.wait()
            if request.path == "/large":
                assert isinstance(request.transport, asyncio.WriteTransport)
                request.transport.set_write_buffer_limits(high=2 * _LARGE)  # the handler is not held up by its client
                await response.write(b"x" * _LARGE)
            await response.write(b"whole")
            return response

    port = unused_port()
    told: list[dict[str, object]] = []
    server = web.Server(handle, handler_cancellation=True)
    serving = asyncio.create_task(
        serve(server, host="127.0.0.1", port=port, drain=drain, grace_s=grace_s, tell=told.append)
    )
    state = Running(url=f"http://127.0.0.1:{port}", serving=serving, drain=drain, told=told)
    await asyncio.sleep(0.05)
    yield state
    serving.cancel()
    await asyncio.wait([serving])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_on_a_signal_what_is_in_flight_finishes_while_new_requests_are_refused(number: signal.Signals) -> None:
    async with running() as server, aiohttp.ClientSession() as http:
        streamed = await http.get(f"{server.url}/stream")
        assert await streamed.content.readany() == b"half"
        os.kill(os.getpid(), number)
        await asyncio.sleep(0.05)
        assert server.drain.refusing
        assert (await http.get(server.url)).status == 503
        assert not server.serving.done()
        server.go.set()
        assert await streamed.read() == b"whole"
        async with asyncio.timeout(1):
            await server.serving
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(server.url)


async def test_what_a_slow_client_has_not_read_yet_is_not_lost() -> None:
    async with running() as server, aiohttp.ClientSession() as http:
        streamed = await http.get(f"{server.url}/large")
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.2)
        assert server.drain.refusing
        assert not server.serving.done()
        assert len(await streamed.read()) == len(b"halfwhole") + _LARGE
        async with asyncio.timeout(10):
            await server.serving


async def test_idle_connections_do_not_delay_the_end() -> None:
    async with running() as server, aiohttp.ClientSession() as http:
        assert await (await http.get(server.url)).read() == b"halfwhole"
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(1):
            await server.serving


async def test_what_takes_too_long_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CUT_S", 0.05)
    async with running(grace_s=0.05) as server, aiohttp.ClientSession() as http:
        streamed = await http.get(f"{server.url}/stream")
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(2):
            await server.serving
        with pytest.raises(aiohttp.ClientPayloadError):
            await streamed.read()


async def test_what_fails_in_the_background_is_told_without_its_words() -> None:
    async with running() as server:
        context = {"message": "Task exception was never retrieved", "exception": ValueError("canary")}
        asyncio.get_running_loop().call_exception_handler(context)
        asyncio.get_running_loop().call_exception_handler({"message": "no exception at all"})
        assert server.told == [
            {"event": "unhandled", "error": "ValueError", "message": "Task exception was never retrieved"},
            {"event": "unhandled", "error": "NoneType", "message": "no exception at all"},
        ]
