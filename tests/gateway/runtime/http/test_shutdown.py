"""Which requests are active; at SIGTERM these finish, new ones are refused, and the process ends."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from gateway.runtime.context import now
from gateway.runtime.http import shutdown
from gateway.runtime.http.shutdown import ActiveRequests, serve
from local.runner.ports import HOST, reserved_ports
from tests.virtual_time import VirtualTimeLoop

from ..conftest import let_others_run

pytestmark = pytest.mark.anyio
LARGE = 50_000_000  # more than the kernel buffers


async def test_a_request_is_found_by_its_inner_token_while_it_is_active() -> None:
    active_requests = ActiveRequests()
    await asyncio.sleep(5.0)
    with (
        active_requests.open(route="responses", total_s=10.0) as one,
        active_requests.open(route="x", total_s=1) as two,
    ):
        assert (one.route, one.started, one.deadline) == ("responses", 5.0, 15.0)
        assert active_requests.find(one.inner.token) is one
        assert active_requests.find(two.inner.token) is two
        assert active_requests.find(one.request_id) is None
        assert len({one.request_id, two.request_id, one.inner.token, two.inner.token}) == 4
    assert active_requests.find(one.inner.token) is None


async def test_without_active_requests_draining_ends_at_once() -> None:
    active_requests = ActiveRequests()
    assert not active_requests.is_draining
    await active_requests.drain(within_s=10.0)
    assert active_requests.is_draining
    assert now() == 0.0


async def test_draining_waits_for_the_last_request() -> None:
    active_requests = ActiveRequests()
    with active_requests.open(route="r", total_s=1.0):
        with active_requests.open(route="r", total_s=1.0):
            draining = asyncio.create_task(active_requests.drain(within_s=10.0))
            await asyncio.sleep(2.0)
            assert active_requests.is_draining
        await asyncio.sleep(2.0)
        assert not draining.done()
    await draining
    assert now() == 4.0


async def test_a_request_that_fails_is_not_active_any_more() -> None:
    active_requests = ActiveRequests()
    with pytest.raises(RuntimeError), active_requests.open(route="r", total_s=1.0):
        raise RuntimeError
    await active_requests.drain(within_s=10.0)
    assert now() == 0.0


async def test_draining_is_limited_in_time() -> None:
    active_requests = ActiveRequests()
    with active_requests.open(route="r", total_s=1.0):
        await active_requests.drain(within_s=10.0)
    assert now() == 10.0


@dataclass
class Running:
    """A server that is serving."""

    active_requests: ActiveRequests
    url: str = field(init=False)
    serving: asyncio.Task[None] = field(init=False)
    events: list[dict[str, object]] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def running(*, grace_s: float = 10.0) -> AsyncIterator[Running]:
    """A server that sends half of its answer, and the rest at once or, for /stream, when it may `go`."""
    active_requests = ActiveRequests()
    server = Running(active_requests=active_requests)

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
                assert request.transport is not None
                request.transport.set_write_buffer_limits(high=2 * LARGE)  # the handler does not wait for its client
                await response.write(b"x" * LARGE)
            await response.write(b"whole")
            return response

    with reserved_ports(0) as (port,):
        server.url = f"http://{HOST}:{port}"
        server.serving = asyncio.create_task(
            serve(
                web.Server(handle, handler_cancellation=True),
                host=HOST,
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


@pytest.mark.parametrize(
    "anyio_backend",
    [
        ("asyncio", {"loop_factory": VirtualTimeLoop}),
        pytest.param(
            ("asyncio", {"use_uvloop": True}),  # in the container
            marks=pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not exist for it"),
        ),
    ],
    ids=["virtual time", "uvloop"],
)
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
