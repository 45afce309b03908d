"""Embeddings wait for Azure's quota here instead of failing on it, so that the indexing of a code base completes."""

import asyncio
import time
from collections.abc import Mapping

from .configuration import Model
from .errors import error
from .exchange import Answer, Call, Step
from .lane import Lane, Waiter
from .quota import Quota, Rest
from .retry_after import retry_after_s
from .usage import estimate
from .windows import MINUTE_S, Clock

_RETRY_AFTER_S = 1.0
_SHORTEST_S = 0.05


class Queue:
    """A step that sends each call when and where the quota has room for it.

    `rest_s(model, upstream)`: for how many seconds the step beneath will not ask that upstream.
    """

    def __init__(
        self,
        *,
        step: Step,
        models: Mapping[str, Model],
        queue_s: float,
        rest_s: Rest = lambda _model, _upstream: 0.0,
        clock: Clock = time.monotonic,
    ) -> None:
        self._step = step
        self._queue_s = queue_s
        self._lanes: dict[str, Lane] = {}
        for model in models.values():
            # Azure counts by deployment, whatever names it has here.
            quota = Quota(
                requests=model.requests_per_minute, tokens=model.tokens_per_minute, rest_s=rest_s, clock=clock
            )
            self._lanes.setdefault(model.deployment, Lane(quota=quota, clock=clock))

    async def __call__(self, call: Call) -> Answer:
        """Answer as the step does; 429 when there was no room in time."""
        lane, loop = self._lanes[call.model.deployment], asyncio.get_running_loop()
        until = min(loop.time() + self._queue_s, call.record.deadline)
        again = False
        while True:
            waiter = Waiter(call=call, tokens=estimate(call), again=again)
            started = loop.time()
            try:
                place = await lane.enter(waiter, until=until)
            finally:
                call.record.queued_ms += (loop.time() - started) * 1000
            if place is None:
                message = f"Azure OpenAI's quota of '{call.model.name}' is used up, and the queue for it is long."
                after = min(lane.room(waiter)[0], MINUTE_S)
                return error(429, message, type="requests", code="rate_limit_exceeded", retry_after=after)
            answer = await lane.use(place, call, self._step)
            pause_s = _pause_s(answer.headers)
            # Where the last region to be asked is down, and another one is only busy, the latter is waited for.
            is_busy = answer.status == 429 or (answer.status == 503 and lane.quota.is_limited(call.model))
            if not is_busy or loop.time() + pause_s >= until:
                return answer
            answer.close()
            lane.pause(pause_s)
            again = True


def _pause_s(headers: Mapping[str, str]) -> float:
    told_s = retry_after_s({name.lower(): value for name, value in headers.items()})
    return _RETRY_AFTER_S if told_s is None else max(_SHORTEST_S, told_s)
