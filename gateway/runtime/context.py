"""What is known about a request while it is processed, and the types that the steps exchange.

A step gets a `ModelRequest` and returns a `Response`. Steps note in the `RequestContext` what the access log reports.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .configuration import Model, Project
from .litellm.backlog import Backlog
from .telemetry.trace_context import TraceContext

Clock = Callable[[], float]


def now() -> float:
    """Return the event loop's time in seconds, the clock of all deadlines and durations."""
    return asyncio.get_running_loop().time()


class Surface(StrEnum):
    """An OpenAI API, by its path after the base URL."""

    RESPONSES = "/responses"
    COMPACT = "/responses/compact"
    INPUT_TOKENS = "/responses/input_tokens"
    CHAT = "/chat/completions"
    EMBEDDINGS = "/embeddings"


@dataclass(frozen=True)
class StoredOperation:
    """What a client does with a response that Azure has stored; `path` and `query` follow the id in the URL."""

    method: str
    response_id: str
    path: str = ""
    query: str = ""


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response to the client. The sender calls `close` once at the end: it releases connections and reservations."""

    status: int
    body: bytes | AsyncIterator[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None
    error: str | None = None
    """The code of an error that the gateway detected, for the access log."""


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """The token usage that the upstream reported; `estimated`: it did not report all of it."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    estimated: bool = False

    def plus(self, other: "Tokens | None") -> "Tokens":
        """Return the sum."""
        if other is None:
            return self
        sums = {name: value + getattr(other, name) for name, value in vars(self).items()}
        return Tokens(**{**sums, "estimated": self.estimated or other.estimated})


@dataclass(kw_only=True)
class Attempt:
    """One call of Azure OpenAI; `ms` is the time until the first event or the whole body."""

    region: str
    status: int | None = None
    reason: str | None = None
    ms: float = 0.0
    started: float = 0.0
    has_usage: bool = False
    """It has reported its usage of tokens."""


@dataclass(kw_only=True)
class InnerCalls:
    """The calls that LiteLLM makes to the gateway on behalf of a translated request."""

    token: str = field(default_factory=secrets.token_hex)
    """LiteLLM sends it with each inner call. Unlike the request id, clients never see it."""
    tasks: set[asyncio.Task[object]] = field(default_factory=set)
    backlog: Backlog = field(default_factory=Backlog)
    """What LiteLLM has of the inner call's stream and has not translated yet."""
    merged_events: int = 0
    """Number of events that LiteLLM did not get, because they were merged with others."""
    started: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when LiteLLM has made its first inner call."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when Azure has begun to answer one."""
    ms: float = 0.0
    """The time until their first byte."""
    failure: Response | None = None
    """The error response of an inner call, in Azure's own words."""
    surface: Surface | None = None
    """The API from which LiteLLM translates."""
    refusal_mark: str = field(default_factory=secrets.token_hex)
    """What makes a text a refusal, of which LiteLLM knows nothing."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """What the gateway itself sets in their bodies, from the client's own fields."""

    def cancel(self) -> None:
        """Stop them: LiteLLM may not notice that its client has left, and Azure bills what nobody reads."""
        for task in self.tasks:
            task.cancel()


@dataclass(kw_only=True)
class RequestContext:
    """What is known about one request; never a body or a key."""

    request_id: str
    route: str
    client_request_id: str | None = None
    """The client's own id of the request, if it is short and harmless."""
    client_address: str | None = None
    """If it is logged."""
    started: float
    deadline: float
    """When the first byte is due, including inner calls."""
    project: str | None = None
    key: str | None = None
    """Which of the project's keys the client has."""
    model: str | None = None
    deployment: str | None = None
    stream: bool = False
    status: int = 0
    first_byte: float | None = None
    error: str | None = None
    is_complete: bool = False
    """The stream's final event was sent; some clients close the connection at that moment."""
    region: str | None = None
    """The region that answered."""
    attempts: list[Attempt] = field(default_factory=list)
    tokens: Tokens | None = None
    """What all attempts have reported."""
    estimated_tokens: int = 0
    """Of the input, where the answer itself reports the usage."""
    events: int = 0
    """Number of events in Azure's stream: about one token each, for streams that report no usage."""
    dropped_fields: int = 0
    """Number of unknown fields removed from a translated body. Their names are client data and not kept."""
    queued_ms: float = 0.0
    translations: int | None = None
    """How many requests LiteLLM translated when it got this one, with it."""
    litellm_ms: float | None = None
    """LiteLLM's share of the time to the first byte."""
    inner: InnerCalls = field(default_factory=InnerCalls)
    trace: TraceContext | None = None
    """If there is telemetry."""

    @property
    def counted_tokens(self) -> Tokens | None:
        """What Azure bills: what it reported, and an estimate for a call that ended before its report.

        It did if the client left, or the stream broke off. A failed call costs nothing but what it reported.
        """
        last = self.attempts[-1] if self.attempts else None
        if last is None or last.has_usage or not self.estimated_tokens or self.status >= 400:
            return self.tokens
        if last.status is None or (self.stream and last.status < 400):
            return Tokens(input=self.estimated_tokens, output=self.events, estimated=True).plus(self.tokens)
        return self.tokens


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """An admitted request to a model; `body` is sent on, `fields` is the parsed body."""

    surface: Surface
    model: Model
    project: Project
    body: bytes
    fields: Mapping[str, object]
    stream: bool
    via_litellm: bool
    """LiteLLM has to translate it to an API that the model supports."""
    context: RequestContext
    estimated_tokens: int = 1
    """Of its input."""
    preferred_region: str | None = None
    operation: StoredOperation | None = None
    """Instead of a call of the model."""
    fallback: "ModelRequest | None" = None
    """What other regions than the preferred one get."""
    on_event: Callable[[Mapping[str, object], str], None] | None = None
    """Gets what may contain items of the answer, and its region."""

    def in_region(self, region: str) -> "ModelRequest":
        """Return the request that this region gets."""
        return self.fallback if self.fallback and region != self.preferred_region else self


Handler = Callable[[ModelRequest], Awaitable[Response]]
