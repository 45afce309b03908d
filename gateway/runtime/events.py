"""Server-sent events as Azure and LiteLLM write them: which one starts an answer, ends it, or tells of a failure.

https://platform.openai.com/docs/api-reference/responses-streaming
https://platform.openai.com/docs/api-reference/chat-streaming
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_END_OF_EVENT = re.compile(rb"\r?\n\r?\n")
_ANNOUNCEMENTS = {"response.created", "response.in_progress", "response.queued"}
_FINAL = {"response.completed", "response.failed", "response.incomplete", "error"}
_DONE = "[DONE]"


class MalformedEventError(ValueError):
    """An event whose data is not JSON."""


@dataclass(frozen=True)
class Event:
    """One whole event: its bytes as they came, and its data, parsed."""

    raw: bytes
    data: object

    @property
    def _fields(self) -> dict[str, object]:
        return self.data if isinstance(self.data, dict) else {}

    @property
    def _choices(self) -> list[dict[str, object]]:
        choices = self._fields.get("choices")
        return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []

    @property
    def sequence_number(self) -> int | None:
        """The Responses API numbers its events; chat completions do not."""
        number = self._fields.get("sequence_number")
        return number if isinstance(number, int) else None

    @property
    def is_real(self) -> bool:
        """Does it carry something of the answer, rather than the announcement of one?"""
        kind = self._fields.get("type")
        if isinstance(kind, str):
            return kind not in _ANNOUNCEMENTS
        return self.is_final or any(self._says_something(choice) for choice in self._choices)

    @staticmethod
    def _says_something(choice: dict[str, object]) -> bool:
        delta = choice.get("delta")
        return isinstance(delta, dict) and any(value for name, value in delta.items() if name != "role")

    @property
    def is_final(self) -> bool:
        """Is the answer whole with it?"""
        if self.data == _DONE or self._fields.get("type") in _FINAL or self.failure is not None:
            return True
        return any(choice.get("finish_reason") for choice in self._choices)

    @property
    def failure(self) -> int | None:
        """The HTTP status that an in-band error stands for."""
        fields = self._fields
        kind = fields.get("type")
        if kind == "response.failed":
            response = fields.get("response")
            error = response.get("error") if isinstance(response, dict) else None
        elif kind == "error":
            error = fields.get("error") or fields
        elif "error" in fields and "choices" not in fields and kind is None:
            error = fields["error"]
        else:
            return None
        return _status(error.get("code") if isinstance(error, dict) else None)


def _status(code: object) -> int:
    text = str(code or "")
    if text.isdigit():
        return int(text)
    if "rate_limit" in text or "too_many" in text:
        return 429
    return 502 if text in ("", "server_error", "internal_error", "upstream_interrupted") else 400


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
        self._rest += chunk
        while end := _END_OF_EVENT.search(self._rest):
            raw, self._rest = self._rest[: end.end()], self._rest[end.end() :]
            yield Event(raw, _data(raw))


def _data(raw: bytes) -> object:
    text = b"\n".join(line[5:].strip() for line in raw.splitlines() if line.startswith(b"data:"))
    if not text or text == _DONE.encode():
        return text.decode() or None
    try:
        return json.loads(text)
    except ValueError:
        raise MalformedEventError from None
