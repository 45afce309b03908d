"""Those who wait for the quota of one deployment, and what each region has had of it in the last minute."""

import asyncio
import math
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from .configuration import Model
from .exchange import Answer, Call, Step
from .stream import is_transient
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


@dataclass(kw_only=True)
class Waiter:
    """A call in the queue; `tokens` is a guess, `again` says that Azure has refused it once."""

    call: Call
    tokens: int
    again: bool = False
    place: asyncio.Future[Place | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Lane:
    """Hands out places: one project after the other, and first come first served within each."""

    def __init__(self, *, requests: int | None, tokens: int | None, rest_s: Rest, clock: Clock) -> None:
        self._is_paced = requests is not None or tokens is not None
        self._minutes = defaultdict[str | None, Minute](
            lambda: Minute(requests=requests, tokens=tokens, seconds=MINUTE_S + _MARGIN_S, clock=clock)
        )
        self._rest_s = rest_s
        self._clock = clock
        self._running: Counter[str | None] = Counter()
        self._said: dict[str, int] = {}
        self._turns: OrderedDict[str, deque[Waiter]] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None
        self._pause_ends = 0.0
        self._scale = 1.0

    async def enter(self, waiter: Waiter, *, until: float) -> Place | None:
        """Wait for a place, but no longer than the loop's time `until`; whoever is cancelled gives up theirs."""
        turn = self._turns.setdefault(waiter.call.project.name, deque())
        (turn.appendleft if waiter.again else turn.append)(waiter)
        self._admit()
        expiry = asyncio.get_running_loop().call_at(until, self._expire, waiter)
        try:
            return await waiter.place
        except asyncio.CancelledError:
            if not waiter.place.cancelled() and (place := waiter.place.result()):
                self._give_back(place)
            self._admit()
            raise
        finally:
            expiry.cancel()

    async def use(self, place: Place, call: Call, step: Step) -> Answer:
        """Make the call, and note which regions it went to and what Azure counted."""
        before = len(call.record.attempts)
        try:
            return await step(replace(call, prefer=place.upstream))
        finally:
            self._settle(place, call, call.record.attempts[before:])
            self._admit()

    def pause(self, seconds: float) -> None:
        """Azure wants no call for so long."""
        self._pause_ends = max(self._pause_ends, self._clock() + seconds)

    def is_limited(self, model: Model) -> bool:
        """Is a region of it well, and only busy?"""
        return any(self._said.get(upstream.name) == 429 for upstream in model.upstreams)

    def room(self, waiter: Waiter) -> tuple[float, str | None]:
        """Seconds until this call has room, and where; endless where that depends on the calls that are under way."""
        pause_s = max(0.0, self._pause_ends - self._clock())
        if not self._is_paced:
            return pause_s, None
        model, tokens = waiter.call.model, self._expected(waiter.tokens)
        away = {upstream.name: self._away_s(model, upstream.name) for upstream in model.upstreams}
        if all(away.values()) and not self.is_limited(model):
            away = dict.fromkeys(away, 0.0)  # the step beneath knows best which of them to wake
        options = []
        for upstream in model.upstreams:
            minute = self._minutes[upstream.name]
            wait_s = max(pause_s, minute.wait(tokens)[0], away[upstream.name])
            options.append((wait_s, upstream.priority, minute.load, upstream.name))
        wait_s, _, _, name = min(options)
        return wait_s, name

    def _away_s(self, model: Model, upstream: str) -> float:
        """A region that has failed gets one call at a time until it answers: the others would move on to full ones."""
        is_doubted = is_transient(self._said.get(upstream, 200))
        return math.inf if is_doubted and self._running[upstream] else self._rest_s(model, upstream)

    def _admit(self) -> None:
        """Hand out what can be had; a timer waits for the rest."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        while self._turns:
            project, turn = next(iter(self._turns.items()))
            waiter = turn[0]
            if not waiter.place.done():
                wait_s, upstream = self.room(waiter)
                if wait_s > 0:
                    if wait_s < math.inf:
                        self._timer = asyncio.get_running_loop().call_later(wait_s, self._admit)
                    return
                waiter.place.set_result(self._take(upstream, waiter.tokens))
            turn.popleft()
            del self._turns[project]
            if turn:
                self._turns[project] = turn

    def _expire(self, waiter: Waiter) -> None:
        if not waiter.place.done():
            waiter.place.set_result(None)
            self._admit()

    def _take(self, upstream: str | None, tokens: int) -> Place:
        self._running[upstream] += 1
        return Place(upstream, self._minutes[upstream].take(self._expected(tokens)), tokens)

    def _give_back(self, place: Place) -> None:
        self._running[place.upstream] -= 1
        self._minutes[place.upstream].correct(place.uses, requests=0, tokens=0)

    def _settle(self, place: Place, call: Call, attempts: list[dict[str, object]]) -> None:
        asked = {str(made["upstream"]): made.get("status") for made in attempts}
        for upstream, status in asked.items():
            # A success that was under way when the region failed is old news.
            if isinstance(status, int) and (is_transient(status) or not self._rest_s(call.model, upstream)):
                self._said[upstream] = status
        counted = call.record.tokens
        if counted and place.tokens:
            self._scale += (counted.input / place.tokens - self._scale) * _LEARNING
        tokens = counted.input if counted else self._expected(place.tokens)
        self._give_back(place)
        for upstream in asked:
            self._minutes[upstream].take(tokens)

    def _expected(self, tokens: int) -> int:
        """What Azure will count, judging by what it did so far for what was guessed."""
        return int(tokens * self._scale)
