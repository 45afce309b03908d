"""Tries a call again while that can help: few times, with growing pauses, inside the call's time."""

import asyncio
import random

from .configuration import Retries
from .errors import exhausted
from .exchange import Answer, Call, Step, Transient


class Retrying:
    """A step that repeats the one beneath it after a `Transient`, and answers for it in the end."""

    def __init__(self, *, step: Step, retries: Retries) -> None:
        self._step = step
        self._retries = retries

    async def __call__(self, call: Call) -> Answer:
        """Answer with what the step answers, or with an OpenAI error of the last failure."""
        number = 1
        while True:
            try:
                return await self._step(call)
            except Transient as failure:
                pause = self._pause(number, failure)
                if pause is None or asyncio.get_running_loop().time() + pause >= call.record.deadline:
                    return exhausted(failure)
            await asyncio.sleep(pause)
            number += 1

    def _pause(self, number: int, failure: Transient) -> float | None:
        """Seconds until the next attempt, or None: none is left, or the upstream asks for more than we wait."""
        if number >= self._retries.attempts:
            return None
        if failure.retry_after is not None:
            return failure.retry_after if failure.retry_after <= self._retries.max_retry_after_s else None
        # The jitter keeps the requests of a burst from coming back as a burst.
        return self._retries.backoff_s * 2.0 ** (number - 1) * random.uniform(0.75, 1.25)  # noqa: S311
