"""Silence is noticed in time, by few timers, whatever the precision of the clock."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextvars import Context

import pytest

from gateway.runtime.context import InnerCalls, Response
from gateway.runtime.litellm.pacing import pace
from gateway.runtime.silence import Silence
from tests.virtual_time import VirtualTimeLoop

pytestmark = pytest.mark.anyio
_MANY = 1000


class EarlyTimerLoop(VirtualTimeLoop):
    """Rounds the time of a timer to milliseconds, as uvloop does, so that half of them are early."""

    def __init__(self) -> None:
        super().__init__()
        self.timers = 0

    def call_at(
        self, when: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Refuse very many timers: they are set again and again for no time."""
        self.timers += 1
        assert self.timers < _MANY, "it spins"
        return super().call_at(round(when, 3), callback, *args, context=context)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    """A loop with early timers."""
    return "asyncio", {"loop_factory": EarlyTimerLoop}


def timers() -> int:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, EarlyTimerLoop)
    return loop.timers


@pytest.mark.parametrize("limit_s", [0.1, 0.7, 1.0004])
@pytest.mark.parametrize("begin_s", [0.0, 0.3, 0.0014])
async def test_each_silence_is_noticed_once_it_has_lasted(limit_s: float, begin_s: float) -> None:
    loop, noticed = asyncio.get_running_loop(), list[float]()
    silence = Silence(limit_s, lambda: noticed.append(loop.time()))
    await asyncio.sleep(begin_s)
    begun = loop.time()
    silence.begin()
    await asyncio.sleep(2.5 * limit_s)
    silence.end()
    await asyncio.sleep(10 * limit_s)
    silence.close()
    await asyncio.sleep(10 * limit_s)
    assert noticed == pytest.approx([begun + limit_s, begun + 2 * limit_s], abs=0.002)
    assert timers() < 30


async def test_what_comes_ends_a_silence_without_another_timer() -> None:
    noticed = list[None]()
    silence = Silence(1.0, lambda: noticed.append(None))
    for _ in range(50):
        silence.begin()
        await asyncio.sleep(0.0624)
        silence.end()
    assert noticed == []
    assert timers() < 50 + 10


@pytest.mark.parametrize("returned_s", [0.035, 0.041, 0.058, 0.08])
async def test_litellms_pauses_are_waited_for_by_one_timer_each(returned_s: float) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b'data: {"type":"response.output_text.delta","delta":"x"}\n\n'
        await asyncio.sleep(9)

    inner = InnerCalls()
    response = pace(Response(status=200, body=body()), inner)
    assert not isinstance(response.body, bytes)
    parts = aiter(response.body)
    await anext(parts)
    waiting = asyncio.ensure_future(anext(parts))
    await asyncio.sleep(returned_s)
    inner.backlog.remove({"type": "response.output_text.delta", "delta": "xx"})
    await waiting
    assert timers() < 10
