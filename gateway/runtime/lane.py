"""Those who wait for the quota of one deployment: one project after the other, first come first served in each."""

import asyncio
import math
from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace

from .exchange import Answer, Call, Step
from .quota import Place, Quota
from .windows import Clock


@dataclass(kw_only=True)
class Waiter:
    """A call in the queue; `tokens` is a guess, `again` says that Azure has refused it once."""

    call: Call
    tokens: int
    again: bool = False
    place: asyncio.Future[Place | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Lane:
    """Hands out places as the quota has them; a single timer waits for the next one."""

    def __init__(self, *, quota: Quota, clock: Clock) -> None:
        self.quota = quota
        self._clock = clock
        self._turns: OrderedDict[str, deque[Waiter]] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None
        self._pause_ends = 0.0

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
                self.quota.give_back(place)
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
            self.quota.settle(place, call, call.record.attempts[before:])
            self._admit()

    def pause(self, seconds: float) -> None:
        """Azure wants no call for so long."""
        self._pause_ends = max(self._pause_ends, self._clock() + seconds)

    def room(self, waiter: Waiter) -> tuple[float, str | None]:
        """Seconds until this call has room, and where."""
        wait_s, upstream = self.quota.room(waiter.call.model, waiter.tokens)
        return max(wait_s, self._pause_ends - self._clock()), upstream

    def _admit(self) -> None:
        """Hand out what can be had."""
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
                waiter.place.set_result(self.quota.take(upstream, waiter.tokens))
            turn.popleft()
            del self._turns[project]
            if turn:
                self._turns[project] = turn

    def _expire(self, waiter: Waiter) -> None:
        if not waiter.place.done():
            waiter.place.set_result(None)
            self._admit()
