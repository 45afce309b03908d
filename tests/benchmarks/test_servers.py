"""Every benchmark of the running servers works; what comes out is not judged, where it is a time."""

import asyncio
import sys
from collections.abc import Sequence

import pytest

from benchmarks import capacity, indexing, profiling, sessions, startup
from benchmarks.emulator_control import control_of
from benchmarks.errors import BenchmarkError
from benchmarks.load import connect
from benchmarks.numbers.failover import Outage
from benchmarks.numbers.indexing import Run
from benchmarks.numbers.startup import BESIDE
from benchmarks.overhead import numbers_of, take_turns
from benchmarks.report import Bench
from benchmarks.requests import build_cases, named, tokens_of_batch
from benchmarks.servers import Replica, run_portkey
from benchmarks.targets import DIRECT, GATEWAY, LITELLM, PORTKEY, Target
from benchmarks.trial import open_trial

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
STRAIGHT = ("embeddings, one text", "embeddings, 60 texts", "responses", "chat")
STREAMED = ("responses, streamed", "chat, streamed")
TRANSLATED = ("translated chat", "translated chat, streamed")


def check_overhead(replica: Replica, bench: Bench, *others: Target) -> None:
    """Measure the emulator, the gateway and the others with every request that they answer."""
    targets = (replica.azure, *others, replica.gateway)
    numbers = numbers_of(asyncio.run(take_turns(targets, build_cases(replica.session.models), bench)), bench)
    names = {target.name for target in targets}
    assert {*numbers.per_second} == {*STRAIGHT, *STREAMED, *TRANSLATED}
    for name, servers in numbers.per_second.items():
        assert {*servers} == (names - {DIRECT, PORTKEY} if name in TRANSLATED else names)
    assert {row.name for row in numbers.latency} == {
        *(name for name in (*STRAIGHT, *TRANSLATED) if "streamed" not in name),
        *(f"{name}: {part}" for name in (*STREAMED, TRANSLATED[1]) for part in ("first byte", "whole")),
    }
    assert all(row.p95[server] >= row.p50[server] > [0.0] for row in numbers.latency for server in row.p50)


def test_overhead_is_measured_of_every_request(bench: Bench, replica: Replica) -> None:
    check_overhead(replica, bench)


@pytest.mark.full
def test_overhead_is_measured_of_every_server(bench: Bench, replica: Replica, stock: Target) -> None:
    with run_portkey(replica.azure) as portkey:
        check_overhead(replica, bench, stock, portkey)


def test_an_outage_is_seen_by_clients_of_a_server_without_failover(replica: Replica) -> None:
    direct, gateway = outages(replica)
    assert direct.failed == direct.requests > 3
    assert direct.seconds is None
    check_recovery(gateway)


@pytest.mark.full
def test_the_failover_of_a_stock_litellm_is_measured(replica: Replica, stock: Target) -> None:
    _, litellm, _ = outages(replica, stock)
    check_recovery(litellm)


def check_recovery(outage: Outage) -> None:
    assert outage.failed == outage.slow == 0
    assert outage.seconds
    assert 0 < outage.seconds < 10


def outages(replica: Replica, *others: Target) -> Sequence[Outage]:
    """What the clients of the first region, of the others and of the gateway see when that region fails."""
    cases = named(build_cases(replica.session.models), "embeddings, one text", "responses, streamed")
    targets = (replica.azure, *others, replica.gateway)

    async def run() -> Sequence[Outage]:
        async with open_trial(replica, targets, cases, slow_s=10) as trial:
            seen = await trial.run({"fault": "500", "count": -1}, outage_s=1.5)
        return [seen[target.name] for target in targets]

    return asyncio.run(run())


def test_an_index_loses_no_batch_and_has_chats_beside_it(replica: Replica) -> None:
    quota = {"requests_per_minute": 100, "tokens_per_minute": 4 * tokens_of_batch()}

    async def run() -> Run:
        try:
            return await indexing.index(replica, count=4, parallel=2, quota=quota)
        finally:
            for emulator in replica.session.emulators.values():
                async with control_of(emulator) as region:
                    await region.set_quota(requests_per_minute=None, tokens_per_minute=None)

    run_ = asyncio.run(run())
    assert (run_.lost, len(run_.waits), run_.refused, run_.most_batches) == (0, 4, 0, 4)
    assert max(run_.waits) <= run_.seconds
    assert all(run_.chats[name] and run_.quiet_chats[name] for name in ("chat", "translated chat"))


@pytest.mark.full
@ON_LINUX
def test_start_and_memory_of_a_replica_are_measured(bench: Bench) -> None:
    starts = startup.start_replica(bench.stacks.get(), requests=8)
    assert [*starts] == [GATEWAY, BESIDE]
    for start in starts.values():
        assert 0 < start.ready_s <= start.answer_s
        assert 10 < start.fresh_mb < 1000
        assert start.used_mb > 10


@pytest.mark.full
@ON_LINUX
def test_sessions_are_measured_whole_and_left(bench: Bench) -> None:
    numbers = sessions.measure(bench, sessions=(2,), leaving=3, seconds=1)
    assert [*numbers.loads] == [LITELLM, GATEWAY]
    for loads in numbers.loads.values():
        (load,) = loads[2]
        assert load.failed == 0
        assert 0 < load.late_p50_ms <= load.late_p95_ms
        assert load.longest_s > 1
    (left,) = numbers.leaving
    assert (left.clients, left.failed) == (3, 0)
    assert left.next_s > 0


@pytest.mark.full
@ON_LINUX
def test_what_a_replica_carries_is_measured_with_the_cores_of_its_containers(bench: Bench) -> None:
    numbers = capacity.measure(bench, streams={"translated chat": (2,), "responses": (3,)}, seconds=1)
    assert numbers.cores == {"gateway": 0.5, "litellm": 1.0}
    for use, count in (("translated chat", 2), ("responses", 3)):
        (load,) = numbers.loads[use][count]
        assert load.failed == 0
        assert 0 < load.late_p50_ms <= load.late_p95_ms
        assert load.longest_s > 0.9  # from the first piece to the last
    assert all(megabytes > 10 for megabytes in numbers.memory_mb.values())
    assert numbers.batches_per_second > [0.0]


@ON_LINUX
def test_the_profile_knows_the_gateways_own_modules(bench: Bench) -> None:
    profiles = profiling.measure(bench, seconds=0.3).profiles.values()
    for profile in profiles:
        assert 0 < profile.ms < 1000
        assert sum(profile.running.values()) == sum(profile.asking.values()) > 0
    assert any("gateway.runtime.http.handler" in profile.asking for profile in profiles)


def test_a_wrong_answer_is_not_measured(replica: Replica) -> None:
    target = Target(name=GATEWAY, url=replica.session.host_url, key="wrong")
    case, *_ = build_cases(replica.session.models)

    async def call() -> None:
        async with connect(target) as client:
            await client.call(case)

    with pytest.raises(BenchmarkError, match="gateway answered embeddings, one text with 401"):
        asyncio.run(call())
