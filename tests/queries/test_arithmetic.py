"""What the queries answer to small logs whose answers are known."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from queries import prices, query_names, read_query, retirements
from settings.models import Model

from .workspace import NOW, Rows, Workspace

OK: Mapping[str, Any] = {
    "request_id": "r",
    "client_address": None,
    "project": "red",
    "route": "responses",
    "model": "codex",
    "stream": False,
    "status": 200,
    "ms": 100.0,
    "first_byte_ms": 100.0,
    "tokens": {"input": 1000, "output": 100, "cached": 400, "reasoning": 50, "estimated": False},
    "region": "swc",
    "attempts": [{"upstream": "swc", "status": 200, "ms": 90.0}],
    "queued_ms": 0.0,
    "litellm_ms": None,
    "merged_events": 0,
    "error": None,
    "key": "primary",
    "translations": None,
}
REFUSED = {**OK, "tokens": None, "region": None, "attempts": [], "first_byte_ms": 1.0}
NO_KEY = {**REFUSED, "project": None, "model": None, "status": 401, "error": "invalid_api_key", "client_address": "x"}
LEFT = {**REFUSED, "status": 0, "error": "client_closed", "first_byte_ms": None}
BROKEN = {**OK, "error": "upstream_interrupted"}
NO_REGION = {**REFUSED, "status": 503, "error": "upstream_unavailable"}
CHAT = {**OK, "route": "chat/completions", "stream": True, "first_byte_ms": 50.0}
TRANSLATED = {**CHAT, "litellm_ms": 10.0, "translations": 3, "queued_ms": 2.0, "merged_events": 4}
VECTORS = {**OK, "route": "openai/embeddings", "model": "vectors", "queued_ms": 20.0}
STARTED = {"event": "started", "source": "s"}
MODELS = [
    Model(name="codex", kind="responses", deployment="gpt-5.3-codex", retires=date(2026, 12, 31)),
    Model(name="vectors", kind="embeddings", deployment="text-embedding-3-large", retires=date(2027, 12, 1)),
    Model(name="unused", kind="responses", deployment="gpt-5.2-codex", retires=date(2026, 12, 2)),
    Model(name="free", kind="responses", deployment="some"),
]


def attempts(*statuses: int | None) -> dict[str, object]:
    """What regions answered, one after the other."""
    names = ("swc", "eus2", "san")
    return {
        "attempts": [
            {"upstream": name, "status": status, "ms": 9.0} for name, status in zip(names, statuses, strict=False)
        ]
    }


def failed(**fields: object) -> dict[str, object]:
    return {**REFUSED, **fields}


@pytest.fixture
def workspace() -> Workspace:
    """An empty one."""
    return Workspace()


@pytest.fixture
def ask(workspace: Workspace) -> Callable[..., Rows]:
    """Runs a query on these lines, all of the last minute."""

    def run(name: str, *lines: Mapping[str, Any], **values: str) -> Rows:
        for line in lines:
            workspace.log(line)
        return workspace.run(read_query(name).with_values(**values).text)

    return run


Ask = Callable[..., Rows]


def column(rows: Rows, key: str, value: str) -> dict[Any, Any]:
    """One column of the result, by another."""
    return {row[key]: row[value] for row in rows}


def test_traffic(ask: Ask) -> None:
    slow = [{**OK, "ms": float(ms)} for ms in range(1, 101)]
    vectors, *others = sorted(ask("traffic", *slow, VECTORS, STARTED), key=lambda row: row["requests"])
    assert others == [
        {"route": "responses", "model": "codex", "requests": 100, "p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0}
    ]
    assert (vectors["route"], vectors["requests"]) == ("openai/embeddings", 1)


def test_first_byte(ask: Ask) -> None:
    rows = ask("first_byte", CHAT, {**CHAT, "first_byte_ms": 70.0}, OK, LEFT, NO_KEY)
    assert [(row["stream"], row["requests"], row["p50_ms"], row["p95_ms"]) for row in rows] == [
        (False, 1, 100.0, 100.0),
        (True, 2, 50.0, 70.0),
    ]
    assert {row["TimeGenerated"] for row in rows} == {NOW - timedelta(minutes=15)}


def test_errors(ask: Ask) -> None:
    lines = {
        "client left": LEFT,
        "stream broke off": BROKEN,
        "rate limit": failed(status=429, error="rate_limit_exceeded"),
        "no valid key": NO_KEY,
        "Azure refuses the gateway": failed(status=401),
        "gateway or Azure failed": NO_REGION,
        "invalid request": failed(status=400, error="invalid_value"),
    }
    rows = ask("errors", OK, *lines.values(), LEFT)
    assert column(rows, "class", "requests") == {**dict.fromkeys(lines, 1), "client left": 2}
    assert column(rows, "class", "error") == {name: line["error"] or "" for name, line in lines.items()}


def test_failed_requests(ask: Ask) -> None:
    rows = ask("failed_requests", OK, {**NO_REGION, **attempts(500)}, LEFT)
    assert sorted(row["error"] for row in rows) == ["client_closed", "upstream_unavailable"]
    (attempt,) = {row["attempts"] for row in rows} - {"[]"}
    assert '"status":500' in attempt.replace(" ", "")


def test_rate_limits(ask: Ask) -> None:
    lines = [
        failed(status=429, error="requests_per_minute"),
        failed(status=429, error="parallel_requests"),
        failed(status=429, error="rate_limit_exceeded", **attempts(429, 429)),
        {**NO_KEY, "status": 429, "error": "too_many_unauthenticated_requests"},
        {**OK, **attempts(429, 200)},
        {**OK, **attempts(500, 200)},
    ]
    assert column(ask("rate_limits", *lines), "refused_by", "refusals") == {
        "gateway, limit of the project": 2,
        "gateway, without a valid key": 1,
        "Azure, in all regions": 1,
        "Azure, in one region": 3,
    }


def test_failover(ask: Ask) -> None:
    lines = [
        OK,
        {**OK, **attempts(429, 200)},
        {**OK, **attempts(504, 401, 200)},
        {**NO_REGION, **attempts(500, 502, 408)},
        {**OK, **attempts(400)},
        {**LEFT, **attempts(None)},
    ]
    rows = {row.pop("region"): row for row in ask("failover", *lines)}
    assert rows["swc"] == {
        "attempts": 6,
        "rate_limited": 1,
        "refused": 0,
        "failed": 2,
        "answered_elsewhere": 2,
        "lost": 1,
        "p95_ms": 90.0,
        "failures_percent": 50.0,
    }
    assert [(name, rows[name]["refused"], rows[name]["failed"], rows[name]["lost"]) for name in ("eus2", "san")] == [
        ("eus2", 1, 1, 1),
        ("san", 0, 1, 1),
    ]


def test_circuit_breakers(ask: Ask) -> None:
    opened = {"event": "breaker_opened", "region": "swc", "model": "codex", "reason": "429 status", "seconds": 10.0}
    rows = ask("circuit_breakers", opened, {**opened, "seconds": 2.5}, {**opened, "event": "breaker_closed"}, OK)
    assert [(row["region"], row["openings"], row["seconds"], row["reason"]) for row in rows] == [
        ("swc", 2, 12.5, "429 status")
    ]


def test_tokens(ask: Ask, workspace: Workspace) -> None:
    workspace.log(OK, ago=timedelta(days=2))
    cut = {**CHAT, "tokens": {"input": 5, "output": 7, "cached": 0, "reasoning": 0, "estimated": True}}
    rows = ask("tokens", OK, OK, cut, REFUSED)
    assert [(row["TimeGenerated"].day, row["stream"], row["total"], row["estimated"]) for row in rows] == [
        (29, False, 1100, 0),
        (1, False, 2200, 0),
        (1, True, 12, 1),
    ]
    assert [rows[1][name] for name in ("requests", "input", "cached", "output", "reasoning")] == [
        2,
        2000,
        800,
        200,
        100,
    ]


def test_cost(ask: Ask) -> None:
    rows = ask("cost", OK, OK, VECTORS, {**OK, "model": "free"}, REFUSED, prices=prices(MODELS))
    assert column(rows, "model", "dollars") == {
        "codex": pytest.approx(2 * (600 * 1.75 + 400 * 0.175 + 100 * 14) / 1e6),
        "vectors": pytest.approx(1000 * 0.13 / 1e6),
        "free": None,
    }


def test_cost_without_prices(ask: Ask) -> None:
    assert column(ask("cost", OK), "model", "dollars") == {"codex": None}


def test_cache_hits(ask: Ask) -> None:
    rows = ask("cache_hits", OK, {**OK, "tokens": {"input": 1000, "output": 1, "cached": 0, "reasoning": 0}}, VECTORS)
    assert column(rows, "model", "cached_percent") == {"codex": 20.0, "vectors": 40.0}


def test_indexing(ask: Ask) -> None:
    refused = {**VECTORS, "status": 429, "tokens": None, "queued_ms": 30_000.0}
    assert ask("indexing", OK, VECTORS, VECTORS, refused) == [
        {
            "TimeGenerated": NOW - timedelta(minutes=5),
            "model": "vectors",
            "requests": 3,
            "tokens": 2000,
            "refused": 1,
            "p50_queued_ms": 20.0,
            "p95_queued_ms": 30_000.0,
            "tokens_per_minute": 400.0,
        }
    ]


def test_translation(ask: Ask) -> None:
    full = {**TRANSLATED, "translations": 8, "litellm_ms": 25.0}
    overloaded = failed(status=503, error="translation_overloaded", queued_ms=5000.0, litellm_ms=None)
    assert ask("translation", OK, CHAT, TRANSLATED, full, overloaded) == [
        {
            "TimeGenerated": NOW - timedelta(minutes=5),
            "requests": 3,
            "p95_places": 8,
            "max_places": 8,
            "refused": 1,
            "p95_queued_ms": 5000.0,
            "p50_litellm_ms": 10.0,
            "p95_litellm_ms": 25.0,
            "p50_litellm_percent": 20.0,
            "merged_events": 8,
        }
    ]


def test_replicas(ask: Ask, workspace: Workspace) -> None:
    workspace.log(STARTED, ago=timedelta(minutes=50), replica="old")
    workspace.log({**OK, "first_byte_ms": 9.0}, ago=timedelta(minutes=45), replica="old")
    workspace.log(STARTED, ago=timedelta(minutes=20), replica="new")
    workspace.log({**OK, "first_byte_ms": 700.0}, ago=timedelta(minutes=19), replica="new")
    workspace.log({**OK, "first_byte_ms": 8.0}, ago=timedelta(minutes=5), replica="from before the period")
    assert ask("replicas") == [
        {
            "TimeGenerated": NOW - timedelta(hours=1),
            "replicas": 3,
            "starts": 2,
            "requests": 3,
            "cold_requests": 1,
            "p95_ms": 700.0,
            "p95_cold_ms": 700.0,
        }
    ]


def test_platform_events(ask: Ask, workspace: Workspace) -> None:
    for minute, kind, reason in ((1, "Warning", "ProbeFailed"), (2, "Warning", "ProbeFailed"), (3, "Normal", "Pulled")):
        row = {"TimeGenerated": NOW - timedelta(minutes=minute), "Type_s": kind, "Reason_s": reason, "Log_s": "text"}
        workspace.add("ContainerAppSystemLogs_CL", **row)
    (row,) = ask("platform_events")
    assert (row["reason"], row["events"], row["example"]) == ("ProbeFailed", 2, "text")
    assert row["last_seen"] == NOW - timedelta(minutes=1)


def test_slowest_requests(ask: Ask) -> None:
    rows = ask("slowest_requests", *({**OK, "ms": float(ms), "request_id": f"r{ms}"} for ms in range(30)))
    assert [row["request_id"] for row in rows] == [f"r{ms}" for ms in range(29, 9, -1)]


def test_project_limits(ask: Ask) -> None:
    refused = [
        failed(status=429, error=name) for name in ("tokens_per_minute", "tokens_per_minute", "parallel_requests")
    ]
    rows = ask("project_limits", OK, *refused, failed(status=429, error="rate_limit_exceeded"))
    assert column(rows, "reached", "refused") == {"tokens_per_minute": 2, "parallel_requests": 1}
    assert {row["project_name"] for row in rows} == {"red"}


UNAVAILABLE = [NO_REGION, BROKEN, failed(status=401), failed(status=403)]
AVAILABLE = [OK, LEFT, NO_KEY, failed(status=400, error="invalid_value"), failed(status=429, error="tokens_per_minute")]


def test_availability(ask: Ask, workspace: Workspace) -> None:
    for line in [OK] * 97 + [*UNAVAILABLE[:3]]:
        workspace.log(line, ago=timedelta(days=1))
    rows = ask("availability", *AVAILABLE, target="97.5")
    assert [(row["requests"], row["failed"], row["availability_percent"], row["is_below_target"]) for row in rows] == [
        (100, 3, 97.0, True),
        (3, 0, 100.0, False),
    ]


def test_keys_in_use(ask: Ask, workspace: Workspace) -> None:
    workspace.log({**OK, "key": "secondary"}, ago=timedelta(days=3))
    rows = ask("keys_in_use", OK, OK, {**NO_KEY, "key": None})
    assert [(row["project_name"], row["key"], row["requests"]) for row in rows] == [
        ("red", "primary", 2),
        ("red", "secondary", 1),
    ]
    assert rows[1]["last_seen"] == NOW - timedelta(days=3)


def test_refused_requests(ask: Ask) -> None:
    more = {"event": "unauthenticated_requests", "client_address": "x", "count": 5}
    rows = ask(
        "refused_requests", OK, NO_KEY, more, {**NO_KEY, "client_address": "y"}, {**more, "client_address": None}
    )
    assert column(rows, "address", "requests") == {"x": 5, "y": 1, "": 5}


def test_alert_availability(ask: Ask) -> None:
    assert ask("alert_availability", *[OK] * 16, *UNAVAILABLE, LEFT, NO_KEY) == [{"availability_percent": 80.0}]


def test_alert_latency(ask: Ask) -> None:
    lines = [{**OK, "first_byte_ms": float(ms)} for ms in range(1, 101)]
    assert ask("alert_latency", *lines, NO_KEY, LEFT) == [{"p95_ms": 95.0}]


@pytest.mark.parametrize(
    ("name", "expected"), [("alert_availability", {"availability_percent": 100.0}), ("alert_latency", {"p95_ms": 0.0})]
)
def test_few_requests_raise_no_alert(name: str, expected: dict[str, float], ask: Ask) -> None:
    assert ask(name, *[{**NO_REGION, "first_byte_ms": 99_999.0}] * 19) == [expected]


def test_alert_upstream_failures(ask: Ask) -> None:
    lines = [{**OK, **attempts(429, 500, 200)}, {**NO_REGION, **attempts(408, 401, 403)}, {**OK, **attempts(400)}]
    assert ask("alert_upstream_failures", OK, *lines, LEFT) == [{"upstream_failures": 5}]


def test_alert_no_region_left(ask: Ask) -> None:
    lines = [NO_REGION, failed(status=429, error="rate_limit_exceeded"), failed(status=429, error="tokens_per_minute")]
    assert ask("alert_no_region_left", OK, *lines, BROKEN) == [{"no_region_left": 2}]


def test_alert_translation_overloaded(ask: Ask) -> None:
    overloaded = failed(status=503, error="translation_overloaded")
    assert ask("alert_translation_overloaded", TRANSLATED, overloaded, NO_REGION) == [{"translation_overloaded": 1}]


def test_alert_tokens_per_day(ask: Ask, workspace: Workspace) -> None:
    workspace.log(OK, ago=timedelta(hours=25))
    assert ask("alert_tokens_per_day", OK, VECTORS, REFUSED) == [{"tokens_per_day": 2200}]


def test_alert_daily_cap(ask: Ask, workspace: Workspace) -> None:
    quota = {
        "Category": "Ingestion",
        "Detail": "Data collection stopped due to daily limit. Ingestion status = OverQuota",
    }
    workspace.add("_LogOperation", TimeGenerated=NOW - timedelta(hours=1), **quota)
    workspace.add("_LogOperation", TimeGenerated=NOW - timedelta(days=2), **quota)
    workspace.add("_LogOperation", TimeGenerated=NOW, Category="Ingestion", Detail="RespectQuota")
    assert ask("alert_daily_cap") == [{"daily_cap": 1}]


def test_alert_retirement(ask: Ask) -> None:
    assert ask("alert_retirement", OK, VECTORS, LEFT, retirements=retirements(MODELS)) == [{"retirement_days": 30}]


QUIET = {
    "alert_availability": 100.0,
    "alert_latency": 0.0,
    "alert_upstream_failures": 0,
    "alert_no_region_left": 0,
    "alert_translation_overloaded": 0,
    "alert_tokens_per_day": 0,
    "alert_daily_cap": 0,
    "alert_retirement": 10_000,
}


@pytest.mark.parametrize("name", QUIET)
def test_an_alerts_query_measures_one_number_also_without_a_log(name: str, ask: Ask) -> None:
    (row,) = ask(name)
    assert [*row.values()] == [QUIET[name]]


def test_every_query_is_tested_here() -> None:
    assert {f"test_{name}" for name in query_names()} <= globals().keys()
    assert {name for name in query_names() if name.startswith("alert_")} == QUIET.keys()


def test_the_period_is_the_parameters(ask: Ask, workspace: Workspace) -> None:
    workspace.log(OK, ago=timedelta(hours=2))
    assert (ask("traffic", period="1h"), len(ask("traffic", period="3h"))) == ([], 1)
    at: datetime = ask("first_byte", period="3h", step="1h")[0]["TimeGenerated"]
    assert at == NOW - timedelta(hours=2)
