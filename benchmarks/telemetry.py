"""What telemetry adds to a request: the same gateway without it, with the default share of traces, and with all.

Each has regions of its own; the ingestion endpoint is the emulated one, which checks every item. Linux only.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack

from benchmarks import processes
from benchmarks.errors import BenchmarkError
from benchmarks.load import Client, Sample, connect
from benchmarks.numbers.telemetry import ALL, OFF, ON, Row, TelemetryNumbers, median
from benchmarks.report import Bench
from benchmarks.requests import Case, build_cases, named
from benchmarks.servers import Replica, run_replica

_CASES = ("embeddings, one text", "responses", "responses, streamed")
_ON = {"OBSERVABILITY__APPLICATION_INSIGHTS": "true"}
_SETTINGS: Mapping[str, Mapping[str, str]] = {
    OFF: {},
    ON: _ON,
    ALL: {**_ON, "OBSERVABILITY__SAMPLING_PERCENT": "100"},
}
_BLOCKS, _BLOCKS_OF_ONE = 40, 10
"""Of a round, ten in flight and one at a time: in short blocks, what else the machine does meets all alike."""
_SENDING_S = 6.0
"""Until what was recorded has been sent: that belongs to the requests, too."""


def measure(bench: Bench) -> TelemetryNumbers:
    """Measure the gateways in turn: requests one at a time, then processor time with ten in flight.

    Every round starts them anew: two processes of the same program differ by more than telemetry costs.
    """
    if not processes.is_supported():
        raise BenchmarkError("Processor time is read from /proc: Linux only.")
    rows: dict[str, Row] = {}
    for number in range(1, bench.rounds + 1):
        with ExitStack() as running:
            replicas = {
                name: running.enter_context(run_replica(bench.stacks.get(overrides), litellm="absent"))
                for name, overrides in _SETTINGS.items()
            }
            asyncio.run(_measure_round(replicas, bench, rows))
        bench.progress(f"Round {number} of {bench.rounds} done")
    return TelemetryNumbers(rounds=bench.rounds, requests=bench.requests, rows=list(rows.values()))


async def _measure_round(replicas: Mapping[str, Replica], bench: Bench, rows: dict[str, Row]) -> None:
    cases = named(build_cases(next(iter(replicas.values())).session.models), *_CASES)
    async with AsyncExitStack() as opened:
        clients = {
            name: await opened.enter_async_context(connect(replica.gateway)) for name, replica in replicas.items()
        }
        for client in clients.values():
            for case in cases:
                await client.per_second(case, count=bench.requests)  # connections, caches, the first token
        for case in cases:
            row = rows.setdefault(case.name, Row(name=case.name, p50={}, cpu_ms={}))
            waited: dict[str, list[Sample]] = {name: [] for name in clients}
            for _ in range(_BLOCKS_OF_ONE):
                for name, client in clients.items():
                    waited[name] += await client.one_by_one(case, count=bench.requests)
            for name, samples in waited.items():
                row.p50.setdefault(name, []).append(median(samples))
            pids = {name: replica.session.gateway.popen.pid for name, replica in replicas.items()}
            for name, cpu_ms in (await _cpu_ms(clients, case, pids=pids, count=bench.requests)).items():
                row.cpu_ms.setdefault(name, []).append(cpu_ms)


async def _cpu_ms(
    clients: Mapping[str, Client], case: Case, *, pids: Mapping[str, int], count: int
) -> dict[str, float]:
    """Milliseconds of each gateway's processor time for a request, with all that is done in the background."""
    before = {name: processes.cpu_s(pid) for name, pid in pids.items()}
    for _ in range(_BLOCKS):
        for client in clients.values():
            await client.per_second(case, count=count)
    await asyncio.sleep(_SENDING_S)
    return {
        name: round(1000 * (processes.cpu_s(pid) - before[name]) / (_BLOCKS * count), 4) for name, pid in pids.items()
    }
