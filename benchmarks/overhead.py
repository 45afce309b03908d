"""What the gateway adds to a request, beside a stock LiteLLM, Portkey's gateway and the bare emulator."""

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from benchmarks import litellm
from benchmarks.figures import percentile
from benchmarks.load import Client, Sample, connect
from benchmarks.numbers.overhead import OverheadNumbers, Row
from benchmarks.report import Bench
from benchmarks.requests import Case, build_cases
from benchmarks.servers import run_litellm, run_portkey, run_replica
from benchmarks.targets import Target

_WARM_UP = 20


@dataclass
class _Blocks:
    """Of one case and server."""

    samples: list[list[Sample]] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)


Measured = Mapping[Case, Mapping[str, _Blocks]]


def measure(bench: Bench) -> OverheadNumbers:
    """Measure every case against every server: blocks of requests, in turn, round after round."""
    bench.progress("Starting the gateway, its LiteLLM, three regions, a stock LiteLLM and Portkey")
    stack = bench.stacks.get()
    with run_replica(stack) as replica, run_portkey(replica.azure) as portkey:
        # Both LiteLLMs load at the same time; the gateway holds its first translated request until then.
        configuration = litellm.plain(replica.session.models, azure=replica.azure)
        with run_litellm(stack, configuration=configuration) as (stock, _):
            cases = build_cases(replica.session.models)
            measured = asyncio.run(take_turns((replica.azure, stock, portkey, replica.gateway), cases, bench))
    return numbers_of(measured, bench)


async def take_turns(targets: Sequence[Target], cases: Sequence[Case], bench: Bench) -> Measured:
    """Every server in turn, so that what else the machine does meets all of them."""
    measured: dict[Case, defaultdict[str, _Blocks]] = {case: defaultdict(_Blocks) for case in cases}
    async with AsyncExitStack() as stack:
        clients = {target: await stack.enter_async_context(connect(target)) for target in targets}
        pairs = [(target, client, case) for case in cases for target, client in clients.items() if target.url_of(case)]
        bench.progress("Warming up")
        for _, client, case in pairs:
            await client.one_by_one(case, count=min(bench.requests, _WARM_UP))
        for number in range(1, bench.rounds + 1):
            for target, client, case in pairs:
                await _block(measured[case][target.name], client=client, case=case, requests=bench.requests)
            bench.progress(f"Round {number} of {bench.rounds} done")
    return measured


def numbers_of(measured: Measured, bench: Bench) -> OverheadNumbers:
    """Medians and percentiles of every block."""
    return OverheadNumbers(
        rounds=bench.rounds,
        requests=bench.requests,
        latency=list(_latency(measured)),
        per_second={
            case.name: {server: [round(value, 1) for value in blocks.per_second] for server, blocks in servers.items()}
            for case, servers in measured.items()
        },
    )


async def _block(blocks: _Blocks, *, client: Client, case: Case, requests: int) -> None:
    blocks.samples.append(await client.one_by_one(case, count=requests))
    blocks.per_second.append(await client.per_second(case, count=requests))


def _latency(measured: Measured) -> Iterator[Row]:
    for case, servers in measured.items():
        whole = {
            server: [[sample.whole for sample in block] for block in blocks.samples]
            for server, blocks in servers.items()
        }
        if not case.is_streamed:
            yield _row(case.name, whole)
            continue
        first = {
            server: [[sample.first for sample in block] for block in blocks.samples]
            for server, blocks in servers.items()
        }
        yield _row(f"{case.name}: first byte", first)
        yield _row(f"{case.name}: whole", whole)


def _row(name: str, rounds: Mapping[str, list[list[float]]]) -> Row:
    return Row(
        name=name,
        p50={server: [round(statistics.median(block), 3) for block in blocks] for server, blocks in rounds.items()},
        p95={server: [round(percentile(block, 95), 3) for block in blocks] for server, blocks in rounds.items()},
    )
