"""Stops calling a region that fails or asks for a pause, and detects when it answers again.

There is one circuit breaker for each region and model, in each replica.
"""

from settings.limits import CircuitBreaker

from ..access_log import LogEvent
from ..context import Clock, now
from ..retries import RetryableError, TokenUnavailableError


class Breaker:
    """Closed; open for some time after consecutive failures or a Retry-After; then half-open, with one trial at a time.

    Attempts are numbered, because the outcome of one that began before the breaker opened is outdated: it neither opens
    nor closes the breaker.
    """

    def __init__(
        self, *, settings: CircuitBreaker, log_event: LogEvent, region: str, model: str, clock: Clock = now
    ) -> None:
        self._settings = settings
        self._log_event = log_event
        self._labels: dict[str, object] = {"region": region, "model": model}
        self._clock = clock
        self._failures = 0
        self._attempts = 0
        self._attempts_before_open = 0
        self._open_until: float | None = None
        self._pause_request: RetryableError | None = None
        self._trial: int | None = None

    @property
    def pause_s(self) -> float:
        """Seconds until the next attempt is allowed."""
        return 0.0 if self._open_until is None else max(0.0, self._open_until - self._clock())

    @property
    def is_ready(self) -> bool:
        """Whether an attempt is allowed now, if only as the trial."""
        return self._open_until is None or (self._trial is None and not self.pause_s)

    @property
    def pause_request(self) -> RetryableError | None:
        """The failure with a Retry-After that has not passed yet, with the remaining seconds."""
        if self._pause_request is None or not (remaining_s := self.pause_s):
            return None
        return RetryableError(self._pause_request.status, self._pause_request.reason, retry_after_s=remaining_s)

    def begin(self) -> int:
        """Return the number of a new attempt; it becomes the trial if the breaker is half-open and has none."""
        self._attempts += 1
        if self._open_until is not None and self.is_ready:
            self._trial = self._attempts
        return self._attempts

    def end(self, attempt: int) -> None:
        """End an attempt, whatever its outcome; another one may become the trial."""
        if self._trial == attempt:
            self._trial = None

    def answered(self, attempt: int) -> None:
        """Close: the region has begun to answer."""
        if self._open_until is not None and attempt > self._attempts_before_open:
            self._open_until = None
            self._log_event({"event": "breaker_closed", **self._labels})

    def succeeded(self, attempt: int) -> None:
        """Reset the failures: an answer is complete."""
        if attempt > self._attempts_before_open:
            self._failures = 0

    def failed(self, attempt: int, error: RetryableError) -> None:
        """Count a failure; open after too many of them, or if the region asks for a pause."""
        if isinstance(error, TokenUnavailableError):  # the region was not asked
            return
        if error.retry_after_s:
            self._open(min(error.retry_after_s, self._settings.max_open_s), error, pause_request=error)
        elif attempt > self._attempts_before_open:
            self._failures += 1
            if self._failures >= self._settings.failures and not self.pause_s:
                self._open(self._settings.open_s, error)

    def _open(self, seconds: float, error: RetryableError, *, pause_request: RetryableError | None = None) -> None:
        open_until, was_open = self._clock() + seconds, self.pause_s > 0
        if was_open and open_until <= (self._open_until or 0.0):
            return
        self._open_until, self._pause_request, self._attempts_before_open = open_until, pause_request, self._attempts
        if not was_open:
            reason = f"{error.status} {error.reason}"
            self._log_event({"event": "breaker_opened", **self._labels, "reason": reason, "seconds": round(seconds, 1)})
