"""The connection under an answer: sending, waiting for a client that may leave, breaking off."""

import asyncio
import socket
import struct
import sys
from contextlib import suppress
from typing import Protocol

from starlette.types import Receive, Scope, Send

_LINGER = "hh" if sys.platform == "win32" else "ii"


class ClientGone(Exception):  # noqa: N818 - not an error of ours, an event
    """The client has closed the connection."""


class Cut(Exception):  # noqa: N818 - not an error of ours, an event
    """We have closed the connection, as ordered."""


class Connection(Protocol):
    """What the listener puts into a request's state: uvicorn's protocol object, of which we need the transport."""

    @property
    def transport(self) -> asyncio.Transport: ...


class Wire:
    """One answer's way to the client."""

    def __init__(self, *, scope: Scope, receive: Receive, send: Send) -> None:
        connection: Connection | None = scope.get("state", {}).get("connection")
        self._transport = connection.transport if connection else None
        self._receive = receive
        self._send = send

    async def head(self, *, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def part(self, data: bytes, *, more: bool) -> None:
        """Send some of the body; ClientGone when nobody is left to read it."""
        if self._transport is not None and self._transport.is_closing():
            raise ClientGone
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
        if more:
            await asyncio.sleep(0)  # lets the loop see a client that leaves between two events

    async def wait(self, *, seconds: float | None) -> None:
        """Wait, None for ever; ClientGone as soon as the client leaves."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
                raise ClientGone

    async def cut(self, *, reset: bool) -> None:
        """Close the connection in the middle, with a TCP reset or an ordinary end. Raises Cut."""
        if self._transport is None:
            raise Cut
        if reset:
            sock = self._transport.get_extra_info("socket")
            # Lingering for zero seconds makes the kernel answer with RST instead of FIN.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))
        self._transport.abort()
        with suppress(ClientGone):
            await self.wait(seconds=None)
        raise Cut
