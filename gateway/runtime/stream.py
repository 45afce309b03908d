"""A streamed answer: held back until its first real event, and never ended as if it were whole when it is not."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import aiohttp

from .errors import exhausted, interruption, told
from .events import Event, EventReader, Failure, MalformedEventError
from .exchange import Call, Surface, Transient, is_transient
from .repairs import Repair

See = Callable[[Mapping[str, object]], None]
"""Gets what the upstream said, parsed: a whole answer, or each event of a stream."""
Over = Callable[[Transient | None], None]
"""Told once that an answer has come to its end (None), or why it has not."""


class UpstreamStream:
    """The events of one upstream response, in the upstream's own bytes but for the repair."""

    def __init__(
        self, *, response: aiohttp.ClientResponse, call: Call, repair: Repair, idle_s: float, see: See, over: Over
    ) -> None:
        self._response = response
        self._call = call
        self._repair = repair
        self._idle_s = idle_s
        self._see = see
        self._over = over
        self._reader = EventReader()
        self._events: Iterator[Event] = iter(())
        self._started = False
        self._broken: str | None = None
        self._failure: Transient | None = None
        choices = call.fields.get("n")
        self._unfinished = max(1, choices) if isinstance(choices, int) else 1
        self._sequence_number = -1
        self._is_inner = call.record.asked.is_set() and not call.translated
        self._waiting_since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def first(self) -> bytes:
        """Return everything up to the first real event; the caller bounds the time.

        Raises:
            Transient: an error that may pass came first, or nothing did.
        """
        held = b""
        async for chunk in self._response.content.iter_any():
            self._events = self._reader.feed(chunk)
            held += self._take()
            if self._started:
                return held
            if self._broken:
                break
        raise Transient(502, self._broken or "ended without an event")

    async def rest(self, first: bytes) -> AsyncIterator[bytes]:
        """Yield the stream from its first real event on; after a cut or a silence, an error event ends it."""
        if first:
            yield first
        self._watch()
        try:
            while True:
                if whole := self._take():
                    yield whole
                if self._broken or not (chunk := await self._next()):
                    break
                self._events = self._reader.feed(chunk)
        except (aiohttp.ClientError, OSError) as broken:
            self._broken = self._broken or type(broken).__name__
        if self._unfinished > 0 or (self._broken and self._reader.pending):
            yield self._interrupted()
        self._over(self._failure)

    def close(self) -> None:
        """Let go of the upstream, which stops answering if it has not come to the end."""
        if self._timer:
            self._timer.cancel()
        self._response.close()

    async def _next(self) -> bytes:
        self._waiting_since = asyncio.get_running_loop().time()
        chunk = await self._response.content.readany()
        self._waiting_since = None
        return chunk

    def _watch(self) -> None:
        """Break off when nothing has come for too long: one timer for the stream, and not one for each chunk."""
        loop = asyncio.get_running_loop()
        waited_s = 0.0 if self._waiting_since is None else loop.time() - self._waiting_since
        if waited_s >= self._idle_s:
            self._broken = "TimeoutError"
            self._response.close()
        else:
            self._timer = loop.call_later(self._idle_s - waited_s, self._watch)

    def _take(self) -> bytes:
        """What has come since; the first real event is waited for, so nothing behind it holds it up."""
        passed, held_back = [], not self._started
        try:
            for event in self._events:
                failure = event.failure
                passed.append(self._pass(event) if failure is None else self._fail(event, failure))
                if held_back and self._started:
                    break
        except MalformedEventError:
            self._broken = "malformed event"
        return b"".join(passed)

    def _pass(self, event: Event) -> bytes:
        self._started = self._started or event.is_real
        self._call.record.events += not self._call.translated
        # What ends a stream of chat completions ends no response.
        is_last = event.is_last and (event.data != "[DONE]" or self._call.surface is Surface.CHAT)
        self._unfinished -= self._unfinished if is_last else event.finished_choices
        self._call.record.whole = self._unfinished <= 0 and not self._is_inner
        number = event.sequence_number
        if number is not None:
            self._sequence_number = number
        if isinstance(event.data, dict):
            self._see(event.data)
        return self._repair.event(event)

    def _fail(self, event: Event, failure: Failure) -> bytes:
        """Azure's account of a failure passes as it came; LiteLLM's is written for its own operator."""
        transient, translated = is_transient(failure.status), self._call.translated
        if not self._started and (transient or translated):
            raise Transient(failure.status, "error event")
        self._started, self._unfinished, self._call.record.whole = True, 0, not self._is_inner
        self._call.record.error = "upstream_interrupted" if transient or translated else "upstream_refused"
        if transient:
            self._failure = Transient(failure.status, "error event")
        if translated:
            return interruption(self._call.surface, self._sequence_number + 1)
        self._call.record.failure = told(failure.status, failure.error)
        return event.raw

    def _interrupted(self) -> bytes:
        self._failure = Transient(502, self._broken or "ended early")
        self._call.record.error = "upstream_interrupted"
        if not self._call.translated:
            self._call.record.failure = exhausted(self._failure)
        return interruption(self._call.surface, self._sequence_number + 1)
