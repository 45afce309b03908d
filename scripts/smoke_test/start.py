"""Waiting for a gateway that starts: scaled to zero, just deployed, or just begun on this machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from scripts.smoke_test.container_apps import STOPPED
from scripts.smoke_test.diagnosis import Scene
from scripts.smoke_test.exchange import Answer, Request
from scripts.smoke_test.refusals import refused, silent
from scripts.smoke_test.transport import UnreachedError
from scripts.smoke_test.wire import Wire

_BRIEF_S = 20.0
"""A name or an app that is made this minute; a mistyped one should not take four."""
_SHORTEST_S = 5.0
_PAUSE_S = (0.5, 1.0, 2.0, 3.0)
_FIRST_WORD_S, _NEXT_WORD_S = 2.0, 15.0


async def reach(wire: Wire, scene: Scene, *, wait_s: float, tell: Callable[[str], None]) -> Answer:
    """The gateway's first answer, asked for without a key: whoever else answers there does not get to see it.

    Raises:
        Fault: it does not come, or not from a gateway.
    """
    started = time.monotonic()
    wire.until = started + max(wait_s, _SHORTEST_S)
    tries = 0
    async with _telling(tell, f"Waiting for {scene.base_url}, up to {wait_s:.0f} s"):
        while True:
            try:
                answer = await wire.ask(Request(path="models", key=None))
            except UnreachedError as failure:
                fault, patience = silent(failure, scene), _patience_with(failure, wait_s)
            else:
                if answer.error.get("code") == "invalid_api_key" or isinstance(answer.fields.get("data"), list):
                    return answer
                fault, patience = refused(answer, scene), _patience(answer, wait_s)
            pause = _PAUSE_S[min(tries, len(_PAUSE_S) - 1)]
            tries += 1
            if time.monotonic() + pause - started > patience:
                raise fault
            await asyncio.sleep(pause)


def _patience_with(failure: UnreachedError, wait_s: float) -> float:
    if failure.kind in ("tls", "proxy"):
        return 0.0
    return min(wait_s, _BRIEF_S) if failure.kind == "dns" else wait_s


def _patience(answer: Answer, wait_s: float) -> float:
    if answer.status in (502, 503, 504):
        return wait_s
    return min(wait_s, _BRIEF_S) if answer.status in (403, 404) and STOPPED.search(answer.text) else 0.0


@asynccontextmanager
async def _telling(tell: Callable[[str], None], text: str) -> AsyncIterator[None]:
    """Say it while the block takes its time."""

    async def remind() -> None:
        started, pause = time.monotonic(), _FIRST_WORD_S
        while True:
            await asyncio.sleep(pause)
            tell(f"{text} ... {time.monotonic() - started:.0f} s")
            pause = _NEXT_WORD_S

    task = asyncio.create_task(remind())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
