"""Finds a region that answers: one attempt in each, by priority; a failing one is left alone for a while.

Only a request that has a single region is tried there again. What the client gets to see of it all is one answer.
"""

import asyncio
import math
import random
from collections.abc import Sequence

import aiohttp

from .affinity import Affinity, Key, is_elsewhere, keys_of
from .breaker import Tell
from .configuration import Configuration, Model
from .errors import displaced, exhausted
from .exchange import Answer, Call, Surface, Transient
from .regions import Region, build_regions, in_order, next_of, pause_s, share_s
from .visit import CONVERSATIONS, visit

_TRIAL_S = 0.2


class Failover:
    """The step that calls Azure OpenAI."""

    def __init__(self, *, http: aiohttp.ClientSession, configuration: Configuration, tell: Tell) -> None:
        self._http = http
        self._timeouts = configuration.timeouts
        self._retries = configuration.retries
        self._affinity = Affinity()
        self._regions = {
            name: build_regions(model, configuration, tell) for name, model in configuration.models.items()
        }

    async def __call__(self, call: Call) -> Answer:
        """Answer with what a region answers, or with an OpenAI error of the last failure."""
        regions = self._regions[call.model.name]
        if len(regions) == 1:
            try:
                return await self._insist(call, regions[0])
            except Transient as failure:
                pause = failure.retry_after or pause_s(regions)
                return exhausted(Transient(failure.status, failure.reason, retry_after=pause))
        keys = keys_of(call.fields) if call.surface in CONVERSATIONS else ()
        home = self._affinity.region_of(keys)
        for region in regions:
            if region.name == home:
                try:
                    return await self._insist(call, region, keys)
                except Transient as failure:
                    return displaced(failure.retry_after or pause_s([region]))
        return await self._ask_around(call, in_order(regions, call), keys)

    def rest_s(self, model: Model, upstream: str) -> float:
        """For how many seconds this upstream is left alone, or for a moment, as a trial goes on there."""
        breakers = (region.breaker for region in self._regions[model.name] if region.name == upstream)
        return next((max(breaker.pause_s, _TRIAL_S) for breaker in breakers if not breaker.ready), 0.0)

    async def _ask_around(self, call: Call, regions: Sequence[Region], keys: tuple[Key, ...]) -> Answer:
        """Ask each region once, until one answers; a conversation that none is known for, until one knows it."""
        left, failure, refusal = list(regions), None, None
        while region := next_of(left):
            seconds = share_s(left, call)
            left.remove(region)
            try:
                answer = await self._ask(call, region, keys, seconds)
            except Transient as caught:
                failure = caught
                continue
            if not (keys and is_elsewhere(answer)):
                return answer
            refusal = answer
        if refusal and (failure or left):
            call.record.region = None
            return displaced(pause_s(regions))
        if refusal:
            return refusal
        waiting = (asked for region in left if (asked := region.breaker.asked))
        last = failure or next(waiting, Transient(429, "status"))
        return exhausted(Transient(last.status, last.reason, retry_after=pause_s(regions)))

    async def _insist(self, call: Call, region: Region, keys: tuple[Key, ...] = ()) -> Answer:
        """Ask the only region that there is: few times, with growing pauses, inside the call's time.

        Raises:
            Transient: the last failure.
        """
        number, failure = 0, region.breaker.asked
        while True:
            if failure:
                pause = self._pause(number, failure)
                if pause is None or asyncio.get_running_loop().time() + pause >= call.record.deadline:
                    raise failure
                await asyncio.sleep(pause)
            number += 1
            try:
                return await self._ask(call, region, keys, math.inf)
            except Transient as caught:
                failure = caught

    def _pause(self, number: int, failure: Transient) -> float | None:
        """Seconds until the next attempt, or None: none is left, or the upstream asks for more than we wait."""
        if number >= self._retries.attempts:
            return None
        jitter = random.uniform(1.0, 1.25)  # noqa: S311 - it keeps a burst from coming back as a burst
        if failure.retry_after is not None:
            if failure.retry_after > self._retries.max_retry_after_s:
                return None
            return failure.retry_after * jitter
        return self._retries.backoff_s * 2.0 ** (number - 1) * jitter

    def _limit_s(self, call: Call) -> float:
        if call.surface is Surface.EMBEDDINGS:
            return self._timeouts.embeddings_s
        return self._timeouts.first_event_s if call.stream else self._timeouts.answer_s

    async def _ask(self, call: Call, region: Region, keys: tuple[Key, ...], seconds: float) -> Answer:
        now = asyncio.get_running_loop().time()
        until = min(now + min(self._limit_s(call), seconds), call.record.deadline)
        if until <= now:
            raise Transient(504, "TimeoutError")
        return await visit(http=self._http, call=call, region=region, until=until, keys=keys, affinity=self._affinity)
