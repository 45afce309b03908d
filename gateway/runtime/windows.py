"""What was used in the last minute: windows that slide, as Azure's own do, and so are not wrong at their edges."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate

MINUTE_S = 60.0
Clock = Callable[[], float]


@dataclass(slots=True)
class Use:
    """Something used at one moment of the clock."""

    at: float
    amount: int


class Window:
    """At most `limit` in any `seconds`. It only counts: who takes without asking may take more."""

    def __init__(self, limit: int, *, seconds: float, clock: Clock) -> None:
        self.limit = limit
        self._seconds = seconds
        self._clock = clock
        self._uses: deque[Use] = deque()
        self._used = 0

    @property
    def remaining(self) -> int:
        """What is left; below zero when something cost more than was thought."""
        self._forget()
        return self.limit - self._used

    @property
    def reset_s(self) -> float:
        """Seconds until the whole limit is there again."""
        now = self._forget()
        return self._uses[-1].at + self._seconds - now if self._uses else 0.0

    def wait_s(self, amount: int) -> float:
        """Seconds until there is room for `amount`; what is above the limit has room when nothing else is used."""
        now = self._forget()
        excess = self._used + min(amount, self.limit) - self.limit
        if excess <= 0:
            return 0.0
        freed = zip(self._uses, accumulate(use.amount for use in self._uses), strict=True)
        return next(use.at + self._seconds - now for use, amount in freed if amount >= excess)

    def take(self, amount: int) -> Use:
        """Use this much now."""
        use = Use(self._forget(), amount)
        self._uses.append(use)
        self._used += amount
        return use

    def correct(self, use: Use, amount: int) -> None:
        """It was this much in truth: what was too much is given back, what was missing counts from now on."""
        difference = amount - use.amount
        if difference > 0:
            self.take(difference)
        elif use.at > self._forget() - self._seconds:
            use.amount = amount
            self._used += difference

    def _forget(self) -> float:
        now = self._clock()
        while self._uses and self._uses[0].at <= now - self._seconds:
            self._used -= self._uses.popleft().amount
        return now


class Minute:
    """The windows of those who count requests, tokens, both or nothing."""

    def __init__(
        self, *, requests: int | None, tokens: int | None, seconds: float = MINUTE_S, clock: Clock = time.monotonic
    ) -> None:
        limits = {"requests": requests, "tokens": tokens}
        self.windows = {
            kind: Window(limit, seconds=seconds, clock=clock) for kind, limit in limits.items() if limit is not None
        }

    @property
    def load(self) -> float:
        """The used share of the fullest window."""
        return max((1 - window.remaining / window.limit for window in self.windows.values()), default=0.0)

    def wait(self, tokens: int) -> tuple[float, str]:
        """Seconds until one more request of this size has room, and what it waits for."""
        amounts = {"requests": 1, "tokens": tokens}
        return max(((window.wait_s(amounts[kind]), kind) for kind, window in self.windows.items()), default=(0.0, ""))

    def take(self, tokens: int) -> Mapping[str, Use]:
        """Use one request of this size."""
        amounts = {"requests": 1, "tokens": tokens}
        return {kind: window.take(amounts[kind]) for kind, window in self.windows.items()}

    def correct(self, uses: Mapping[str, Use], *, requests: int = 1, tokens: int) -> None:
        """It was this much in truth."""
        amounts = {"requests": requests, "tokens": tokens}
        for kind, use in uses.items():
            self.windows[kind].correct(use, amounts[kind])
