"""Counts usage in sliding windows of a minute, as Azure does."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from ..context import Clock, now

MINUTE_S = 60.0


@dataclass(slots=True)
class Usage:
    """An amount that was used at a time of the clock."""

    at: float
    amount: int


class SlidingWindow:
    """Counts what was used in the last `seconds`. It does not enforce `limit`."""

    def __init__(self, limit: int, *, seconds: float, clock: Clock) -> None:
        self.limit = limit
        self._seconds = seconds
        self._clock = clock
        self._usages: deque[Usage] = deque()
        self._used = 0

    @property
    def remaining(self) -> int:
        """What is left of the limit; negative if a usage was corrected upwards."""
        self._expire()
        return self.limit - self._used

    @property
    def reset_s(self) -> float:
        """Seconds until the whole limit is available again."""
        time = self._expire()
        return self._usages[-1].at + self._seconds - time if self._usages else 0.0

    def wait_s(self, amount: int) -> float:
        """Seconds until `amount` is available. An amount above the limit is available when nothing is used."""
        time = self._expire()
        excess = self._used + min(amount, self.limit) - self.limit
        if excess <= 0:
            return 0.0
        freed = zip(self._usages, accumulate(usage.amount for usage in self._usages), strict=True)
        return next(usage.at + self._seconds - time for usage, amount in freed if amount >= excess)

    def use(self, amount: int) -> Usage:
        """Count an amount from now on."""
        usage = Usage(self._expire(), amount)
        self._usages.append(usage)
        self._used += amount
        return usage

    def correct(self, usage: Usage, amount: int) -> None:
        """Replace the amount of a usage: what was too much is released, what was missing counts from now on."""
        difference = amount - usage.amount
        if difference > 0:
            self.use(difference)
        elif usage.at > self._expire() - self._seconds:
            usage.amount = amount
            self._used += difference

    def _expire(self) -> float:
        time = self._clock()
        while self._usages and self._usages[0].at <= time - self._seconds:
            self._used -= self._usages.popleft().amount
        return time


class MinuteWindows:
    """Windows for requests and tokens per minute; None: no limit."""

    def __init__(
        self, *, requests: int | None, tokens: int | None, seconds: float = MINUTE_S, clock: Clock = now
    ) -> None:
        limits = {"requests": requests, "tokens": tokens}
        self.windows = {
            kind: SlidingWindow(limit, seconds=seconds, clock=clock)
            for kind, limit in limits.items()
            if limit is not None
        }

    @property
    def load(self) -> float:
        """The used share of the fullest window."""
        return max((1 - window.remaining / window.limit for window in self.windows.values()), default=0.0)

    def wait(self, tokens: int) -> tuple[float, str]:
        """Seconds until a request with so many tokens is within the limits, and the limit that it waits for."""
        amounts = {"requests": 1, "tokens": tokens}
        return max(((window.wait_s(amounts[kind]), kind) for kind, window in self.windows.items()), default=(0.0, ""))

    def use(self, tokens: int) -> Mapping[str, Usage]:
        """Count a request with so many tokens."""
        amounts = {"requests": 1, "tokens": tokens}
        return {kind: window.use(amounts[kind]) for kind, window in self.windows.items()}

    def correct(self, usages: Mapping[str, Usage], *, requests: int = 1, tokens: int) -> None:
        """Replace what `use` has counted."""
        amounts = {"requests": requests, "tokens": tokens}
        for kind, usage in usages.items():
            self.windows[kind].correct(usage, amounts[kind])
