"""A streamed answer: held back until its first real event, and never ended as if it were whole when it is not."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp

from .errors import interruption
from .events import Event, EventReader, MalformedEventError
from .exchange import Call, Transient


def is_transient(status: int) -> bool:
    """May another attempt succeed where this one was answered so?"""
    return status in (408, 429) or status >= 500


class UpstreamStream:
    """The events of one upstream response, in the upstream's own bytes."""

    def __init__(self, *, response: aiohttp.ClientResponse, call: Call, idle_s: float) -> None:
        self._content = response.content
        self._call = call
        self._idle_s = idle_s
        self._reader = EventReader()
        self._started = False
        self._finished = False
        self._sequence_number = -1

    async def first(self) -> bytes:
        """Return everything up to and with the first real event; the caller bounds the time.

        Raises:
            Transient: an error that may pass came first, or nothing did.
        """
        held = b""
        async for chunk in self._content.iter_any():
            held += self._take(chunk)
            if self._started:
                return held
        raise Transient(502, "ended without an event")

    async def rest(self, first: bytes) -> AsyncIterator[bytes]:
        """Yield the stream from its first real event on; after a cut or a silence, an error event ends it."""
        yield first
        try:
            while chunk := await self._next():
                if whole := self._take(chunk):
                    yield whole
        except (TimeoutError, aiohttp.ClientError, OSError, MalformedEventError):
            self._finished = self._finished and not self._reader.pending
        if not self._finished:
            self._call.record.error = "upstream_interrupted"
            yield interruption(self._call.surface, self._sequence_number + 1)

    async def _next(self) -> bytes:
        async with asyncio.timeout(self._idle_s):
            return await self._content.readany()

    def _take(self, chunk: bytes) -> bytes:
        whole = b""
        for event in self._reader.feed(chunk):
            if event.failure is not None and not self._started and is_transient(event.failure):
                raise Transient(event.failure, "error event")
            self._started = self._started or event.is_real
            self._finished = self._finished or event.is_final
            if event.sequence_number is not None:
                self._sequence_number = event.sequence_number
            whole += self._in_our_words(event)
        return whole

    def _in_our_words(self, event: Event) -> bytes:
        """LiteLLM's account of a failure is written for its own operator; everything else passes as it came."""
        if event.failure is None or not self._call.is_translated:
            return event.raw
        self._call.record.error = "upstream_interrupted"
        return interruption(self._call.surface, 0)
