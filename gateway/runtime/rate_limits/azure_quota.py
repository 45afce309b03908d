"""Azure's quota of one deployment: what each region has used of it, and where the next call fits in."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..configuration import Model
from ..context import Attempt, Clock, ModelRequest
from ..retries import is_retryable
from .sliding_window import MINUTE_S, MinuteWindows, Usage

_MARGIN_S = 0.25
"""Our minute is this much longer: it begins when a call ends, and Azure's begins when the call arrives there."""
_LEARNING_RATE = 1 / 8

RegionPause = Callable[[Model, str], float]
"""Returns for how many seconds failover will not call a region for a model."""


@dataclass(frozen=True)
class Reservation:
    """Quota for one call, in a region if a quota is known; `tokens` is an estimate."""

    region: str | None
    usages: Mapping[str, Usage]
    tokens: int


class AzureQuota:
    """Counts the usage of each region. Without known limits it only tracks which regions fail."""

    def __init__(self, *, requests: int | None, tokens: int | None, region_pause_s: RegionPause, clock: Clock) -> None:
        self._is_known = requests is not None or tokens is not None
        self._minutes = defaultdict[str | None, MinuteWindows](
            lambda: MinuteWindows(requests=requests, tokens=tokens, seconds=MINUTE_S + _MARGIN_S, clock=clock)
        )
        self._region_pause_s = region_pause_s
        self._running: Counter[str | None] = Counter()
        self._last_status: dict[str, int] = {}
        self._tokens_per_estimate = 1.0

    def is_rate_limited(self, model: Model) -> bool:
        """Return whether the last answer of a region was a 429: it works, and only its quota is used up."""
        return any(self._last_status.get(upstream.name) == 429 for upstream in model.upstreams)

    def next_slot(self, model: Model, tokens: int) -> tuple[float, str | None]:
        """Return the seconds until a call fits in, and in which region; infinite if it depends on running calls."""
        if not self._is_known:
            return 0.0, None
        pauses = {upstream.name: self._pause_s(model, upstream.name) for upstream in model.upstreams}
        if all(pauses.values()) and not self.is_rate_limited(model):
            pauses = dict.fromkeys(pauses, 0.0)  # failover decides which of them to try
        options = []
        for upstream in model.upstreams:
            minute = self._minutes[upstream.name]
            wait_s = max(minute.wait(self._expected(tokens))[0], pauses[upstream.name])
            options.append((wait_s, upstream.priority, minute.load, upstream.name))
        wait_s, _, _, region = min(options)
        return wait_s, region

    def _pause_s(self, model: Model, region: str) -> float:
        """A region that failed gets one call at a time until it answers; more would all fail over to full regions."""
        has_failed = is_retryable(self._last_status.get(region, 200))
        return math.inf if has_failed and self._running[region] else self._region_pause_s(model, region)

    def reserve(self, region: str | None, tokens: int) -> Reservation:
        """Count a call that begins."""
        self._running[region] += 1
        return Reservation(region, self._minutes[region].use(self._expected(tokens)), tokens)

    def release(self, reservation: Reservation) -> None:
        """Undo a reservation."""
        self._running[reservation.region] -= 1
        self._minutes[reservation.region].correct(reservation.usages, requests=0, tokens=0)

    def settle(self, reservation: Reservation, request: ModelRequest, attempts: Sequence[Attempt]) -> None:
        """Count a call that has ended in the regions of its attempts; Azure may count failed ones, too."""
        statuses = {attempt.region: attempt.status for attempt in attempts}
        for region, status in statuses.items():
            # A success that began before the region failed says nothing about its present state.
            if status is not None and (is_retryable(status) or not self._region_pause_s(request.model, region)):
                self._last_status[region] = status
        counted = request.context.tokens
        if counted and reservation.tokens:
            ratio = counted.input / reservation.tokens
            self._tokens_per_estimate += (ratio - self._tokens_per_estimate) * _LEARNING_RATE
        tokens = counted.input if counted else self._expected(reservation.tokens)
        self.release(reservation)
        for region in statuses:
            self._minutes[region].use(tokens)

    def _expected(self, tokens: int) -> int:
        """Correct an estimate by what Azure has counted for earlier ones."""
        return int(tokens * self._tokens_per_estimate)
