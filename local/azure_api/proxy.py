"""A proxy that leads every host of Azure to one listener on this machine, and no request anywhere else.

With it as `HTTPS_PROXY` programs call Azure's own addresses: nothing in a stack or its backend differs from Azure.
"""

import asyncio
from collections.abc import Sequence
from fnmatch import fnmatchcase

_CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
_CHUNK = 64 * 2**10


class Proxy:
    """Answers `CONNECT HOST:443` for `hosts` (patterns); notes in `refused` the others that are asked for."""

    def __init__(self, *, hosts: Sequence[str], host: str, port: int, refused: list[str]) -> None:
        self._hosts = hosts
        self._target = (host, port)
        self._refused = refused

    async def accept(self, host: str) -> int:
        """Listen on a free port until the loop ends; the port."""
        self._server = await asyncio.start_server(self._tunnel, host, 0)
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Stop listening; open tunnels end with the loop."""
        self._server.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            method, address, _ = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
            host = address.decode().removesuffix(":443")
            if method != b"CONNECT" or not any(fnmatchcase(host, pattern) for pattern in self._hosts):
                self._refused.append(host)
                writer.write(_REFUSED)
                return
            target_reader, target_writer = await asyncio.open_connection(*self._target)
            writer.write(_CONNECTED)
            await asyncio.gather(_copy(reader, target_writer), _copy(target_reader, writer))
        except (OSError, EOFError, ValueError):  # a client that is gone
            pass
        finally:
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
