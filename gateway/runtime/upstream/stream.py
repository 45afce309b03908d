"""A streamed response: held back until its first event with content, and never ended as if complete when it is not."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import aiohttp

from ..context import ModelRequest, Surface
from ..errors import azure_error, interruption_event, upstream_unavailable
from ..retries import RetryableError, is_retryable
from ..silence import Silence
from .response_fixes import ResponseFix
from .server_sent_events import DONE, Event, EventReader, MalformedEventError, ReportedError

OnEvent = Callable[[Mapping[str, object]], None]
"""Gets each parsed event of a stream, or the parsed body of a whole response."""
OnEnd = Callable[[RetryableError | None], None]
"""Called once at the end of a response: with None if it is complete, else with the error."""


class UpstreamStream:
    """The events of an upstream's response, passed on as received but for the fix."""

    def __init__(
        self,
        *,
        http_response: aiohttp.ClientResponse,
        request: ModelRequest,
        fix: ResponseFix,
        idle_s: float,
        on_event: OnEvent,
        on_end: OnEnd,
    ) -> None:
        self._http_response = http_response
        self._request = request
        self._context = request.context
        self._fix = fix
        self._idle_s = idle_s
        self._on_event = on_event
        self._on_end = on_end
        self._reader = EventReader()
        self._events: Iterator[Event] = iter(())
        # A client resumes a response in the background by its id, which the first event tells.
        self._has_content = request.operation is not None
        self._is_background = request.fields.get("background") is True
        self._counts_events = not request.via_litellm and request.operation is None
        self._break_reason: str | None = None
        self._error: RetryableError | None = None
        choices = request.fields.get("n")
        self._unfinished = max(1, choices) if isinstance(choices, int) else 1
        self._sequence_number = -1
        self._is_inner = self._context.inner.started.is_set() and not request.via_litellm
        self._silence: Silence | None = None

    async def read_beginning(self) -> bytes:
        """Return everything up to the first event with content; the caller limits the time.

        Raises:
            RetryableError: a retryable error came first, or the stream ended.
        """
        beginning = b""
        async for chunk in self._http_response.content.iter_any():
            self._events = self._reader.feed(chunk)
            beginning += self._process_events()
            if self._has_content:
                return beginning
            if self._break_reason:
                break
        raise RetryableError(502, self._break_reason or "ended without an event")

    async def read_rest(self, beginning: bytes) -> AsyncIterator[bytes]:
        """Yield the stream from its beginning; if it breaks off or stalls, an error event is the last one."""
        if beginning:
            yield beginning
        self._silence = Silence(self._idle_s, self._break_off)
        try:
            while True:
                if data := self._process_events():
                    yield data
                if self._break_reason or not (chunk := await self._read_chunk(self._silence)):
                    break
                self._events = self._reader.feed(chunk)
        except (aiohttp.ClientError, OSError) as broken:
            self._break_reason = self._break_reason or type(broken).__name__
        if self._unfinished > 0 or (self._break_reason and self._reader.has_incomplete_event):
            yield self._interrupt()
        self._on_end(self._error)

    def close(self) -> None:
        """Close the connection to the upstream, which stops generating if it has not ended."""
        if self._silence:
            self._silence.close()
        self._http_response.close()

    async def _read_chunk(self, silence: Silence) -> bytes:
        silence.begin()
        chunk = await self._http_response.content.readany()
        silence.end()
        return chunk

    def _break_off(self) -> None:
        self._break_reason = "TimeoutError"
        # Else aiohttp raises one exception object for all responses, which keeps the frames, and bodies, of each.
        self._http_response.content.set_exception(TimeoutError())
        self._http_response.close()

    def _process_events(self) -> bytes:
        """Return the bytes for the client; stop after the first event with content, which is sent without delay."""
        processed, is_held_back = [], not self._has_content
        try:
            for event in self._events:
                error = event.error
                processed.append(self._forward(event) if error is None else self._fail(event, error))
                if is_held_back and self._has_content:
                    break
        except MalformedEventError:
            self._break_reason = "malformed event"
        return b"".join(processed)

    def _forward(self, event: Event) -> bytes:
        self._has_content = self._has_content or event.has_content or self._is_background
        self._context.events += self._counts_events
        # Chat completions end with [DONE], responses do not.
        is_final = event.is_final and (event.data != DONE or self._request.surface is Surface.CHAT)
        self._unfinished -= self._unfinished if is_final else event.finished_choices
        self._context.is_complete = self._unfinished <= 0 and not self._is_inner
        number = event.sequence_number
        if number is not None:
            self._sequence_number = number
        if isinstance(event.data, dict):
            self._on_event(event.data)
        return self._fix.fix_event(event)

    def _fail(self, event: Event, error: ReportedError) -> bytes:
        """Pass on Azure's error event; LiteLLM's is meant for its operator and is replaced."""
        retryable, via_litellm = is_retryable(error.status), self._request.via_litellm
        if isinstance(event.data, dict):
            self._on_event(event.data)  # it may report what Azure bills nevertheless
        if not self._has_content and (retryable or via_litellm):
            raise RetryableError(error.status, "error event")
        self._has_content, self._unfinished, self._context.is_complete = True, 0, not self._is_inner
        self._context.error = "upstream_interrupted" if retryable or via_litellm else "upstream_refused"
        if retryable:
            self._error = RetryableError(error.status, "error event")
        if via_litellm:
            return interruption_event(self._request.surface, self._sequence_number + 1)
        self._context.inner.failure = azure_error(error.status, error.details)
        return event.raw

    def _interrupt(self) -> bytes:
        self._error = RetryableError(502, self._break_reason or "ended early")
        self._context.error = "upstream_interrupted"
        if not self._request.via_litellm:
            self._context.inner.failure = upstream_unavailable(self._error)
        return interruption_event(self._request.surface, self._sequence_number + 1)
