"""The words that the gateway's steps share: a call goes down, an answer or a `Transient` comes back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .configuration import Model


class Surface(StrEnum):
    """Which of OpenAI's APIs the client speaks."""

    RESPONSES = "responses"
    CHAT = "chat"
    EMBEDDINGS = "embeddings"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the client gets; a streamed body holds its upstream connection until `close` is called."""

    status: int
    body: bytes | AsyncIterator[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None
    error: str | None = None
    """OpenAI's code of an error that the gateway itself found, for the log."""


@dataclass(kw_only=True)
class Record:
    """What the log will say of one request: never a body, never a key."""

    request_id: str
    route: str
    started: float
    deadline: float
    """The event loop's time when the first byte is due, also for what LiteLLM asks on the request's behalf."""
    model: str | None = None
    stream: bool = False
    status: int = 0
    first_byte: float | None = None
    error: str | None = None
    attempts: list[dict[str, object]] = field(default_factory=list)
    failure: Answer | None = None
    """What the call beneath LiteLLM failed with, in Azure's own words."""
    beneath: set[asyncio.Task[object]] = field(default_factory=set)
    """The calls that LiteLLM makes for this request."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request that the door let in."""

    surface: Surface
    model: Model
    body: bytes
    stream: bool
    record: Record

    @property
    def is_translated(self) -> bool:
        """Must LiteLLM put it into words that the model's API understands?"""
        return self.surface is Surface.CHAT and self.model.kind == "responses"


class Transient(Exception):  # noqa: N818 - not an error yet: somebody may try again
    """An attempt failed before the client saw anything of it, and another one may succeed."""

    def __init__(self, status: int, reason: str, *, retry_after: float | None = None, sent: bool = True) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        self.sent = sent


Step = Callable[[Call], Awaitable[Answer]]
