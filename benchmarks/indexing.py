"""How long an index takes under Azure's quota, against the time that the quota alone demands."""

import asyncio
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp

from benchmarks.emulator_control import control_of
from benchmarks.errors import BenchmarkError
from benchmarks.load import Client, connect
from benchmarks.numbers.indexing import WINDOW_S, IndexingNumbers, Run
from benchmarks.report import Bench
from benchmarks.requests import Case, batches, build_cases, named, tokens_of_batch
from benchmarks.servers import Replica, run_replica
from benchmarks.targets import Target

_BATCHES = 600
_PARALLEL = (10, 50)
_BATCHES_A_MINUTE = 80  # of each region: 600 batches need three windows of three regions
_REQUESTS_PER_TOKEN = 6 / 1000  # as Azure couples its two quotas
_CHATS = ("chat", "translated chat")
_QUIET_CHATS = 20
_CHATS_EVERY_S = 0.25


def measure(
    bench: Bench,
    *,
    count: int = _BATCHES,
    parallel: Sequence[int] = _PARALLEL,
    batches_a_minute: int = _BATCHES_A_MINUTE,
) -> IndexingNumbers:
    """Index with each number of batches in parallel, each time with a fresh replica: nobody remembers the last one."""
    tokens = batches_a_minute * tokens_of_batch()
    quota = {"tokens_per_minute": tokens, "requests_per_minute": math.ceil(tokens * _REQUESTS_PER_TOKEN)}
    stack = bench.stacks.get({f"EMBEDDINGS__{name.upper()}": str(value) for name, value in quota.items()})
    runs = []
    for number in parallel:
        bench.progress(f"Indexing with {number} batches in parallel")
        with run_replica(stack) as replica:
            regions = len(replica.azures)
            runs.append(asyncio.run(index(replica, count=count, parallel=number, quota=quota)))
    return IndexingNumbers(regions=regions, tokens_of_batch=tokens_of_batch(), tokens_per_minute=tokens, runs=runs)


async def index(replica: Replica, *, count: int, parallel: int, quota: Mapping[str, int]) -> Run:
    session = replica.session
    indexer, chatter = (
        Target(name=project["name"], url=session.host_url, key=session.keys[project["name"]][0])
        for project in session.projects[:2]
    )
    async with AsyncExitStack() as opened:
        regions = [await opened.enter_async_context(control_of(emulator)) for emulator in session.emulators.values()]
        chats = _Chats(
            client=await opened.enter_async_context(connect(chatter)),
            cases=named(build_cases(session.models), *_CHATS),
        )
        quiet = await chats.some(_QUIET_CHATS)
        for region in regions:
            await region.clear_requests()
            await region.set_quota(**quota)
        ending = asyncio.Event()
        meanwhile = asyncio.create_task(chats.until(ending))
        waiting = batches(session.models, count=count)
        done = await _batches(await opened.enter_async_context(connect(indexer)), waiting, parallel=parallel)
        ending.set()
        received = [await region.requests() for region in regions]
        return Run(
            parallel=parallel,
            batches=count,
            done=[round(moment, 2) for moment, _ in done],
            waits=[round(wait, 2) for _, wait in done],
            refused=sum(entry["status"] == 429 for entries in received for entry in entries),
            most_batches=max(_most_batches(entries) for entries in received),
            quiet_chats=quiet,
            chats=await meanwhile,
        )


async def _batches(client: Client, waiting: Iterator[Case], *, parallel: int) -> list[tuple[float, float]]:
    """Of each batch that had its answer: seconds since the begin of all, and since its own."""
    done = []
    begun = time.perf_counter()

    async def worker() -> None:
        for case in waiting:
            sent = time.perf_counter()
            try:
                await client.call(case)
            except (BenchmarkError, aiohttp.ClientError, TimeoutError):
                continue  # lost
            now = time.perf_counter()
            done.append((now - begun, now - sent))

    async with asyncio.TaskGroup() as workers:
        for _ in range(parallel):
            workers.create_task(worker())
    return done


@dataclass(frozen=True, kw_only=True)
class _Chats:
    """The chats of somebody else, in milliseconds by kind."""

    client: Client
    cases: Sequence[Case]

    async def some(self, count: int) -> dict[str, list[float]]:
        """After one of each, which may have to wait for LiteLLM."""
        for case in self.cases:
            await self.client.call(case)
        return {case.name: [await self._call(case) for _ in range(count)] for case in self.cases}

    async def until(self, ending: asyncio.Event) -> dict[str, list[float]]:
        """One now and then."""
        found: dict[str, list[float]] = {case.name: [] for case in self.cases}
        while not ending.is_set():
            for case in self.cases:
                found[case.name].append(await self._call(case))
            await asyncio.sleep(_CHATS_EVERY_S)
        return found

    async def _call(self, case: Case) -> float:
        return round((await self.client.call(case)).whole, 2)


def _most_batches(received: Sequence[Mapping[str, object]]) -> int:
    """How many a region took within any minute, by its own record."""
    moments = [
        float(str(entry["at"])) for entry in received if entry["surface"] == "embeddings" and entry["status"] == 200
    ]
    return max((sum(moment <= later < moment + WINDOW_S for later in moments) for moment in moments), default=0)
