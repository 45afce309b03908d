"""The gateway's access log, read line by line into records (docs/log.md has the fields).

Nothing in a file is trusted: a value of another type makes the line unreadable, names are printable and cut. Fields
that earlier versions of the gateway did not have are optional.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, BinaryIO, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

MAX_LINE_BYTES = 65_536
_MAX_NAME = 48
_MAX_UNREADABLE = 5
_CREDENTIALS_REFUSED = (401, 403)


def _printable(text: object) -> object:
    if not isinstance(text, str):
        return text
    name = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[: _MAX_NAME + 1])
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…"


Name = Annotated[str, BeforeValidator(_printable)]
Count = Annotated[int, Field(ge=0, le=10**9)]
Time = Annotated[AwareDatetime, Field(ge=datetime(2020, 1, 1, tzinfo=UTC), le=datetime(2120, 1, 1, tzinfo=UTC))]
Milliseconds = Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Tokens(_Record):
    """What Azure has counted; if `estimated`, with what the gateway assumes of answers that ended before that."""

    input: Count = 0
    output: Count = 0
    cached: Count = 0
    reasoning: Count = 0
    estimated: bool = False


class Attempt(_Record):
    """One call of Azure."""

    upstream: Name
    status: int | None = None
    reason: Name | None = None

    @property
    def failed(self) -> bool:
        """Whether the fault was not the client's. Azure refuses the gateway's own credentials with 401 and 403."""
        return self.reason is not None or self.status in _CREDENTIALS_REFUSED


NO_PLACE = "translation_overloaded"
Outcome = Literal["answered", "refused", "429", "failed", "client left"]


class Request(_Record):
    """One request."""

    time: Time
    request_id: Name
    project: Name | None = None
    route: Name
    model: Name | None = None
    stream: bool = False
    status: Annotated[int, Field(ge=0, le=999)]
    error: Name | None = None
    ms: Milliseconds
    first_byte_ms: Milliseconds | None = None
    tokens: Tokens | None = None
    region: Name | None = None
    attempts: tuple[Attempt, ...] = ()
    queued_ms: Milliseconds = 0.0
    litellm_ms: Milliseconds | None = None
    translations: Count | None = None

    @property
    def outcome(self) -> Outcome:
        """What the client got. A stream that broke off has failed, although its status is 200."""
        if self.status == 0 or self.error == "client_closed":
            return "client left"
        if self.status == 429:
            return "429"
        if 400 <= self.status < 500 or (self.status < 400 and self.error == "upstream_refused"):
            return "refused"
        return "failed" if self.status >= 500 or self.error else "answered"

    @property
    def is_translated(self) -> bool:
        """Whether it needed LiteLLM, also if that had no place for it."""
        return self.translations is not None or self.litellm_ms is not None or self.error == NO_PLACE

    @property
    def failed_over(self) -> bool:
        """Whether a region failed and another one was called."""
        return any(attempt.upstream != self.attempts[-1].upstream for attempt in self.attempts if attempt.failed)


class Event(_Record):
    """One operational event."""

    time: Time
    event: Name
    count: Count = 0


@dataclass(kw_only=True)
class Log:
    """What was read, and what was not."""

    requests: list[Request] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    other_lines: int = 0
    """Of other programs and containers: no JSON, or without a request's and an event's fields."""
    unreadable_lines: int = 0
    unreadable: list[str] = field(default_factory=list)
    """The first of them: where, and why."""
    cut: str | None = None
    """What is missing, because there was more than the limit."""

    @property
    def lines(self) -> int:
        """Of the gateway."""
        return len(self.requests) + len(self.events)

    def add(self, text: str, *, where: str) -> None:
        """Read a line; `where` names it."""
        text = text.strip()
        if not text.startswith("{"):
            self.other_lines += bool(text)
            return
        try:
            fields = json.loads(text)
            if "request_id" in fields and "event" not in fields:
                self.requests.append(Request.model_validate(fields))
            elif "event" in fields:
                self.events.append(Event.model_validate(fields))
            else:
                self.other_lines += 1
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            self._refuse(where, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        except (ValueError, RecursionError):
            self._refuse(where, "not valid JSON; was the file cut here?")

    def _refuse(self, where: str, why: str) -> None:
        self.unreadable_lines += 1
        if len(self.unreadable) < _MAX_UNREADABLE:
            self.unreadable.append(f"{where}: {why}")


def read_stream(log: Log, stream: BinaryIO, *, name: str, max_lines: int) -> None:
    """Add the lines of a file until the log has `max_lines` of the gateway."""
    for number, line in enumerate(_lines(stream), start=1):
        if log.lines >= max_lines:
            log.cut = f"only the first {max_lines:,} lines, up to {name}, line {number - 1}"
            return
        log.add(line.decode("utf-8", "replace"), where=f"{name}, line {number}")


def _lines(stream: BinaryIO) -> Iterable[bytes]:
    """Lines, cut where they are longer than any line of the gateway: what is no log may have no lines at all."""
    while line := stream.readline(MAX_LINE_BYTES):
        yield line
        while line and not line.endswith(b"\n") and len(line) == MAX_LINE_BYTES:
            line = stream.readline(MAX_LINE_BYTES)
