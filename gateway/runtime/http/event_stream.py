"""Writes a stream to a client, with a comment after each long silence.

The ingress closes a connection on which nothing is sent for 240 s, and a model may reason for minutes. Clients ignore
comments.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from ..silence import Silence
from ..upstream.server_sent_events import KEEP_ALIVE


class EventStream:
    """One stream; each part of it that is written has only complete events."""

    def __init__(self, http_response: web.StreamResponse, *, keep_alive_s: float) -> None:
        self._http_response = http_response
        self._keep_alive_s = keep_alive_s
        self._commenting: asyncio.Task[None] | None = None

    async def write(self, parts: AsyncIterator[bytes]) -> None:
        """Write the stream to its end."""
        silence = Silence(self._keep_alive_s, self._begin_comment)
        try:
            async for part in parts:
                silence.end()
                await self._http_response.write(part)
                silence.begin()
        finally:
            silence.close()
            if self._commenting:
                self._commenting.cancel()

    def _begin_comment(self) -> None:
        self._commenting = asyncio.create_task(self._comment())

    async def _comment(self) -> None:
        with suppress(ConnectionError):  # whoever waits for the next part learns it, too
            await self._http_response.write(KEEP_ALIVE)
