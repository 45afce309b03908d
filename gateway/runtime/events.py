"""Server-sent events as Azure and LiteLLM write them: which one starts an answer, ends it, or tells of a failure.

https://platform.openai.com/docs/api-reference/responses-streaming
https://platform.openai.com/docs/api-reference/chat-streaming
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_END_OF_EVENT = re.compile(rb"\r?\n\r?\n")
_LONGEST_END = 4
_ANNOUNCEMENTS = {"response.created", "response.in_progress", "response.queued"}
_FINAL = {"response.completed", "response.failed", "response.incomplete", "error"}
_DONE = "[DONE]"
_HTTP_ERROR = re.compile(r"[45][0-9]{2}")
_RATE_LIMIT = re.compile(r"rate_?limit|too_?many|quota")
_MAY_PASS = re.compile(r"^(error)?$|server|internal|overload|unavailable|timeout|interrupted")


class MalformedEventError(ValueError):
    """An event whose data is not JSON."""


class Failure(NamedTuple):
    """An error inside a stream: the HTTP status that it stands for, and what was said of it."""

    status: int
    error: Mapping[str, object]


class Event(NamedTuple):
    """One whole event: its bytes as they came, and its data, parsed."""

    raw: bytes
    data: object

    @property
    def _said(self) -> Mapping[str, object]:
        return self.data if isinstance(self.data, dict) else {}

    @property
    def _choices(self) -> list[dict[str, object]]:
        choices = self._said.get("choices")
        return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []

    @property
    def sequence_number(self) -> int | None:
        """The Responses API numbers its events; chat completions do not."""
        number = self._said.get("sequence_number")
        return number if isinstance(number, int) else None

    @property
    def is_real(self) -> bool:
        """Does it carry something of the answer, rather than the announcement of one, or a sign of life?"""
        kind = self._said.get("type")
        if isinstance(kind, str):
            return kind == "error" or (kind.startswith("response.") and kind not in _ANNOUNCEMENTS)
        return "error" in self._said or any(map(_says_something, self._choices))

    @property
    def is_last(self) -> bool:
        """Does nothing follow after it?"""
        return self.data == _DONE or self._said.get("type") in _FINAL

    @property
    def finished_choices(self) -> int:
        """How many of a chat's answers end with it; `[DONE]` may still follow, and the usage."""
        return sum(1 for choice in self._choices if choice.get("finish_reason"))

    @property
    def failure(self) -> Failure | None:
        """The error that it tells of."""
        fields = self._said
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
        return failure_of(error)


def failure_of(error: object) -> Failure:
    """What an `error` says, in an event or in a whole answer."""
    said = error if isinstance(error, dict) else {}
    return Failure(_status(said.get("code") or said.get("type")), said)


def _says_something(choice: Mapping[str, object]) -> bool:
    delta = choice.get("delta")
    if choice.get("finish_reason"):
        return True
    return isinstance(delta, dict) and any(value for name, value in delta.items() if name != "role")


def _status(word: object) -> int:
    text = str(word or "").lower()
    if _HTTP_ERROR.fullmatch(text):
        return int(text)
    if _RATE_LIMIT.search(text):
        return 429
    return 502 if _MAY_PASS.search(text) else 400


class EventReader:
    """Cuts a stream of bytes into whole events; what is left of a cut stream never reaches a client."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def pending(self) -> bool:
        """Is there the beginning of an event whose end has not come?"""
        return bool(self._rest.strip())

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events that end within this chunk; raise MalformedEventError for one that is not JSON."""
        seen = max(0, len(self._rest) - _LONGEST_END + 1)
        text, start = self._rest + chunk, 0
        try:
            for end in _END_OF_EVENT.finditer(text, seen):
                event = Event(text[start : end.end()], _data(text[start : end.end()]))
                start = end.end()
                yield event
        finally:
            self._rest = text[start:]


def _data(raw: bytes) -> object:
    lines = [line[5:] for line in raw.splitlines() if line.startswith(b"data:")]
    try:
        text = b"\n".join(lines).decode().strip()
        return json.loads(text) if text and text != _DONE else text or None
    except (ValueError, RecursionError):
        raise MalformedEventError from None
