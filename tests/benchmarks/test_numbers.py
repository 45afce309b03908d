"""What the sections say of the numbers."""

from benchmarks.numbers import overhead
from benchmarks.numbers.capacity import CapacityNumbers
from benchmarks.numbers.failover import FailoverNumbers, Outage
from benchmarks.numbers.indexing import IndexingNumbers, Run, bound, staircase
from benchmarks.numbers.overhead import OverheadNumbers
from benchmarks.numbers.profiling import Profile, ProfilingNumbers
from benchmarks.numbers.sessions import Leaving, Load, SessionsNumbers
from benchmarks.numbers.startup import Start, StartupNumbers
from benchmarks.numbers.telemetry import ALL, OFF, ON, Row, TelemetryNumbers
from benchmarks.report import Section


def test_the_quota_bounds_an_index_by_whole_sliding_minutes() -> None:
    assert bound(5, a_window=2) == [0.0, 0.0, 60.0, 60.0, 120.0]
    assert bound(2, a_window=2)[-1] == 0.0


def test_a_staircase_rises_when_the_answers_come() -> None:
    assert staircase([0.0, 60.0]) == [(0.0, 0.0), (60.0, 1.0), (60.0, 2.0)]
    assert len(staircase([moment / 100 for moment in range(600)])) == 61


def test_an_index_is_compared_with_its_bound_and_lost_batches_are_counted() -> None:
    run = Run(
        parallel=2,
        batches=5,
        waits=[1.0, 61.0, 61.0, 62.0],
        done=[1.0, 61.0, 121.0, 126.0],
        refused=1,
        most_batches=2,
        quiet_chats={"chat": [1.0]},
        chats={"chat": [2.0]},
    )
    section = IndexingNumbers(regions=1, tokens_of_batch=10, tokens_per_minute=25, runs=[run]).section()
    assert "| 2 | 126.0 | 120 | **1.05** | 1 | 61.0 | 61.9 | 62.0 | 1 | 80 % |" in section.lines
    assert "| 2 | 1.0, 1.0 | 2.0, 2.0 |" in section.lines
    assert "1 lost" in section.summary


def test_an_outage_without_an_answer_is_told() -> None:
    good, none = (
        Outage(seconds=0.5, requests=10, failed=1, slow=2),
        Outage(seconds=None, requests=10, failed=10, slow=0),
    )
    section = FailoverNumbers(
        limit_s=2.0, outages={"500": {"stock LiteLLM": [good, none], "gateway": [good]}}
    ).section()
    assert "| 500 | none in 1 of 2 | 0.500 (0.500-0.500) | 11 of 20 | 1 of 10 | 2 | 2 |" in section.lines
    assert "slower than 1 s: gateway" in _header(section)


def test_a_replica_carries_the_most_streams_below_the_first_that_are_late_or_fail() -> None:
    def load(late_ms: float, *, failed: int = 0) -> Load:
        return Load(failed=failed, late_p50_ms=1, late_p95_ms=late_ms, longest_s=9, cpu_s=2)

    section = CapacityNumbers(
        per_second=60,
        seconds=8,
        cores={"gateway": 0.5, "litellm": 1.0},
        has_quotas=True,
        loads={
            "late": {20: [load(100), load(499), load(900)], 40: [load(500)], 60: [load(100)]},
            "failed": {20: [load(100)], 40: [load(100), load(100, failed=1)], 60: [load(100)]},
            "few": {20: [load(501)]},
            "many": {20: [load(100)], 40: [load(100)]},
        },
        memory_mb={"gateway": 60, "litellm": 450},
        batches_per_second=[100.0, 140.0, 120.0],
    ).section()
    assert "| late | 20 | 1 (1-1) | 499 (100-900) | 9.0 (9.0-9.0) | 0 |" in section.lines
    assert [line for line in section.summary.splitlines() if line.startswith("capacity: ")] == [
        "capacity: late: a replica carries 20",
        "capacity: failed: a replica carries 20",
        "capacity: few: a replica carries fewer than 20",
        "capacity: many: a replica carries 40 or more",
        "capacity: embeddings, 60 texts: a replica carries 120 a second",
    ]


def test_sessions_are_told_by_load_and_server() -> None:
    def load(late_ms: float, *, failed: int) -> Load:
        return Load(failed=failed, late_p50_ms=1, late_p95_ms=late_ms, longest_s=late_ms / 100, cpu_s=2)

    left = Leaving(clients=200, failed=1, all_left_s=3, cpu_s=0.1, next_s=0.5, memory_mb=400)
    loads = {"stock LiteLLM": {50: [load(4000, failed=3)]}, "gateway": {50: [load(900, failed=0), load(901, failed=1)]}}
    section = SessionsNumbers(per_second=60, seconds=8, loads=loads, quiet_s=5, leaving=[left]).section()
    row = next(line for line in section.lines if line.startswith("| 50 | gateway |"))
    assert row == "| 50 | gateway | 1 (1-1) | 900 (900-901) | 9.0 (9.0-9.0) | 1 | 2.0 (2.0-2.0) |"
    assert "| the next chat, s | 0.50 (0.50-0.50) |" in section.lines
    assert "stock LiteLLM: 4000 (4000-4000) ms late (p95), 40.0 (40.0-40.0) s, 3 failed" in section.summary


def test_overhead_leaves_a_gap_where_a_server_does_not_answer() -> None:
    rounds = {"stock LiteLLM": [10.0, 10.0], "gateway": [1.0, 2.0]}
    numbers = OverheadNumbers(
        rounds=2, requests=1, latency=[overhead.Row(name="chat", p50=rounds, p95=rounds)], per_second={"chat": rounds}
    )
    assert "| chat | - | 10.00 | - | 1.50 | **0.15** (0.10-0.20) | - |" in numbers.section().lines


def test_a_start_is_compared_with_a_stock_start() -> None:
    def start(seconds: float, megabytes: float) -> list[Start]:
        return [Start(ready_s=seconds, answer_s=seconds + 1, fresh_mb=1, used_mb=megabytes)]

    starts = {"gateway": start(1, 40), "its LiteLLM": start(7, 360), "stock LiteLLM": start(8, 400)}
    section = StartupNumbers(requests=5, starts=starts).section()
    ratios = [line.rpartition("**")[0].rpartition("**")[2] for line in section.lines if "**" in line]
    assert ratios == ["0.25", "0.89", "1.00"]


def test_a_profile_tells_shares_and_hides_what_is_hardly_there() -> None:
    profile = Profile(
        requests=100,
        cpu_s=0.2,
        running={"gateway.runtime.http.handler": 50, "aiohttp.client": 30, "aiohttp.web": 19, "uuid": 1},
        asking={"gateway.runtime.upstream.attempt": 75, "": 25},
    )
    section = ProfilingNumbers(profiles={"responses": profile}).section()
    assert "| processor time of one, ms | 2.00 |" in section.lines
    assert [
        line for line in section.lines if line.startswith(("| gateway/runtime |", "| aiohttp |", "| others |"))
    ] == [
        *("| gateway/runtime | 50 |", "| aiohttp | 49 |", "| others | 1 |"),
        "| others | 0 |",
    ]
    assert "| none: aiohttp's server, event loop | 25 |" in section.lines


def _header(section: Section) -> str:
    return next(line for line in section.lines if line.startswith("|"))


def test_telemetry_is_compared_with_the_same_gateway_without_it() -> None:
    row = Row(
        name="responses",
        p50={OFF: [1.0, 2.0], ON: [1.04, 2.08], ALL: [1.1, 2.2]},
        cpu_ms={OFF: [0.5, 0.5], ON: [0.53, 0.55], ALL: [0.6, 0.6]},
    )
    section = TelemetryNumbers(rounds=2, requests=9, rows=[row]).section()
    assert "| responses | 1.50 (1.00-2.00) | 1.56 (1.04-2.08) | 1.65 (1.10-2.20) |" in "\n".join(section.lines)
    assert section.summary == (
        "telemetry: responses, p50 **1.04** (1.04-1.04) and processor time **1.08** (1.06-1.10) of off"
    )
