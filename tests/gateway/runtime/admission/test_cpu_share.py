"""Bodies that are not short have turns, with rests between them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from gateway.runtime.admission.cpu_share import CpuShare
from gateway.runtime.context import now

pytestmark = pytest.mark.anyio
SHORT, LONG = b" " * 1_024, b" " * 1_025


class Work:
    """Work that takes a time of the clock: virtual time alone stands still while there is work."""

    def __init__(self) -> None:
        self._worked_s = 0.0
        self.cpu = CpuShare(clock=lambda: now() + self._worked_s)
        self.begun: list[tuple[str, float]] = []

    async def check(self, project: str, *pieces_s: float, body: bytes = LONG) -> None:
        """Check a body in these pieces."""
        async with self.cpu.turn(project, body) as turn:
            self.begun.append((project, round(now(), 3)))
            for index, seconds in enumerate(pieces_s):
                if index:
                    await turn.rest()
                self._worked_s += seconds

    async def all(self, *checks: tuple[str, Sequence[float]]) -> list[tuple[str, float]]:
        """Check them at the same time, and return when each has begun; the time of the work itself does not count."""
        await asyncio.gather(*(self.check(project, *pieces_s) for project, pieces_s in checks))
        return self.begun


async def test_after_each_body_there_is_a_rest_as_long_as_its_check() -> None:
    begun = await Work().all(("a", [0.3]), ("a", [0.1]), ("a", [0.1]))
    assert begun == [("a", 0.0), ("a", 0.3), ("a", 0.4)]


async def test_after_each_long_piece_of_work_there_is_a_rest() -> None:
    begun = await Work().all(("a", [0.3, 0.004, 0.2]), ("a", [0.1]))
    assert begun == [("a", 0.0), ("a", 0.504)]  # 0.3 after the first piece, 0.204 after the other two


async def test_projects_take_turns() -> None:
    begun = await Work().all(*[("a", [1.0])] * 4, ("b", [1.0]), ("c", [1.0]), ("b", [1.0]))
    assert "".join(project for project, _ in begun) == "aabcaba"


async def test_short_bodies_wait_for_nothing() -> None:
    work = Work()
    dear = asyncio.create_task(work.check("a", 5.0))
    await asyncio.sleep(0)
    await work.check("a", 0.001, 0.3, 0.001, body=SHORT)
    assert work.begun == [("a", 0.0), ("a", 0.0)]
    await dear


async def test_a_failed_check_ends_its_turn() -> None:
    work = Work()
    with suppress(ValueError):
        async with work.cpu.turn("a", LONG):
            raise ValueError
    await work.check("a", 0.1)
    assert work.begun == [("a", 0.0)]


async def test_a_client_that_leaves_while_it_waits_gives_its_turn_to_the_next() -> None:
    work = Work()
    tasks = [asyncio.create_task(work.check("a", 1.0)) for _ in range(4)]
    await asyncio.sleep(0.5)
    tasks[1].cancel()
    asyncio.get_running_loop().call_at(1.0, tasks[2].cancel)  # at the moment at which it is its turn
    await asyncio.gather(*tasks, return_exceptions=True)
    assert work.begun == [("a", 0.0), ("a", 1.0)]
    await work.check("a", 0.0)
