"""Serving until SIGTERM, and the end: what is in flight finishes, what is new goes elsewhere."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from aiohttp import web

_CUT_S = 1.0
"""How long the requests may take to end that were cut for taking too long."""
_LOOK_S = 0.02


class Drain:
    """Counts the requests in flight, and says whether new ones are still taken."""

    def __init__(self) -> None:
        self.refusing = False
        self._in_flight = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """A request from outside is in flight for as long as this is open."""
        self._in_flight += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._empty.set()

    async def finish(self, *, within_s: float) -> None:
        """Refuse what is new, and wait for what is in flight, but not for ever."""
        self.refusing = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), within_s)


async def serve(
    server: web.Server, *, host: str, port: int, drain: Drain, grace_s: float, tell: Callable[[dict[str, object]], None]
) -> None:
    """Serve until SIGTERM or SIGINT; then until all is answered, or for `grace_s` more seconds.

    The port stays open meanwhile: LiteLLM may still have something to ask for the requests in flight, so that its
    idle connections stay, too. All of them are closed in the end.
    """
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: tell(_unhandled(context)))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.ServerRunner(server, shutdown_timeout=_CUT_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await stop.wait()
        until = loop.time() + grace_s
        await drain.finish(within_s=grace_s)
        await _sent(server, within_s=until - loop.time())
    finally:
        await runner.cleanup()


async def _sent(server: web.Server, *, within_s: float) -> None:
    """Wait for clients that read slowly: the end of an answer that only this process has would be lost with it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while any(map(_is_sending, server.connections)):  # noqa: ASYNC110 - a transport tells nobody
                await asyncio.sleep(_LOOK_S)


def _is_sending(connection: web.RequestHandler) -> bool:
    return isinstance(connection.transport, asyncio.WriteTransport) and connection.transport.get_write_buffer_size() > 0


def _unhandled(context: dict[str, object]) -> dict[str, object]:
    """What nobody waited for has failed: the words of the exception may be a client's."""
    return {
        "event": "unhandled",
        "error": type(context.get("exception")).__name__,
        "message": context.get("message"),
    }
