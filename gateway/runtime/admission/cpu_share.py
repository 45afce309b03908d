"""How much time the checks of bodies may take, so that other requests are answered meanwhile.

Nothing else runs while Python parses or checks a body. Bodies that are not short therefore have turns, one at a time
and project by project, and each piece of work is followed by a rest of the same length.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..context import Clock, now

_CHEAP_BYTES = 1_024
_SHORT_S = 0.005
"""After less work there is no rest before the next piece, only before the next turn."""


class CpuShare:
    """Gives turns."""

    def __init__(self, *, clock: Clock = now) -> None:
        self._clock = clock
        self._is_taken = False
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, project: str, body: bytes) -> AsyncIterator["Turn"]:
        """Wait until this body may be checked; its checks are in the block, which must not wait for anything else."""
        turn = Turn(self._clock, is_cheap=len(body) <= _CHEAP_BYTES)
        if turn.is_cheap:
            yield turn
            return
        await self._wait(project)
        turn.begin()
        try:
            yield turn
        finally:
            asyncio.get_running_loop().call_later(turn.worked_s, self._pass_on)

    async def _wait(self, project: str) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(project, deque()).append(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            if not waiting.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give the turn to the project that has had none for the longest time."""
        self._is_taken = False
        while self._waiting and not self._is_taken:
            project, queue = self._waiting.popitem(last=False)
            waiting = queue.popleft()
            if queue:
                self._waiting[project] = queue
            if not waiting.done():
                self._is_taken = True
                waiting.set_result(None)


class Turn:
    """The time for the checks of one body."""

    def __init__(self, clock: Clock, *, is_cheap: bool) -> None:
        self.is_cheap = is_cheap
        self._clock = clock
        self._since = 0.0

    def begin(self) -> None:
        """Measure the work from now on."""
        self._since = self._clock()

    @property
    def worked_s(self) -> float:
        """Seconds since the last rest."""
        return self._clock() - self._since

    async def rest(self) -> None:
        """Call it between two pieces of work."""
        if not self.is_cheap and (worked_s := self.worked_s) >= _SHORT_S:
            await asyncio.sleep(worked_s)
            self.begin()
