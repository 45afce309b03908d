"""Finds a region that answers: one attempt in each, by priority; a failing one is left alone for a while.

Only a request that has a single region is tried there again. What the client gets to see of it all is one answer.
"""

import asyncio
import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from .affinity import Affinity, Key, is_elsewhere, keys_of
from .attempt import Target, attempt
from .breaker import Breaker, Tell
from .configuration import Configuration, Model
from .errors import displaced, exhausted
from .exchange import Answer, Call, Surface, Transient
from .straight import targets_of
from .usage import tokens_of

_TRIAL_S = 0.2
_TELLING = {"usage", "response", "item", "id"}  # where tokens and conversations are told of; most events do neither
_CONVERSATIONS = (Surface.RESPONSES, Surface.COMPACT)


@dataclass(frozen=True, kw_only=True)
class Region:
    """One upstream of a model."""

    name: str
    priority: int
    breaker: Breaker
    targets: Mapping[Surface, Target]


class Failover:
    """The step that calls Azure OpenAI."""

    def __init__(self, *, http: aiohttp.ClientSession, configuration: Configuration, tell: Tell) -> None:
        self._http = http
        self._timeouts = configuration.timeouts
        self._retries = configuration.retries
        self._affinity = Affinity()
        self._regions = {
            model.name: [
                Region(
                    name=upstream.name,
                    priority=upstream.priority,
                    breaker=Breaker(
                        settings=configuration.circuit_breaker, tell=tell, region=upstream.name, model=model.name
                    ),
                    targets=targets_of(model=model, upstream=upstream, timeouts=configuration.timeouts),
                )
                for upstream in model.upstreams
            ]
            for model in configuration.models.values()
        }

    async def __call__(self, call: Call) -> Answer:
        """Answer with what a region answers, or with an OpenAI error of the last failure."""
        regions = self._regions[call.model.name]
        if len(regions) == 1:
            try:
                return await self._insist(call, regions[0])
            except Transient as failure:
                return _exhausted(regions, failure)
        keys = keys_of(call.fields) if call.surface in _CONVERSATIONS else ()
        home = self._affinity.region_of(keys)
        for region in regions:
            if region.name == home:
                try:
                    return await self._insist(call, region, keys)
                except Transient as failure:
                    return displaced(_pause_of([region], failure))
        # Those of the same priority share the load.
        ordered = sorted(regions, key=lambda region: (region.name != call.prefer, region.priority, random.random()))  # noqa: S311
        return await self._ask_around(call, ordered, keys)

    def rest_s(self, model: Model, upstream: str) -> float:
        """For how many seconds this upstream is left alone, or for a moment, as a trial goes on there."""
        breakers = (region.breaker for region in self._regions[model.name] if region.name == upstream)
        return next((max(breaker.pause_s, _TRIAL_S) for breaker in breakers if not breaker.ready), 0.0)

    async def _ask_around(self, call: Call, regions: list[Region], keys: tuple[Key, ...]) -> Answer:
        """Ask each region once, until one answers; a conversation that none is known for, until one knows it."""
        left, failure, refusal = list(regions), None, None
        while (region := _next(left)) and (seconds := _share(call, left)) > 0:
            left.remove(region)
            try:
                answer = await self._ask(call, region, keys, seconds)
            except Transient as caught:
                failure = caught
                continue
            if not (keys and is_elsewhere(answer)):
                return answer
            refusal = answer
        if refusal is None:
            return _exhausted(regions, failure)
        if failure or left:
            return displaced(_pause_of(regions, failure or Transient(504, "TimeoutError")))
        return refusal

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
        if failure.retry_after is not None:
            return failure.retry_after if failure.retry_after <= self._retries.max_retry_after_s else None
        # The jitter keeps the requests of a burst from coming back as a burst.
        return self._retries.backoff_s * 2.0 ** (number - 1) * random.uniform(0.75, 1.25)  # noqa: S311

    async def _ask(self, call: Call, region: Region, keys: tuple[Key, ...], seconds: float) -> Answer:
        record, breaker = call.record, region.breaker
        note: dict[str, object] = {"upstream": region.name, "status": None}
        record.attempts.append(note)
        started, now = time.monotonic(), asyncio.get_running_loop().time()
        limit = self._timeouts.first_event_s if call.stream else self._timeouts.answer_s
        number = breaker.begin()

        def see(data: Mapping[str, object]) -> None:
            if _TELLING.isdisjoint(data):
                return
            record.tokens = tokens_of(data) or record.tokens
            if call.surface in _CONVERSATIONS:
                self._affinity.learn(data, region.name)

        def over(failure: Transient | None) -> None:
            if failure is None:
                breaker.succeeded(number)
            else:
                note["reason"] = failure.reason
                breaker.failed(number, failure)

        try:
            answer = await attempt(
                http=self._http,
                call=call,
                target=region.targets[call.surface],
                until=min(now + min(limit, seconds), record.deadline),
                see=see,
                over=over,
            )
        except Transient as failure:
            note["status"] = failure.status
            over(failure)
            raise
        finally:
            breaker.end(number)
            note["ms"] = round((time.monotonic() - started) * 1000, 1)
        note["status"], record.region = answer.status, region.name
        if answer.status < 400:
            breaker.answered(number)
            if keys:
                self._affinity.remember(keys[0], region.name)
        return answer


def _next(regions: list[Region]) -> Region | None:
    """The first that is well; else the first that may be, though it has failed. Nobody who asked for a pause."""
    well = next((region for region in regions if region.breaker.ready), None)
    return well or next((region for region in regions if not region.breaker.asked), None)


def _share(call: Call, regions: list[Region]) -> float:
    """Seconds for one attempt, so that each of these has its turn."""
    left = call.record.deadline - asyncio.get_running_loop().time()
    return left / sum(1 for region in regions if not region.breaker.asked)


def _exhausted(regions: list[Region], failure: Transient | None) -> Answer:
    """Say what the last attempt failed with, or, when there was none, what the regions want us to wait for."""
    waiting = (asked for region in regions if (asked := region.breaker.asked))
    last = failure or next(waiting, Transient(504, "TimeoutError"))
    return exhausted(Transient(last.status, last.reason, retry_after=_pause_of(regions, last)))


def _pause_of(regions: list[Region], failure: Transient) -> float | None:
    """Seconds until another try is worth it: a region says so itself, or the breakers do."""
    told = failure.retry_after if len(regions) == 1 else None
    return told or min((pause for region in regions if (pause := region.breaker.pause_s)), default=None)
