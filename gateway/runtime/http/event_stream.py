"""Writes a stream to a client, with a comment after each long silence.

The ingress closes a connection on which nothing is sent for 240 s, and a model may reason for minutes. Clients ignore
comments: https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

_COMMENT = b": keep-alive\n\n"


class EventStream:
    """One stream; each part of it that is written has only complete events."""

    def __init__(self, http_response: web.StreamResponse, *, keep_alive_s: float) -> None:
        self._http_response = http_response
        self._keep_alive_s = keep_alive_s
        self._silent_since: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._commenting: asyncio.Task[None] | None = None

    async def write(self, parts: AsyncIterator[bytes]) -> None:
        """Write the stream to its end."""
        loop = asyncio.get_running_loop()
        self._check_silence()
        try:
            async for part in parts:
                self._silent_since = None
                await self._http_response.write(part)
                self._silent_since = loop.time()
        finally:
            if self._timer:
                self._timer.cancel()

    def _check_silence(self) -> None:
        """One timer for the stream costs less than one for each part."""
        loop = asyncio.get_running_loop()
        silence_s = 0.0 if self._silent_since is None else loop.time() - self._silent_since
        if silence_s >= self._keep_alive_s:
            self._silent_since, silence_s = loop.time(), 0.0
            self._commenting = loop.create_task(self._comment())
        self._timer = loop.call_later(self._keep_alive_s - silence_s, self._check_silence)

    async def _comment(self) -> None:
        with suppress(ConnectionError):  # whoever waits for the next part learns it, too
            await self._http_response.write(_COMMENT)
