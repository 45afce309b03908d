"""Server-sent events: which of them begins an answer, ends it, or reports an error.

https://platform.openai.com/docs/api-reference/responses-streaming
https://platform.openai.com/docs/api-reference/chat-streaming
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

DONE = "[DONE]"
KEEP_ALIVE = b": keep-alive\n\n"
"""A comment. https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes"""
_END_OF_EVENT = re.compile(rb"\r?\n\r?\n")
_LONGEST_END = 4
_ANNOUNCEMENTS = {"response.created", "response.in_progress", "response.queued"}
_FINAL = {"response.completed", "response.failed", "response.incomplete", "error"}
_HTTP_ERROR = re.compile(r"[45][0-9]{2}")
_RATE_LIMIT = re.compile(r"rate_?limit|too_?many|quota")
_SERVER_ERROR = re.compile(r"^(error)?$|server|internal|overload|unavailable|timeout|interrupted")


class MalformedEventError(ValueError):
    """The data of an event is not JSON."""


class ReportedError(NamedTuple):
    """An error in a stream: the HTTP status that it stands for, and its fields."""

    status: int
    details: Mapping[str, object]


class Event(NamedTuple):
    """A complete event: its bytes as received, and its parsed data."""

    raw: bytes
    data: object

    @property
    def _object(self) -> Mapping[str, object]:
        return self.data if isinstance(self.data, dict) else {}

    @property
    def _choices(self) -> list[dict[str, object]]:
        choices = self._object.get("choices")
        return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []

    @property
    def sequence_number(self) -> int | None:
        """The number of an event of the Responses API; chat completions have none."""
        number = self._object.get("sequence_number")
        return number if isinstance(number, int) else None

    @property
    def has_content(self) -> bool:
        """Whether it is part of the answer or an error, not an announcement or a keep-alive."""
        kind = self._object.get("type")
        if isinstance(kind, str):
            return kind == "error" or (kind.startswith("response.") and kind not in _ANNOUNCEMENTS)
        return "error" in self._object or any(map(_choice_has_content, self._choices))

    @property
    def is_final(self) -> bool:
        """Whether no event follows."""
        return self.data == DONE or self._object.get("type") in _FINAL

    @property
    def finished_choices(self) -> int:
        """The number of a chat's choices that end with it; the usage and `[DONE]` may follow."""
        return sum(1 for choice in self._choices if choice.get("finish_reason"))

    @property
    def error(self) -> ReportedError | None:
        """The error that it reports."""
        fields = self._object
        kind = fields.get("type")
        if kind == "response.failed":
            response = fields.get("response")
            error = response.get("error") if isinstance(response, dict) else None
        elif kind == "error":
            error = fields.get("error") or fields
        elif kind is None and "error" in fields and "choices" not in fields:
            error = fields["error"]
        else:
            return None
        return read_error(error)


def read_error(error: object) -> ReportedError:
    """Read an `error` field of an event or a body."""
    details = error if isinstance(error, dict) else {}
    return ReportedError(_status_of(details.get("code") or details.get("type")), details)


def _choice_has_content(choice: Mapping[str, object]) -> bool:
    delta = choice.get("delta")
    if choice.get("finish_reason"):
        return True
    return isinstance(delta, dict) and any(value for name, value in delta.items() if name != "role")


def _status_of(code: object) -> int:
    text = str(code or "").lower()
    if _HTTP_ERROR.fullmatch(text):
        return int(text)
    if _RATE_LIMIT.search(text):
        return 429
    return 502 if _SERVER_ERROR.search(text) else 400


class EventReader:
    """Splits a stream of bytes into complete events; an incomplete last one never reaches a client."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def has_incomplete_event(self) -> bool:
        """Whether an event has begun and not ended."""
        return bool(self._rest.strip())

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events that end in this chunk.

        Raises:
            MalformedEventError: an event is not JSON.
        """
        searched = max(0, len(self._rest) - _LONGEST_END + 1)
        buffer, start = self._rest + chunk, 0
        try:
            for end in _END_OF_EVENT.finditer(buffer, searched):
                event = Event(buffer[start : end.end()], _parse(buffer[start : end.end()]))
                start = end.end()
                yield event
        finally:
            self._rest = buffer[start:]


def _parse(raw: bytes) -> object:
    lines = [line[5:] for line in raw.splitlines() if line.startswith(b"data:")]
    try:
        text = b"\n".join(lines).decode().strip()
        return json.loads(text) if text and text != DONE else text or None
    except (ValueError, RecursionError):
        raise MalformedEventError from None
