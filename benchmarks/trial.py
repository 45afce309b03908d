"""A region that fails under the load of clients, and what they see of it."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from benchmarks.emulator_control import EmulatorControl, control_of
from benchmarks.errors import BenchmarkError
from benchmarks.load import Client, connect
from benchmarks.numbers.failover import Outage
from benchmarks.requests import Case
from benchmarks.servers import Replica
from benchmarks.targets import Target

_SOUND_S = 0.5
_OUTAGE_S = 5.0  # long enough for the region to be tried again, and found failing still
_EVERY_S = 0.1
_PATIENCE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """Times of the event loop; `is_good`: a whole answer, without an error in it."""

    case: Case
    started: float
    ended: float
    is_good: bool


@asynccontextmanager
async def open_trial(
    replica: Replica, targets: Sequence[Target], cases: Sequence[Case], *, slow_s: float
) -> AsyncIterator["Trial"]:
    """A trial of the replica's first region, with clients of these servers."""
    emulator = replica.session.emulators[next(iter(replica.azures))]
    async with AsyncExitStack() as opened:
        yield Trial(
            region=await opened.enter_async_context(control_of(emulator)),
            clients={target.name: await opened.enter_async_context(connect(target)) for target in targets},
            cases=cases,
            slow_s=slow_s,
        )


@dataclass(frozen=True, kw_only=True)
class Trial:
    """All servers' clients at once, so that they meet the same outage."""

    region: EmulatorControl
    clients: Mapping[str, Client]
    cases: Sequence[Case]
    slow_s: float
    """From when on an answer is a slow one."""

    async def run(self, fault: Mapping[str, Any], *, outage_s: float = _OUTAGE_S) -> dict[str, Outage]:
        """One outage of the region, from the load on a sound one to the end of the last request."""
        for client in self.clients.values():
            await self._settle(client)
        ending = asyncio.Event()
        loads = {server: asyncio.create_task(self._load(client, ending)) for server, client in self.clients.items()}
        await asyncio.sleep(_SOUND_S)
        await self.region.fail(**fault)
        failed_at = time.perf_counter()
        await asyncio.sleep(outage_s)
        ending.set()
        attempts = {server: await load for server, load in loads.items()}
        await self.region.recover()
        return {
            server: self._outage([attempt for attempt in made if attempt.started >= failed_at])
            for server, made in attempts.items()
        }

    async def _settle(self, client: Client) -> None:
        """Wait until the server asks the first region again for everything."""
        deadline = time.perf_counter() + _PATIENCE_S
        while time.perf_counter() < deadline:
            await self.region.clear_requests()
            answers = [await _attempt(client, case) for case in self.cases]
            received = len(await self.region.requests())
            if all(answer.is_good for answer in answers) and received == len(self.cases):
                return
            await asyncio.sleep(0.2)
        raise BenchmarkError(
            f"The first region was not called again within {_PATIENCE_S:.0f} s after its last failure."
        )

    async def _load(self, client: Client, ending: asyncio.Event) -> list[_Attempt]:
        """A request every few milliseconds, whatever became of the one before."""
        made = []
        due = time.perf_counter()
        for case in itertools.cycle(self.cases):
            if ending.is_set():
                break
            made.append(asyncio.create_task(_attempt(client, case)))
            due += _EVERY_S
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        return [await task for task in made]

    def _outage(self, attempts: Sequence[_Attempt]) -> Outage:
        waits = [_wait([attempt for attempt in attempts if attempt.case == case]) for case in self.cases]
        good = [attempt for attempt in attempts if attempt.is_good]
        return Outage(
            seconds=None if None in waits else round(max(wait for wait in waits if wait is not None), 4),
            requests=len(attempts),
            failed=len(attempts) - len(good),
            slow=sum(attempt.ended - attempt.started > self.slow_s for attempt in good),
        )


async def _attempt(client: Client, case: Case) -> _Attempt:
    started = time.perf_counter()
    try:
        await client.call(case)
        is_good = True
    except (BenchmarkError, aiohttp.ClientError, TimeoutError):
        is_good = False
    return _Attempt(case=case, started=started, ended=time.perf_counter(), is_good=is_good)


def _wait(attempts: Sequence[_Attempt]) -> float | None:
    ends = [attempt.ended for attempt in attempts if attempt.is_good]
    return min(ends) - attempts[0].started if ends else None
