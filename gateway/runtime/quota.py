"""What each region has had of Azure's quota for one deployment in the last minute, and where the next call has room."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .configuration import Model
from .exchange import Call, is_transient
from .windows import MINUTE_S, Clock, Minute, Use

_MARGIN_S = 0.25
"""How much longer our minute is than Azure's; it begins when a call is over, and Azure's when the call arrives."""
_LEARNING = 1 / 8

Rest = Callable[[Model, str], float]


@dataclass(frozen=True)
class Place:
    """The right to make one call: of this upstream, where a quota is known."""

    upstream: str | None
    uses: Mapping[str, Use]
    tokens: int


class Quota:
    """Counts by region; without numbers it only knows how the regions are. Tokens are guesses until Azure has counted.

    `rest_s(model, upstream)`: for how many seconds that upstream will not be asked.
    """

    def __init__(self, *, requests: int | None, tokens: int | None, rest_s: Rest, clock: Clock) -> None:
        self._is_known = requests is not None or tokens is not None
        self._minutes = defaultdict[str | None, Minute](
            lambda: Minute(requests=requests, tokens=tokens, seconds=MINUTE_S + _MARGIN_S, clock=clock)
        )
        self._rest_s = rest_s
        self._running: Counter[str | None] = Counter()
        self._said: dict[str, int] = {}
        self._scale = 1.0

    def is_limited(self, model: Model) -> bool:
        """Is a region of it well, and only busy?"""
        return any(self._said.get(upstream.name) == 429 for upstream in model.upstreams)

    def room(self, model: Model, tokens: int) -> tuple[float, str | None]:
        """Seconds until such a call has room, and where; endless where that depends on the calls under way."""
        if not self._is_known:
            return 0.0, None
        away = {upstream.name: self._away_s(model, upstream.name) for upstream in model.upstreams}
        if all(away.values()) and not self.is_limited(model):
            away = dict.fromkeys(away, 0.0)  # the step beneath knows best which of them to wake
        options = []
        for upstream in model.upstreams:
            minute = self._minutes[upstream.name]
            wait_s = max(minute.wait(self._expected(tokens))[0], away[upstream.name])
            options.append((wait_s, upstream.priority, minute.load, upstream.name))
        wait_s, _, _, name = min(options)
        return wait_s, name

    def _away_s(self, model: Model, upstream: str) -> float:
        """A region that has failed gets one call at a time until it answers: the others would move on to full ones."""
        is_doubted = is_transient(self._said.get(upstream, 200))
        return math.inf if is_doubted and self._running[upstream] else self._rest_s(model, upstream)

    def take(self, upstream: str | None, tokens: int) -> Place:
        """A call begins."""
        self._running[upstream] += 1
        return Place(upstream, self._minutes[upstream].take(self._expected(tokens)), tokens)

    def give_back(self, place: Place) -> None:
        """The call was never made, or is counted otherwise."""
        self._running[place.upstream] -= 1
        self._minutes[place.upstream].correct(place.uses, requests=0, tokens=0)

    def settle(self, place: Place, call: Call, attempts: list[dict[str, object]]) -> None:
        """The call is over, and was made where these attempts say: what failed may have been counted, too."""
        asked = {str(made["upstream"]): made.get("status") for made in attempts}
        for upstream, status in asked.items():
            # A success that was under way when the region failed is old news.
            if isinstance(status, int) and (is_transient(status) or not self._rest_s(call.model, upstream)):
                self._said[upstream] = status
        counted = call.record.tokens
        if counted and place.tokens:
            self._scale += (counted.input / place.tokens - self._scale) * _LEARNING
        tokens = counted.input if counted else self._expected(place.tokens)
        self.give_back(place)
        for upstream in asked:
            self._minutes[upstream].take(tokens)

    def _expected(self, tokens: int) -> int:
        """What Azure will count, judging by what it did so far for what was guessed."""
        return int(tokens * self._scale)
