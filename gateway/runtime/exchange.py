"""The words that the gateway's steps share: a call goes down, an answer or a `Transient` comes back."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .configuration import Model, Project


class Surface(StrEnum):
    """Which of OpenAI's APIs the client speaks."""

    RESPONSES = "responses"
    COMPACT = "responses/compact"
    CHAT = "chat"
    EMBEDDINGS = "embeddings"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the client gets. Whoever answers calls `close` once, when all is sent: connections and places are held."""

    status: int
    body: bytes | AsyncIterator[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None
    error: str | None = None
    """OpenAI's code of an error that the gateway itself found, for the log."""


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What an answer cost, as the upstream counted it."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0


@dataclass(kw_only=True)
class Record:
    """What the log will say of one request: never a body, never a key."""

    request_id: str
    route: str
    started: float
    deadline: float
    """The event loop's time when the first byte is due, also for what LiteLLM asks on the request's behalf."""
    ticket: str = field(default_factory=secrets.token_hex)
    """What LiteLLM shows when it asks on behalf of the request; unlike the id, no client ever sees it."""
    project: str | None = None
    model: str | None = None
    stream: bool = False
    status: int = 0
    first_byte: float | None = None
    error: str | None = None
    whole: bool = False
    """The stream has said its last word: clients that know it close the connection at once."""
    region: str | None = None
    """The upstream that answered."""
    attempts: list[dict[str, object]] = field(default_factory=list)
    """The calls of Azure: `upstream`, `status`, `reason`, `ms`."""
    tokens: Tokens | None = None
    events: int = 0
    """Of Azure's stream: about a token each, where it does not tell its usage."""
    dropped: int = 0
    """How many fields of a translated body were unknown and left out; their names are the client's own words."""
    queued_ms: float = 0.0
    litellm_ms: float | None = None
    """LiteLLM's share of the time to the first byte."""
    failure: Answer | None = None
    """What the call beneath LiteLLM failed with, in Azure's own words."""
    beneath: set[asyncio.Task[object]] = field(default_factory=set)
    """The calls that LiteLLM makes for this request."""
    beneath_ms: float = 0.0
    """How long they took to their first byte."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """LiteLLM has made such a call."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request that the door let in; `body` is what goes on, `fields` what the door read in it."""

    surface: Surface
    model: Model
    project: Project
    body: bytes
    fields: Mapping[str, object]
    stream: bool
    translated: bool
    """Must LiteLLM put it into words that the model's API understands?"""
    record: Record
    prefer: str | None = None
    """The upstream to ask first, where another step has reasons for it."""


class Transient(Exception):  # noqa: N818 - not an error yet: somebody may try again
    """An attempt failed before the client saw anything of it, and another one may succeed."""

    def __init__(self, status: int, reason: str, *, retry_after: float | None = None, sent: bool = True) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        self.sent = sent


def is_transient(status: int) -> bool:
    """May another attempt succeed where this one was answered so?"""
    return status in (408, 429) or status >= 500


Step = Callable[[Call], Awaitable[Answer]]
