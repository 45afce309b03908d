"""What the gateway adds to a request, beside stock LiteLLM and the bare emulator."""

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cases import Case, build_cases
from benchmarks.figures import Ratio, percentile, spread
from benchmarks.load import Client, Target, connect
from benchmarks.report import Progress, Section, table
from benchmarks.servers import run_replica, run_stock_litellm

_NAMES = ("direct", "stock LiteLLM", "gateway")


@dataclass
class Measured:
    """Of one case: milliseconds per target and round, and requests per second per target, a value a round."""

    first: Mapping[str, list[list[float]]] = field(default_factory=lambda: defaultdict(list))
    whole: Mapping[str, list[list[float]]] = field(default_factory=lambda: defaultdict(list))
    per_second: Mapping[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def measure(*, stack: Path, rounds: int, requests: int, progress: Progress) -> Section:
    """Measure every case against every target: blocks of `requests`, in turn, `rounds` times."""
    progress("Starting the gateway, its LiteLLM, the emulator and a stock LiteLLM")
    # Both LiteLLMs load at the same time; the gateway holds its first translated request until then.
    with run_replica(stack) as replica, run_stock_litellm(stack, azure=replica.azure) as stock:
        cases = build_cases(replica.session.models)
        targets = (replica.azure, stock, replica.gateway)
        measured = asyncio.run(_measure(targets, cases, rounds=rounds, requests=requests, progress=progress))
    latency = list(_latency_rows(measured))
    return Section(
        name="overhead",
        lines=[
            f"One at a time, {rounds} rounds of {requests}; milliseconds: median, p95; ratio: gateway to stock.",
            "",
            *table(("", "direct", "stock LiteLLM", "gateway", "ratio"), latency),
            "",
            f"Ten in flight, {rounds} rounds of {requests}; requests per second: median (lowest-highest).",
            "",
            *table(("", *_NAMES), list(_throughput_rows(measured))),
        ],
        summary="\n".join(f"overhead: {row[0]}, {row[-1]} of stock LiteLLM" for row in latency),
    )


async def _measure(
    targets: Sequence[Target], cases: Sequence[Case], *, rounds: int, requests: int, progress: Progress
) -> Mapping[Case, Measured]:
    measured = {case: Measured() for case in cases}
    async with AsyncExitStack() as stack:
        clients = {target: await stack.enter_async_context(connect(target)) for target in targets}
        pairs = [
            (target.name, client, case) for case in cases for target, client in clients.items() if target.url_of(case)
        ]
        progress("Warming up")
        for _, client, case in pairs:
            await client.one_by_one(case, count=min(requests, 20))
        for number in range(1, rounds + 1):
            for name, client, case in pairs:
                await _block(measured[case], name=name, client=client, case=case, requests=requests)
            progress(f"Round {number} of {rounds} done")
    return measured


async def _block(measured: Measured, *, name: str, client: Client, case: Case, requests: int) -> None:
    samples = await client.one_by_one(case, count=requests)
    measured.first[name].append([sample.first for sample in samples])
    measured.whole[name].append([sample.whole for sample in samples])
    measured.per_second[name].append(await client.per_second(case, count=requests))


def _latency_rows(measured: Mapping[Case, Measured]) -> Iterator[tuple[str, ...]]:
    for case, found in measured.items():
        if case.is_streamed:
            yield _latency_row(f"{case.name}: first byte", found.first)
            yield _latency_row(f"{case.name}: whole", found.whole)
        else:
            yield _latency_row(case.name, found.whole)


def _latency_row(name: str, rounds: Mapping[str, list[list[float]]]) -> tuple[str, ...]:
    medians = {target: [statistics.median(block) for block in blocks] for target, blocks in rounds.items()}
    every = {target: [value for block in blocks for value in block] for target, blocks in rounds.items()}
    cells = (
        f"{statistics.median(every[target]):.1f}, {percentile(every[target], 95):.1f}" if target in every else "-"
        for target in _NAMES
    )
    return (name, *cells, str(Ratio.of_pairs(medians["gateway"], medians["stock LiteLLM"])))


def _throughput_rows(measured: Mapping[Case, Measured]) -> Iterator[tuple[str, ...]]:
    for case, found in measured.items():
        cells = (spread(found.per_second[name], digits=0) if name in found.per_second else "-" for name in _NAMES)
        yield (case.name, *cells)
