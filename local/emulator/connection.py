"""The client's connection: sending, waiting until the client disconnects, closing it early."""

import asyncio
import socket
import struct
import sys
from contextlib import suppress
from typing import Protocol

from starlette.types import Receive, Scope, Send

_LINGER = "hh" if sys.platform == "win32" else "ii"


class ClientGone(Exception):  # noqa: N818 - an event, not an error
    """The client has closed the connection."""


class Cut(Exception):  # noqa: N818 - an event, not an error
    """The emulator has closed the connection, as the fault says."""


class UvicornProtocol(Protocol):
    """uvicorn's protocol object, which the listener puts into a request's state; only the transport is used."""

    @property
    def transport(self) -> asyncio.Transport: ...


class Connection:
    """The connection of one request."""

    def __init__(self, *, scope: Scope, receive: Receive, send: Send) -> None:
        protocol: UvicornProtocol | None = scope.get("state", {}).get("connection")
        self._transport = protocol.transport if protocol else None
        self._receive = receive
        self._send = send

    async def head(self, *, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def part(self, data: bytes, *, more: bool) -> None:
        """Send a part of the body; ClientGone when the client has disconnected."""
        if self._transport is not None and self._transport.is_closing():
            raise ClientGone
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
        if more:
            await asyncio.sleep(0)  # lets the loop notice a client that disconnects between two events

    async def wait(self, *, seconds: float | None) -> None:
        """Wait, None for ever; ClientGone as soon as the client disconnects."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
                raise ClientGone

    async def cut(self, *, reset: bool) -> None:
        """Close the connection early, with a TCP reset or an ordinary end. Raises Cut."""
        if self._transport is None:
            raise Cut
        if reset:
            sock = self._transport.get_extra_info("socket")
            # A linger time of zero makes the kernel send RST instead of FIN.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))
        self._transport.abort()
        with suppress(ClientGone):
            await self.wait(seconds=None)
        raise Cut
