"""Quota of requests and tokens per minute and deployment, with Azure's rate limit headers."""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from local.emulator.azure_errors import AzureError, front_end_error
from local.emulator.configuration import Operation

_WINDOW_S = 60.0
_UNLIMITED = 1_000_000
_NAMES: dict[Operation, str] = {
    "responses": "Responses_Create",
    "embeddings": "Embeddings_Create",
    "chatCompletion": "ChatCompletions_Create",
}


class Limits(BaseModel):
    """Per minute; None: no limit."""

    model_config = ConfigDict(extra="forbid")

    requests_per_minute: Annotated[int, Field(ge=0)] | None = None
    tokens_per_minute: Annotated[int, Field(ge=0)] | None = None


@dataclass
class _Window:
    """The requests of one deployment in the last minute: (time, tokens) of each."""

    taken: deque[tuple[float, int]] = field(default_factory=deque)
    tokens: int = 0

    def drop_before(self, moment: float) -> None:
        while self.taken and self.taken[0][0] <= moment:
            self.tokens -= self.taken.popleft()[1]

    def add(self, *, now: float, tokens: int) -> None:
        self.taken.append((now, tokens))
        self.tokens += tokens

    def wait_for_request(self, *, now: float) -> float:
        """Seconds until the oldest request no longer counts."""
        return self.taken[0][0] + _WINDOW_S - now if self.taken else _WINDOW_S

    def wait_for_tokens(self, *, now: float, excess: int) -> float:
        """Seconds until enough tokens no longer count; the whole minute when that never happens."""
        for at, tokens in self.taken:
            excess -= tokens
            if excess <= 0:
                return at + _WINDOW_S - now
        return _WINDOW_S


class Quota:
    """Sliding windows of a minute. `clock` is in seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: defaultdict[str, _Window] = defaultdict(_Window)
        self.limits = Limits()

    def set(self, limits: Limits) -> None:
        """Set the limits and begin with empty windows."""
        self.limits = limits
        self._windows.clear()

    def take(self, *, operation: Operation, deployment: str, api_version: str, tokens: int) -> dict[str, str]:
        """The headers of the answer; AzureError 429 when the minute is used up."""
        now = self._clock()
        window = self._windows[deployment]
        window.drop_before(now - _WINDOW_S)
        requests, most_tokens = self.limits.requests_per_minute, self.limits.tokens_per_minute
        wait_s, kind = 0.0, "call"
        if requests is not None and len(window.taken) >= requests:
            wait_s = window.wait_for_request(now=now)
        elif most_tokens is not None and window.tokens + tokens > most_tokens:
            wait_s, kind = window.wait_for_tokens(now=now, excess=window.tokens + tokens - most_tokens), "token"
        if wait_s:
            operation_name = f"{_NAMES[operation]} Operation under Azure OpenAI API version {api_version}"
            raise _too_many(operation=operation_name, kind=kind, wait_s=wait_s, headers=self._headers(window))
        window.add(now=now, tokens=tokens)
        return self._headers(window)

    def _headers(self, window: _Window) -> dict[str, str]:
        requests = _UNLIMITED if self.limits.requests_per_minute is None else self.limits.requests_per_minute
        tokens = _UNLIMITED if self.limits.tokens_per_minute is None else self.limits.tokens_per_minute
        return {
            "x-ratelimit-limit-requests": str(requests),
            "x-ratelimit-remaining-requests": str(max(0, requests - len(window.taken))),
            "x-ratelimit-limit-tokens": str(tokens),
            "x-ratelimit-remaining-tokens": str(max(0, tokens - window.tokens)),
        }


def _too_many(*, operation: str, kind: str, wait_s: float, headers: dict[str, str]) -> AzureError:
    seconds = max(1, math.ceil(wait_s))
    return front_end_error(
        status=429,
        code="429",
        message=f"Requests to the {operation} have exceeded {kind} rate limit of your current OpenAI S0 pricing tier. "
        f"Please retry after {seconds} seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to "
        "further increase the default rate limit.",
        headers={**headers, "Retry-After": str(seconds), "retry-after-ms": str(math.ceil(wait_s * 1000))},
    )
