"""Those who wait for the quota of one deployment, and what each region has had of it in the last minute."""

import asyncio
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from .configuration import Model
from .exchange import Answer, Call, Step
from .windows import MINUTE_S, Clock, Minute, Use

_MARGIN_S = 1.0
"""Azure's minute of a request begins when it arrives there, up to this much later than it left here."""
_LEARNING = 1 / 8
_UNKNOWN_S = 1.0

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
        record = call.record
        before = len(record.attempts)
        try:
            return await step(replace(call, prefer=place.upstream))
        finally:
            self._settle(place, call, {str(made["upstream"]) for made in record.attempts[before:]})
            self._admit()

    def pause(self, seconds: float) -> None:
        """Azure wants no call for so long."""
        self._pause_ends = max(self._pause_ends, self._clock() + seconds)

    def room(self, waiter: Waiter) -> tuple[float, str | None]:
        """Seconds until this call has room, and where."""
        pause_s = max(0.0, self._pause_ends - self._clock())
        if not self._is_paced:
            return pause_s, None
        model, tokens = waiter.call.model, self._expected(waiter.tokens)
        rests = {upstream.name: self._rest_s(model, upstream.name) for upstream in model.upstreams}
        # Where every region rests, the step beneath knows best which of them to wake.
        rests = rests if not all(rests.values()) else dict.fromkeys(rests, 0.0)
        options = []
        for upstream in model.upstreams:
            minute = self._minutes[upstream.name]
            wait_s = max(pause_s, minute.wait(tokens)[0], rests[upstream.name])
            options.append((wait_s, upstream.priority, minute.load, upstream.name))
        wait_s, _, _, name = min(options)
        return wait_s, name

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
        return Place(upstream, self._minutes[upstream].take(self._expected(tokens)), tokens)

    def _give_back(self, place: Place) -> None:
        self._minutes[place.upstream].correct(place.uses, requests=0, tokens=0)

    def _settle(self, place: Place, call: Call, asked: set[str]) -> None:
        counted = call.record.tokens
        if counted and place.tokens:
            self._scale += (counted.input / place.tokens - self._scale) * _LEARNING
        if place.upstream not in asked:
            self._give_back(place)
        elif counted:
            self._minutes[place.upstream].correct(place.uses, tokens=counted.input)
        for upstream in asked - {place.upstream}:
            self._minutes[upstream].take(counted.input if counted else self._expected(place.tokens))

    def _expected(self, tokens: int) -> int:
        """What Azure will count, judging by what it did so far for what was guessed."""
        return int(tokens * self._scale)
