"""What a replica carries of each kind of use, with the cores that its containers have. Linux only."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from benchmarks import cores, paced_azure, processes
from benchmarks.errors import BenchmarkError
from benchmarks.load import connect
from benchmarks.numbers.capacity import CapacityNumbers
from benchmarks.numbers.sessions import Load
from benchmarks.paced_chats import CHAT, RESPONSES
from benchmarks.report import Bench
from benchmarks.requests import build_cases, named
from benchmarks.servers import Replica, run_replica
from benchmarks.sessions import PER_SECOND, UNBOUNDED, chat_once, load

_SURFACES = {"translated chat": CHAT, "responses": RESPONSES}
STREAMS: Mapping[str, Sequence[int]] = {"translated chat": (20, 40, 60, 100), "responses": (40, 80, 160, 240)}
_SECONDS = 8
_BATCH = "embeddings, 60 texts"


def measure(
    bench: Bench, *, streams: Mapping[str, Sequence[int]] = STREAMS, seconds: int = _SECONDS
) -> CapacityNumbers:
    """Measure more and more streams of each kind, then embeddings."""
    if not processes.is_supported():
        raise BenchmarkError("Processes are limited and measured as Linux does: Linux only.")
    stack = bench.stacks.get(UNBOUNDED)
    loads: dict[str, dict[int, list[Load]]] = {use: {} for use in streams}
    memory_mb: dict[str, float] = {}
    with paced_azure.run() as url, run_replica(stack, azure=url) as replica:
        model = next(model["name"] for model in replica.session.models if model["kind"] == "responses")
        asyncio.run(chat_once(replica.gateway, model))  # LiteLLM starts, and loads more with the first
        with _limited(replica, stack):
            for number in range(1, bench.rounds + 1):
                for use, counts in streams.items():
                    for count in counts:
                        one = asyncio.run(_load(replica, model, use, count=count, seconds=seconds))
                        loads[use].setdefault(count, []).append(one)
                        bench.progress(f"Round {number} of {bench.rounds}, {use}, {count}: {one}")
                        for name, process in replica.session.containers.items():
                            memory_mb[name] = max(memory_mb.get(name, 0.0), processes.resident_mb(process.popen.pid))
    return CapacityNumbers(
        per_second=PER_SECOND,
        seconds=seconds,
        cores=_cores(stack),
        has_quotas=cores.has_quotas(),
        loads=loads,
        memory_mb={name: round(megabytes) for name, megabytes in memory_mb.items()},
        batches_per_second=_batches(bench, stack),
    )


async def _load(replica: Replica, model: str, use: str, *, count: int, seconds: int) -> Load:
    pid = replica.session.litellm.popen.pid
    return await load(replica.gateway, model, pid=pid, count=count, seconds=seconds, surface=_SURFACES[use])


def _batches(bench: Bench, stack: Path) -> list[float]:
    async def run(replica: Replica) -> float:
        (case,) = named(build_cases(replica.session.models), _BATCH)
        async with connect(replica.gateway) as client:
            await client.per_second(case, count=bench.requests)  # connections, caches
            return round(await client.per_second(case, count=5 * bench.requests), 1)

    with run_replica(stack, litellm="absent") as replica, _limited(replica, stack):
        measured = [asyncio.run(run(replica)) for _ in range(bench.rounds)]
    bench.progress(f"{_BATCH}: {measured} a second")
    return measured


def _limited(replica: Replica, stack: Path) -> AbstractContextManager[object]:
    """Limit each container that runs to the cores that it has."""
    limits = ExitStack()
    with limits:
        for name, process in replica.session.containers.items():
            limits.enter_context(cores.limited(process.popen.pid, _cores(stack)[name]))
        return limits.pop_all()


def _cores(stack: Path) -> dict[str, float]:
    """Of each container, as the stack says."""
    (app,) = json.loads(stack.read_text(encoding="utf-8"))["resource"]["azurerm_container_app"].values()
    return {container["name"]: float(container["cpu"]) for container in app["template"]["container"]}
