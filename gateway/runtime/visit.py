"""One attempt in one region, and who hears of it: the log, the region's breaker, the memory of conversations."""

import time
from collections.abc import Mapping

import aiohttp

from .affinity import Affinity, Key
from .attempt import attempt
from .exchange import Answer, Call, Surface, Transient
from .regions import Region
from .usage import tokens_of

CONVERSATIONS = (Surface.RESPONSES, Surface.COMPACT)
_TELLING = {"usage", "response", "item", "id"}  # where tokens and conversations are told of; most events do neither


async def visit(
    *, http: aiohttp.ClientSession, call: Call, region: Region, until: float, keys: tuple[Key, ...], affinity: Affinity
) -> Answer:
    """Answer as the region does, at the latest at `until`, by the event loop's time; `keys` tie the call to it.

    Raises:
        Transient: it failed before the client saw anything of it.
    """
    record, breaker, started = call.record, region.breaker, time.monotonic()
    note: dict[str, object] = {"upstream": region.name, "status": None}
    record.attempts.append(note)
    number = breaker.begin()

    def see(data: Mapping[str, object]) -> None:
        if not _TELLING.isdisjoint(data):
            record.tokens = tokens_of(data) or record.tokens
            if call.surface in CONVERSATIONS:
                affinity.learn(data, region.name)

    def over(failure: Transient | None) -> None:
        if failure is None:
            breaker.succeeded(number)
        else:
            note["reason"] = failure.reason
            breaker.failed(number, failure)

    try:
        target = region.targets[call.surface]
        answer = await attempt(http=http, call=call, target=target, until=until, see=see, over=over)
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
            affinity.remember(keys[0], region.name)
    return answer
