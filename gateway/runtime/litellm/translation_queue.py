"""The step that bounds how many requests LiteLLM translates at a time: each takes a place until it is answered.

LiteLLM works on one core. Above some number of streams all are late, and its memory grows (docs/operate.md).
"""

import asyncio
from collections import Counter, deque
from dataclasses import replace

from ..context import Handler, ModelRequest, Response, now
from ..errors import translation_overloaded
from ..fair_share import may_take


class TranslationQueue:
    """Projects take turns, and each project's requests are served in order.

    If the places are shared, no project gets all of them (`fair_share`).
    """

    def __init__(self, *, next_step: Handler, places: int, queue_s: float, is_shared: bool) -> None:
        self._next_step = next_step
        self._queue_s = queue_s
        self._is_shared = is_shared
        self._places = self._free = places
        self._taken: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        """By project, in the order of their turns."""

    async def __call__(self, request: ModelRequest) -> Response:
        """Return the response of the next step, or 503 if no place was free in time."""
        context, project, started = request.context, request.project.name, now()
        try:
            async with asyncio.timeout_at(min(started + self._queue_s, context.deadline)):
                await self._take_place(project)
        except TimeoutError:
            return translation_overloaded()
        finally:
            context.queued_ms += (now() - started) * 1000
        context.translations = self._places - self._free
        try:
            response = await self._next_step(request)
        except BaseException:
            self._release(project)
            raise

        def close() -> None:
            response.close()
            self._release(project)

        return replace(response, close=close)

    async def _take_place(self, project: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(project, deque()).append(turn)
        self._serve()
        try:
            await turn
        except asyncio.CancelledError:
            turns = self._waiting.get(project, deque())
            if not turn.cancelled():  # it got a place at the same moment
                self._release(project)
            elif turn in turns:
                turns.remove(turn)
                if not turns:
                    del self._waiting[project]
            raise

    def _release(self, project: str) -> None:
        self._taken[project] -= 1
        self._free += 1
        self._serve()

    def _serve(self) -> None:
        """Give the free places to the waiting requests."""
        while project := next(filter(self._may_take, self._waiting), None):
            turns = self._waiting.pop(project)
            turn = turns.popleft()
            if turns:  # their project's next turn comes after those of the others
                self._waiting[project] = turns
            if not turn.cancelled():
                self._taken[project] += 1
                self._free -= 1
                turn.set_result(None)

    def _may_take(self, project: str) -> bool:
        return may_take(taken=self._taken[project], free=self._free) if self._is_shared else self._free > 0
