"""What telemetry adds to a request: the same gateway without it, with the default share of traces, and with all.

Each has regions of its own; the ingestion endpoint is the emulated one, which checks every item. Linux only.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack

from benchmarks import processes
from benchmarks.errors import BenchmarkError
from benchmarks.load import Client, connect
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
_CPU_BLOCKS = 20
"""So many times the requests of a round for processor time, which Linux counts in hundredths of a second."""
_SENDING_S = 6.0
"""Until what was recorded has been sent: that belongs to the requests, too."""


def measure(bench: Bench) -> TelemetryNumbers:
    """Measure the gateways in turn: requests one at a time, then processor time with ten in flight."""
    if not processes.is_supported():
        raise BenchmarkError("Processor time is read from /proc: Linux only.")
    with ExitStack() as running:
        replicas = {
            name: running.enter_context(run_replica(bench.stacks.get(overrides), litellm="absent"))
            for name, overrides in _SETTINGS.items()
        }
        rows = asyncio.run(_take_turns(replicas, bench))
    return TelemetryNumbers(rounds=bench.rounds, requests=bench.requests, rows=rows)


async def _take_turns(replicas: Mapping[str, Replica], bench: Bench) -> list[Row]:
    cases = named(build_cases(next(iter(replicas.values())).session.models), *_CASES)
    rows = {case.name: Row(name=case.name, p50={}, cpu_ms={}) for case in cases}
    async with AsyncExitStack() as opened:
        clients = {
            name: await opened.enter_async_context(connect(replica.gateway)) for name, replica in replicas.items()
        }
        for client in clients.values():
            for case in cases:
                await client.per_second(case, count=bench.requests)  # connections, caches, the first token
        for number in range(1, bench.rounds + 1):
            for case in cases:
                for name, client in clients.items():
                    waited = await client.one_by_one(case, count=bench.requests)
                    rows[case.name].p50.setdefault(name, []).append(median(waited))
                for name, client in clients.items():
                    pid = replicas[name].session.gateway.popen.pid
                    cpu_ms = await _cpu_ms(client, case, pid=pid, requests=_CPU_BLOCKS * bench.requests)
                    rows[case.name].cpu_ms.setdefault(name, []).append(cpu_ms)
            bench.progress(f"Round {number} of {bench.rounds} done")
    return list(rows.values())


async def _cpu_ms(client: Client, case: Case, *, pid: int, requests: int) -> float:
    """Milliseconds of the gateway's processor time for a request, with all that comes after it."""
    before = processes.cpu_s(pid)
    await client.per_second(case, count=requests)
    await asyncio.sleep(_SENDING_S)
    return round(1000 * (processes.cpu_s(pid) - before) / requests, 4)
