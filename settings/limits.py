"""Time limits, retries, the circuit breaker, and the limits of a request.

The gateway itself reads these models, too: this module travels into its container (`gateway/archive.py`), so it may
import nothing but pydantic and `settings.values`.
"""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from settings.values import FieldPath, Group, conflict, seconds, whole_number


class Timeouts(Group):
    """Seconds; below the 240 after which the ingress closes an idle connection, with a margin for LiteLLM.

    Source: https://learn.microsoft.com/azure/container-apps/ingress-overview.
    """

    connect_s: Annotated[float, seconds(0.1, 60)] = Field(
        5.0, description="Until a connection to the upstream is open."
    )
    headers_s: Annotated[float, seconds(0.1, 230)] = Field(
        15.0,
        description="Until Azure's response headers, of a streamed answer or of embeddings. After that the next region "
        "is tried.",
    )
    first_event_s: Annotated[float, seconds(0.1, 230)] = Field(
        60.0, description="Until the first event of a streamed answer."
    )
    idle_s: Annotated[float, seconds(0.1, 230)] = Field(
        180.0, description="Between two events of a streamed answer. A reasoning model can be silent for minutes."
    )
    keep_alive_s: Annotated[float, seconds(0.1, 230)] = Field(
        30.0,
        description="Silence in a streamed answer after which the client gets a comment, which keeps the connection "
        "open. Clients ignore comments.",
    )
    answer_s: Annotated[float, seconds(0.1, 230)] = Field(
        180.0, description="Until a complete answer that is not streamed."
    )
    embeddings_s: Annotated[float, seconds(0.1, 230)] = Field(30.0, description="Until an embeddings answer.")
    request_head_s: Annotated[float, seconds(0.1, 230)] = Field(
        10.0,
        description="Until a connection has sent the head of a request: its first, from the connection on; others, "
        "from their first byte on.",
    )
    idle_connection_s: Annotated[float, seconds(1, 86_400)] = Field(
        3630.0,
        description="How long a connection stays open between two requests. Longer than the proxies in front keep it "
        "(Envoy: 3600 by default), and LiteLLM (120): if the gateway closes first, a request can be lost.",
    )
    body_s: Annotated[float, seconds(0.1, 230)] = Field(60.0, description="Until the client has sent the request body.")
    send_s: Annotated[float, seconds(1, 230)] = Field(
        60.0,
        description="How long a client may read nothing of a response. After that, and at most twice that time, its "
        "connection is closed, which frees its place in LiteLLM and its call to Azure. What a client reads slowly is "
        "acknowledged in steps of about 100 KB: a few seconds close such connections, too.",
    )
    litellm_s: Annotated[float, seconds(0.1, 230)] = Field(
        30.0, description="Until LiteLLM calls Azure for a translated request. After that it counts as unresponsive."
    )
    litellm_start_s: Annotated[float, seconds(0.1, 230)] = Field(
        90.0, description="How long a translated request waits for LiteLLM to load."
    )
    total_s: Annotated[float, seconds(0.1, 230)] = Field(
        220.0, description="Until the first byte to the client, including all attempts and pauses."
    )

    @field_validator("headers_s", "first_event_s", "answer_s", "embeddings_s")
    @classmethod
    def _covers_what_comes_before(cls, limit_s: float, info: ValidationInfo) -> float:
        before = "headers_s" if info.field_name in ("first_event_s", "embeddings_s") else "connect_s"
        if (before_s := info.data.get(before, 0)) > limit_s:
            raise conflict(f"must be at least timeouts.{before}, which is {before_s:g}")
        return limit_s

    @field_validator("total_s")
    @classmethod
    def _covers_the_parts(cls, total_s: float, info: ValidationInfo) -> float:
        parts = ("first_event_s", "answer_s", "embeddings_s", "body_s", "litellm_s", "litellm_start_s")
        longer = {part: info.data[part] for part in parts if info.data.get(part, 0) > total_s}
        if longer:
            raise conflict("must be at least " + ", ".join(f"timeouts.{part} ({s:g})" for part, s in longer.items()))
        return total_s


class Retries(Group):
    """Attempts if a model has one region; with several regions, each gets one attempt.

    Retried are transient failures: 408, 429, 5xx, a connection reset, a time-out.
    """

    attempts: Annotated[int, whole_number(1, 10)] = Field(3, description="Number of attempts, including the first.")
    backoff_s: Annotated[float, seconds(0, 30)] = Field(
        0.5, description="Seconds before the second attempt; each further pause is twice as long."
    )
    max_retry_after_s: Annotated[float, seconds(0, 220)] = Field(
        20.0, description="Longest Retry-After in seconds for which the gateway waits."
    )

    def check(self, timeouts: Timeouts) -> dict[FieldPath, str]:
        """Values that do not fit within these times, by field path."""
        messages: dict[FieldPath, str] = {}
        pauses_s = self.backoff_s * (2 ** (self.attempts - 1) - 1)
        if pauses_s >= timeouts.total_s:
            messages["attempts",] = (
                f"must be fewer, or the pauses shorter: with retries.backoff_s these alone take {pauses_s:g} s, and "
                f"timeouts.total_s is {timeouts.total_s:g}"
            )
        if self.max_retry_after_s > timeouts.total_s:
            messages["max_retry_after_s",] = f"must be at most timeouts.total_s, which is {timeouts.total_s:g}"
        return messages


class CircuitBreaker(Group):
    """One per region and model: while it is open, the region gets no requests for the model."""

    failures: Annotated[int, whole_number(1, 100)] = Field(1, description="Consecutive failures that open it.")
    open_s: Annotated[float, seconds(0.1, 600)] = Field(10.0, description="How long it stays open.")
    max_open_s: Annotated[float, seconds(0.1, 3600)] = Field(
        60.0, description="Maximum, if the region's Retry-After sets the time."
    )

    @field_validator("max_open_s")
    @classmethod
    def _not_below_open(cls, max_open_s: float, info: ValidationInfo) -> float:
        if (open_s := info.data.get("open_s", 0)) > max_open_s:
            raise conflict(f"must be at least circuit_breaker.open_s, which is {open_s:g}")
        return max_open_s


class Limits(Group):
    """What one request, one client and one replica may use."""

    max_body_bytes: Annotated[int, whole_number(1024, 33_554_432)] = Field(
        16_777_216, description="Maximum request body in bytes. A replica holds four of that size at a time."
    )
    max_depth: Annotated[int, whole_number(8, 256)] = Field(
        64, description="Maximum nesting of arrays and objects in a body."
    )
    max_items: Annotated[int, whole_number(1000, 10_000_000)] = Field(
        100_000,
        description="Maximum number of arrays, objects and texts in a body, names of fields included. A conversation "
        "of 400,000 tokens has about 50,000.",
    )
    max_values: Annotated[int, whole_number(1000, 10_000_000)] = Field(
        500_000, description="Maximum number of values in a body: 60 texts of 8,192 tokens for embeddings are 491,581."
    )
    max_connections: Annotated[int, whole_number(10, 100_000)] = Field(
        2000,
        description="Maximum number of connections to a replica. Above it, a new one replaces the longest idle one. "
        "Requests in progress are at most half as many, those of one project three eighths.",
    )
    unauthenticated_per_minute: Annotated[int, whole_number(1, 1_000_000)] = Field(
        300,
        description="Requests without a valid key, per client address (IPv6: network of 64 bits) and minute, that get "
        "401; more get 429. Requests with a valid key do not count.",
    )
    queue_s: Annotated[float, seconds(0, 220)] = Field(
        120.0, description="How long embeddings wait for Azure's quota before the client gets 429."
    )
    parallel_translations: Annotated[int, whole_number(4, 1000)] = Field(
        100,
        description="Maximum number of requests that LiteLLM translates at a time, per replica. With several projects, "
        "one project gets at most three quarters of it.",
    )
    translation_queue_s: Annotated[float, seconds(0, 220)] = Field(
        30.0, description="How long further ones wait before the client gets 503."
    )

    def check(self, timeouts: Timeouts) -> dict[FieldPath, str]:
        """Values that do not fit within these times, by field path."""
        longer = [name for name in ("queue_s", "translation_queue_s") if getattr(self, name) > timeouts.total_s]
        return {(name,): f"must be at most timeouts.total_s, which is {timeouts.total_s:g}" for name in longer}
