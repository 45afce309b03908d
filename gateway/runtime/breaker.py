"""Leaves a region alone that fails or asks for a pause, and finds out when it answers again.

There is one for each region and model, and each replica has its own.
"""

import time
from collections.abc import Callable

from .configuration import CircuitBreaker
from .exchange import Transient

Tell = Callable[[dict[str, object]], None]


class Breaker:
    """Closed; open for a while after failures in a row or a Retry-After; then half open, for one trial at a time.

    Attempts are numbered: one that began before the breaker opened brings old news, as a request does that hung for a
    minute, and neither opens nor closes it.
    """

    def __init__(
        self,
        *,
        settings: CircuitBreaker,
        tell: Tell,
        region: str,
        model: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._tell = tell
        self._place: dict[str, object] = {"region": region, "model": model}
        self._clock = clock
        self._failures = 0
        self._attempts = 0
        self._before = 0
        """The last attempt that began before the breaker opened."""
        self._until: float | None = None
        self._asked: Transient | None = None
        """Why it is open, where the region itself asked for the pause."""
        self._trial: int | None = None

    @property
    def pause_s(self) -> float:
        """Seconds until the region is worth an attempt again."""
        return 0.0 if self._until is None else max(0.0, self._until - self._clock())

    @property
    def ready(self) -> bool:
        """May the next attempt go here, be it as the trial?"""
        return self._until is None or (self._trial is None and not self.pause_s)

    @property
    def asked(self) -> Transient | None:
        """The failure whose Retry-After still runs, with what is left of that."""
        if self._asked is None or not (left := self.pause_s):
            return None
        return Transient(self._asked.status, self._asked.reason, retry_after=left)

    def begin(self) -> int:
        """Return the number of a new attempt, which is the trial if the breaker is half open and has none."""
        self._attempts += 1
        if self._until is not None and self.ready:
            self._trial = self._attempts
        return self._attempts

    def end(self, attempt: int) -> None:
        """Take note that it is over, whatever became of it: another one may be the trial."""
        if self._trial == attempt:
            self._trial = None

    def answered(self, attempt: int) -> None:
        """Close, as the region has begun to answer."""
        if self._until is not None and attempt > self._before:
            self._until = None
            self._tell({"event": "breaker_closed", **self._place})

    def succeeded(self, attempt: int) -> None:
        """Forget the failures, as an answer has come to its end."""
        if attempt > self._before:
            self._failures = 0

    def failed(self, attempt: int, failure: Transient) -> None:
        """Count it; open if it was one too many, or if the region asks to be left alone."""
        if failure.retry_after:
            self._open(min(failure.retry_after, self._settings.max_open_s), failure, asked=failure)
        elif attempt > self._before:
            self._failures += 1
            if self._failures >= self._settings.failures and not self.pause_s:
                self._open(self._settings.open_s, failure)

    def _open(self, seconds: float, failure: Transient, *, asked: Transient | None = None) -> None:
        until, was_open = self._clock() + seconds, self.pause_s > 0
        if was_open and until <= (self._until or 0.0):
            return
        self._until, self._asked, self._before = until, asked, self._attempts
        if not was_open:
            reason = f"{failure.status} {failure.reason}"
            self._tell({"event": "breaker_opened", **self._place, "reason": reason, "seconds": round(seconds, 1)})
