"""Graceful shutdown at SIGTERM: active requests finish, new ones are sent to another replica."""

import asyncio
import signal
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from aiohttp import web

from ..access_log import LogEvent
from ..context import RequestContext, now

_CANCELLATION_S = 1.0
"""How long cancelled requests may take to end."""
_POLL_S = 0.02


class ActiveRequests:
    """The contexts of the requests of clients; inner calls belong to one of them."""

    def __init__(self) -> None:
        self.is_draining = False
        self._contexts: dict[str, RequestContext] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def open(self, *, route: str, total_s: float) -> Iterator[RequestContext]:
        """Create the context of a new request, whose first byte is due in `total_s`; it is active inside the block."""
        started = now()
        context = RequestContext(request_id=uuid.uuid4().hex, route=route, started=started, deadline=started + total_s)
        self._contexts[context.inner.token] = context
        self._idle.clear()
        try:
            yield context
        finally:
            del self._contexts[context.inner.token]
            if not self._contexts:
                self._idle.set()

    def find(self, inner_token: str) -> RequestContext | None:
        """Return the request on whose behalf LiteLLM calls, if it is still active."""
        return self._contexts.get(inner_token)

    async def drain(self, *, within_s: float) -> None:
        """Have new requests refused, and wait until the active ones have ended, for at most `within_s`."""
        self.is_draining = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), within_s)


async def serve(
    server: web.Server,
    *,
    host: str,
    port: int,
    active_requests: ActiveRequests,
    grace_s: float,
    log_event: LogEvent,
) -> None:
    """Serve until SIGTERM or SIGINT, then until all requests are answered, for at most `grace_s`.

    The port and idle connections stay open during that time, because LiteLLM needs both for its inner calls.
    """
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, failure: log_event(_unhandled(failure)))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.ServerRunner(server, shutdown_timeout=_CANCELLATION_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await stop.wait()
        deadline = loop.time() + grace_s
        await active_requests.drain(within_s=grace_s)
        await _flush(server, within_s=deadline - loop.time())
    finally:
        await runner.cleanup()


async def _flush(server: web.Server, *, within_s: float) -> None:
    """Wait for clients that read slowly: what is in this process's buffers would be lost with it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while any(map(_has_unsent_data, server.connections)):  # noqa: ASYNC110 - a transport has no such event
                await asyncio.sleep(_POLL_S)


def _has_unsent_data(connection: web.RequestHandler) -> bool:
    return connection.transport is not None and connection.transport.get_write_buffer_size() > 0


def _unhandled(failure: Mapping[str, object]) -> dict[str, object]:
    """An exception in the background, without its text, which may quote a request."""
    return {
        "event": "unhandled",
        "error": type(failure.get("exception")).__name__,
        "message": failure.get("message"),
    }
