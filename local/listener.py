"""A listening socket with uvicorn's HTTP behind it, which can stop listening and start again on the same port.

uvicorn's own `Server` listens until it ends; a refused connection needs a port that nobody listens on.
"""

import asyncio
import json
import logging
import signal
import socket
import ssl
import sys
from typing import Any, cast

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import ServerState

_BACKLOG = 512
_KEEP_ALIVE_S = 120
_STOP_S = 1.0


class Listener:
    """`port` 0 takes a free one, `tls` makes it HTTPS. OSError from `bind` when the port is in use."""

    def __init__(self, app: ASGIApp, *, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._config = Config(
            app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
        )
        self._config.load()
        # Invalid HTTP of a client is not worth a line; an error of the emulator is.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        self._state = ServerState()
        self._host = host
        self.port = port
        self._tls = tls
        self._bound: socket.socket | None = None
        self._held: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._reopening: asyncio.TimerHandle | None = None

    def bind(self) -> socket.socket:
        self._bound = bound = self._bind()
        self.port = bound.getsockname()[1]
        if self._held is None and sys.platform == "linux":  # elsewhere two cannot bind to one port
            self._held = self._bind()  # nobody else gets the port while it is closed
        return bound

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, for asyncio to set NODELAY
        try:
            if hasattr(socket, "SO_REUSEPORT"):  # not on Windows, where SO_REUSEADDR would steal a port in use
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((self._host, self.port))
        except OSError:
            bound.close()
            raise
        return bound

    async def accept(self) -> None:
        """Listen, unless it already does."""
        self._cancel_reopening()
        if self._server is not None:
            return
        bound = self._bound or self.bind()
        self._bound = None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, sock=bound, backlog=_BACKLOG, ssl=self._tls)

    async def refuse(self, *, seconds: float | None) -> None:
        """Close the port before this returns; listen again after `seconds`, None: with `accept`."""
        self._stop_listening()
        await asyncio.sleep(0)  # the loop closes dropped connections in its next round
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._reopening = loop.call_later(seconds, lambda: loop.create_task(self.accept()))

    async def stop(self) -> None:
        """Close the port and every connection at once."""
        self.close()
        if self._state.tasks:
            await asyncio.wait(self._state.tasks, timeout=_STOP_S)

    def close(self) -> None:
        """Stop listening, abort every connection, and let others have the port."""
        self._stop_listening()
        if self._held is not None:
            self._held.close()
            self._held = None

    def _stop_listening(self) -> None:
        self._cancel_reopening()
        for listening in (self._bound, self._server):
            if listening is not None:
                listening.close()
        self._bound = self._server = None
        for connection in self._state.connections:
            if connection.transport is not None:
                connection.transport.abort()

    def _cancel_reopening(self) -> None:
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None

    def _connection(self) -> asyncio.Protocol:
        state: dict[str, Any] = {}
        make = cast("Any", self._config.http_protocol_class)
        protocol = make(config=self._config, server_state=self._state, app_state=state)
        state["connection"] = protocol  # a request's scope gets a copy: the way to the transport beneath it
        return cast("asyncio.Protocol", protocol)


async def serve(data: Listener, control: Listener, *, is_open: bool = True) -> None:
    """Print both ports and listen until SIGINT or SIGTERM, on the first one not before `accept` unless it `is_open`."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            # Not `signal.signal`: Python would not come to its handler if the signal came just before the loop waits.
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    await (data.accept() if is_open else data.refuse(seconds=None))
    await control.accept()
    sys.stdout.write(json.dumps({"port": data.port, "control_port": control.port}) + "\n")
    sys.stdout.flush()
    await stop.wait()
    await data.stop()
    await control.stop()
