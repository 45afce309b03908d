"""What the queries answer to small logs whose answers are known."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from queries import prices, query_names, read_query, retirements
from settings.models import Model

from .workspace import APP, NOW, Rows, Workspace

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
BUG = {**OK, "error": "KeyError in _read, line 5"}
"""The gateway failed in the middle of a stream."""
NO_REGION = {**REFUSED, "status": 503, "error": "upstream_unavailable"}
CHAT = {**OK, "route": "chat/completions", "stream": True, "first_byte_ms": 50.0}
TRANSLATED = {**CHAT, "litellm_ms": 10.0, "translations": 3, "queued_ms": 2.0, "merged_events": 4}
VECTORS = {**OK, "route": "openai/embeddings", "model": "vectors", "queued_ms": 20.0}
STARTED = {"event": "started", "source": "s"}
OPENED = {"event": "breaker_opened", "region": "swc", "model": "codex", "reason": "429 status", "seconds": 10.0}
MORE = {"event": "unauthenticated_requests", "client_address": "x", "count": 5}
LAST = NOW - timedelta(minutes=1)
"""When the last line was written that a test asks about."""
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
    """Runs a query on these lines, each a second older than the next, and on some that no query may count."""
    limited = failed(status=429, error="tokens_per_minute")
    for line in (OK, VECTORS, TRANSLATED, NO_KEY, NO_REGION, limited, STARTED, OPENED, MORE):
        workspace.log(line, ago=timedelta(days=31))
        workspace.log(line, of="another container")
        workspace.log(line, app="another-gateway")
    workspace.log({"event": "unhandled", "error": "KeyError", "message": "text"}, ago=timedelta(minutes=14))

    def run(name: str, *lines: Mapping[str, Any], **values: str) -> Rows:
        for seconds, line in enumerate(reversed(lines)):
            workspace.log(line, ago=timedelta(seconds=seconds + 60))
        query = read_query(name)
        own = {"container_app": f'"{APP}"'} if "container_app" in query.parameters else {}
        return workspace.run(query.with_values(**{**own, **values}).text)

    return run


Ask = Callable[..., Rows]


def pairs(rows: Rows, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of the result."""
    return [tuple(row[column] for column in columns) for row in rows]


def test_traffic(ask: Ask) -> None:
    codex, vectors = ask("traffic", VECTORS, *({**OK, "ms": float(ms)} for ms in range(1, 101)))
    assert codex == {
        "route": "responses",
        "model": "codex",
        "requests": 100,
        "p50_ms": 50.0,
        "p95_ms": 95.0,
        "p99_ms": 99.0,
    }
    assert (vectors["route"], vectors["model"], vectors["requests"]) == ("openai/embeddings", "vectors", 1)


def test_first_byte(ask: Ask, workspace: Workspace) -> None:
    workspace.log(OK, ago=timedelta(minutes=20))
    rows = ask("first_byte", CHAT, {**CHAT, "first_byte_ms": 70.0}, VECTORS, OK, LEFT, NO_KEY)
    assert pairs(rows, "TimeGenerated", "model", "stream", "requests", "p50_ms", "p95_ms") == [
        (NOW - timedelta(minutes=30), "codex", False, 1, 100.0, 100.0),
        (NOW - timedelta(minutes=15), "codex", False, 1, 100.0, 100.0),
        (NOW - timedelta(minutes=15), "codex", True, 2, 50.0, 70.0),
        (NOW - timedelta(minutes=15), "vectors", False, 1, 100.0, 100.0),
    ]
    assert {row["series"] for row in rows} == {"codex", "codex, streamed", "vectors"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (LEFT, "client left"),
        ({**OK, "error": "client_closed"}, "client left"),
        (BROKEN, "stream broke off"),
        (BUG, "stream broke off"),
        ({**OK, "error": "upstream_refused"}, "stream broke off"),
        (failed(status=429, error="rate_limit_exceeded"), "rate limit"),
        (NO_KEY, "no valid key"),
        ({**NO_KEY, "status": 403}, "no valid key"),
        (failed(status=502, error="upstream_authentication_failed"), "Azure refuses the gateway"),
        (failed(status=500, error="internal_error"), "gateway or Azure failed"),
        (failed(status=502, error="upstream_refused"), "gateway or Azure failed"),
        (failed(status=400), "invalid request"),
        (failed(status=404, error="model_not_found"), "invalid request"),
    ],
)
def test_the_class_of_an_error(line: Mapping[str, Any], expected: str, ask: Ask) -> None:
    (row,) = ask("errors", OK, line)
    assert (row["class"], row["status"], row["error"]) == (expected, line["status"], line["error"] or "")


def test_errors(ask: Ask) -> None:
    rows = ask("errors", BROKEN, NO_KEY, LEFT, LEFT, NO_KEY, NO_KEY, LEFT, LEFT)
    assert pairs(rows, "class", "requests", "model", "last_seen") == [
        ("client left", 4, "codex", LAST),
        ("no valid key", 3, "", LAST - timedelta(seconds=2)),
        ("stream broke off", 1, "codex", LAST - timedelta(seconds=7)),
    ]


def test_failed_requests(ask: Ask) -> None:
    rows = ask("failed_requests", {**NO_REGION, **attempts(500)}, OK, failed(status=400), LEFT)
    assert pairs(rows, "TimeGenerated", "project_name", "error") == [
        (LAST, "red", "client_closed"),
        (LAST - timedelta(seconds=1), "red", ""),
        (LAST - timedelta(seconds=3), "red", "upstream_unavailable"),
    ]
    assert '"status":500' in rows[-1]["attempts"].replace(" ", "")


def test_events(ask: Ask, workspace: Workspace) -> None:
    workspace.log({"event": "litellm_restarted", "megabytes": 1700}, of="litellm", ago=timedelta(seconds=9))
    workspace.add("ContainerAppConsoleLogs_CL", TimeGenerated=NOW, ContainerName_s="litellm", Log_s="INFO: an event {")
    workspace.log(STARTED, ago=timedelta(minutes=5), replica="b")
    restarted, started, unhandled = ask("events", OK, STARTED, STARTED)
    assert (restarted["event"], restarted["events"]) == ("litellm_restarted", 1)
    assert json.loads(restarted["example"]) == {"event": "litellm_restarted", "megabytes": 1700}
    assert [started[name] for name in ("event", "events", "replicas", "last_seen")] == ["started", 3, 2, LAST]
    assert unhandled["event"] == "unhandled"


def test_rate_limits(ask: Ask, workspace: Workspace) -> None:
    workspace.log({**OK, **attempts(429, 200)}, ago=timedelta(minutes=20))
    lines = [
        failed(status=429, error="requests_per_minute"),
        failed(status=429, error="parallel_requests"),
        failed(status=429, error="rate_limit_exceeded", **attempts(429, 429)),
        {**NO_KEY, "status": 429, "error": "too_many_unauthenticated_requests"},
        {**OK, **attempts(429, 500, 408)},
    ]
    assert pairs(ask("rate_limits", *lines), "TimeGenerated", "refused_by", "refusals") == [
        (NOW - timedelta(minutes=30), "Azure, in one region", 1),
        (NOW - timedelta(minutes=15), "Azure, in all regions", 1),
        (NOW - timedelta(minutes=15), "Azure, in one region", 3),
        (NOW - timedelta(minutes=15), "gateway, limit of the project", 2),
        (NOW - timedelta(minutes=15), "gateway, without a valid key", 1),
    ]


def test_failover(ask: Ask) -> None:
    lines = [
        OK,
        {**OK, **attempts(429, 200)},
        {**OK, **attempts(504, 401, 200)},
        {**NO_REGION, **attempts(500, 502, 408)},
        {**OK, "status": 400, **attempts(403, 400)},
        {**LEFT, **attempts(None)},
    ]
    rows = ask("failover", *lines)
    names = (
        "region",
        "attempts",
        "rate_limited",
        "refused",
        "failed",
        "answered_elsewhere",
        "lost",
        "failures_percent",
    )
    assert pairs(rows, *names) == [
        ("eus2", 4, 0, 1, 1, 1, 1, 50.0),
        ("san", 2, 0, 0, 1, 0, 1, 50.0),
        ("swc", 6, 1, 1, 2, 2, 2, 66.67),
    ]
    assert pairs(rows, "p95_ms") == [(9.0,), (9.0,), (90.0,)]


def test_circuit_breakers(ask: Ask) -> None:
    failed_once = {**OPENED, "reason": "502 status", "seconds": 9.0}
    lines = [failed_once, OPENED, {**OPENED, "seconds": 2.5}, {**OPENED, "event": "breaker_closed"}]
    about = {**OPENED, "event": "unhandled", "message": "breaker_opened"}
    assert pairs(ask("circuit_breakers", *lines, about), "region", "openings", "seconds", "reason", "last_seen") == [
        ("swc", 2, 12.5, "429 status", LAST - timedelta(seconds=2)),
        ("swc", 1, 9.0, "502 status", LAST - timedelta(seconds=4)),
    ]


def test_tokens(ask: Ask, workspace: Workspace) -> None:
    workspace.log(OK, ago=timedelta(days=2))
    cut = {**CHAT, "tokens": {"input": 5, "output": 7, "cached": 0, "reasoning": 0, "estimated": True}}
    rows = ask("tokens", OK, OK, cut, REFUSED)
    assert pairs(rows, "TimeGenerated", "project_name", "model", "stream", "requests", "total", "estimated") == [
        (datetime(2026, 11, 29), "red", "codex", False, 1, 1100, 0),
        (datetime(2026, 12, 1), "red", "codex", False, 2, 2200, 0),
        (datetime(2026, 12, 1), "red", "codex", True, 1, 12, 1),
    ]
    assert pairs(rows[1:2], "input", "cached", "output", "reasoning") == [(2000, 800, 200, 100)]


def test_cost(ask: Ask, workspace: Workspace) -> None:
    workspace.log(OK, ago=timedelta(days=2))
    codex, vectors = (600 * 1.75 + 400 * 0.175 + 100 * 14) / 1e6, 1000 * 0.13 / 1e6
    rows = ask("cost", OK, OK, VECTORS, {**OK, "model": "free"}, REFUSED, prices=prices(MODELS))
    assert pairs(rows, "project_name", "model", "input", "cached", "output", "dollars") == [
        ("red", "codex", 1000, 400, 100, pytest.approx(codex)),
        ("red", "codex", 2000, 800, 200, pytest.approx(2 * codex)),
        ("red", "vectors", 1000, 400, 100, pytest.approx(vectors)),
        ("red", "free", 1000, 400, 100, None),
    ]


def test_cost_without_prices(ask: Ask) -> None:
    assert pairs(ask("cost", OK, REFUSED), "model", "dollars") == [("codex", None)]


def test_cache_hits(ask: Ask) -> None:
    none = {"input": 0, "output": 0, "cached": 0, "reasoning": 0}
    lines = [VECTORS, OK, OK, {**OK, "tokens": {**none, "input": 2000}}, REFUSED, {**OK, "model": "x", "tokens": none}]
    assert pairs(ask("cache_hits", *lines), "project_name", "model", "requests", "input", "cached_percent") == [
        ("red", "codex", 3, 4000, 20.0),
        ("red", "vectors", 1, 1000, 40.0),
    ]


def test_indexing(ask: Ask, workspace: Workspace) -> None:
    workspace.log({**VECTORS, "model": "other"}, ago=timedelta(minutes=1))
    workspace.log(VECTORS, ago=timedelta(minutes=20))
    refused = {**VECTORS, "status": 429, "tokens": None, "queued_ms": 30_000.0}
    before, other, row = ask("indexing", OK, VECTORS, VECTORS, refused)
    assert (before["TimeGenerated"], before["tokens_per_minute"]) == (NOW - timedelta(minutes=20), 200.0)
    assert other["model"] == "other"
    assert row == {
        "TimeGenerated": NOW - timedelta(minutes=5),
        "model": "vectors",
        "requests": 3,
        "tokens": 2000,
        "refused": 1,
        "p50_queued_ms": 20.0,
        "p95_queued_ms": 30_000.0,
        "tokens_per_minute": 400.0,
    }


def test_translation(ask: Ask, workspace: Workspace) -> None:
    workspace.log(TRANSLATED, ago=timedelta(minutes=20))
    full = {**TRANSLATED, "translations": 8, "litellm_ms": 25.0}
    overloaded = failed(status=503, error="translation_overloaded", queued_ms=5000.0)
    before, row = ask("translation", OK, CHAT, TRANSLATED, full, overloaded)
    assert (before["TimeGenerated"], before["requests"]) == (NOW - timedelta(minutes=20), 1)
    assert row == {
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


def test_replicas(ask: Ask, workspace: Workspace) -> None:
    workspace.log(STARTED, ago=timedelta(minutes=110), replica="old")
    workspace.log({**OK, "first_byte_ms": 9.0}, ago=timedelta(minutes=50), replica="old")
    workspace.log(STARTED, ago=timedelta(minutes=20), replica="new")
    for first_byte_ms, minutes in ((700.0, 19), (600.0, 18.5), (5.0, 18)):
        workspace.log({**OK, "first_byte_ms": first_byte_ms}, ago=timedelta(minutes=minutes), replica="new")
    workspace.log({**OK, "first_byte_ms": 8.0}, ago=timedelta(minutes=5), replica="from before the period")
    names = ("TimeGenerated", "replicas", "starts", "requests", "cold_requests", "p95_ms", "p95_cold_ms")
    before, row = pairs(ask("replicas"), *names)
    assert before[:5] == (NOW - timedelta(hours=2), 1, 1, 0, 0)
    # The fixture's event is of one more replica.
    assert row == (NOW - timedelta(hours=1), 4, 1, 5, 2, 700.0, 700.0)


def test_platform_events(ask: Ask, workspace: Workspace) -> None:
    for minutes, kind, reason in (
        (9, "Warning", "ProbeFailed"),
        (5, "Error", "Pulling"),
        (2, "Warning", "ProbeFailed"),
        (1, "Normal", "Pulled"),
        (60 * 25, "Warning", "OOMKilled"),
    ):
        row = {"TimeGenerated": NOW - timedelta(minutes=minutes), "Type_s": kind, "Reason_s": reason, "Log_s": "text"}
        for app in (APP, "another-gateway"):
            workspace.add("ContainerAppSystemLogs_CL", ContainerAppName_s=app, **row)
    assert pairs(ask("platform_events"), "reason", "events", "example", "last_seen") == [
        ("ProbeFailed", 2, "text", NOW - timedelta(minutes=2)),
        ("Pulling", 1, "text", NOW - timedelta(minutes=5)),
    ]


def test_slowest_requests(ask: Ask) -> None:
    rows = ask("slowest_requests", *({**OK, "ms": float(ms), "request_id": f"r{ms}"} for ms in range(30)))
    assert pairs(rows, "request_id", "project_name", "output") == [(f"r{ms}", "red", 100) for ms in range(29, 9, -1)]


def test_slowest_requests_are_requests(ask: Ask) -> None:
    assert pairs(ask("slowest_requests", OK), "request_id") == [("r",)]


def test_project_limits(ask: Ask) -> None:
    reached = ["requests_per_minute", *["tokens_per_minute"] * 3, *["parallel_requests"] * 2]
    rows = ask("project_limits", OK, *(failed(status=429, error=name) for name in [*reached, "rate_limit_exceeded"]))
    assert pairs(rows, "project_name", "reached", "refused", "first_seen", "last_seen") == [
        ("red", "tokens_per_minute", 3, LAST - timedelta(seconds=5), LAST - timedelta(seconds=3)),
        ("red", "parallel_requests", 2, LAST - timedelta(seconds=2), LAST - timedelta(seconds=1)),
        ("red", "requests_per_minute", 1, LAST - timedelta(seconds=6), LAST - timedelta(seconds=6)),
    ]


REFUSED_LATE = {**OK, "error": "upstream_refused"}
UNAVAILABLE = [NO_REGION, BROKEN, NO_REGION, BUG, failed(status=500, error="internal_error")]
AVAILABLE = [REFUSED_LATE, LEFT, NO_KEY, failed(status=400, error="invalid_value"), failed(status=429, error="x")]


def test_availability(ask: Ask, workspace: Workspace) -> None:
    for days, requests in ((2, [OK] * 195 + UNAVAILABLE), (1, [OK] * 95 + UNAVAILABLE)):
        for line in requests:
            workspace.log(line, ago=timedelta(days=days))
    rows = ask("availability", *AVAILABLE, target="97.5")
    assert pairs(rows, "TimeGenerated", "requests", "failed", "availability_percent", "is_below_target") == [
        (datetime(2026, 11, 29), 200, 5, 97.5, False),
        (datetime(2026, 11, 30), 100, 5, 95.0, True),
        (datetime(2026, 12, 1), 3, 0, 100.0, False),
    ]


def test_keys_in_use(ask: Ask, workspace: Workspace) -> None:
    workspace.log({**OK, "key": "secondary"}, ago=timedelta(days=3))
    blue = {**OK, "project": "blue"}
    assert pairs(
        ask("keys_in_use", OK, OK, blue, {**NO_KEY, "key": None}), "project_name", "key", "requests", "last_seen"
    ) == [
        ("blue", "primary", 1, LAST - timedelta(seconds=1)),
        ("red", "primary", 2, LAST - timedelta(seconds=2)),
        ("red", "secondary", 1, NOW - timedelta(days=3)),
    ]


def test_refused_requests(ask: Ask) -> None:
    lines = [{**NO_KEY, "client_address": "y"}, NO_KEY, MORE, {**MORE, "client_address": None, "count": 4}, OK]
    assert pairs(ask("refused_requests", *lines), "address", "requests", "last_seen") == [
        ("x", 5, LAST - timedelta(seconds=2)),
        ("", 4, LAST - timedelta(seconds=1)),
        ("y", 1, LAST - timedelta(seconds=4)),
    ]


def test_alert_availability(ask: Ask) -> None:
    assert ask("alert_availability", *[OK] * 20, *UNAVAILABLE, LEFT, NO_KEY) == [{"availability_percent": 80.0}]


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
    assert ask("alert_upstream_failures", OK, *lines, LEFT, {**OK, **attempts(500)}) == [{"upstream_failures": 6}]


def test_access_lines(ask: Ask) -> None:
    long = {**OK, "attempts": OK["attempts"] * 100}
    rows = ask("access_lines", CHAT, NO_KEY, long, OK)
    assert [json.loads(row["Log_s"]) for row in rows][:3] == [OK, NO_KEY, CHAT]
    assert {(row["total"], len(rows)) for row in rows} == {(5, 4)}
    assert len(ask("access_lines", period="10m")) == 3


def test_alert_no_region_left(ask: Ask) -> None:
    lines = [NO_REGION, failed(status=429, error="rate_limit_exceeded"), failed(status=429, error="tokens_per_minute")]
    lines.append(failed(status=503, error="managed_identity_unavailable"))
    indexing = {**VECTORS, "status": 429, "error": "rate_limit_exceeded"}
    assert ask("alert_no_region_left", OK, *lines, BROKEN, indexing) == [{"no_region_left": 3}]
    assert ask("alert_no_region_left", {**NO_REGION, "route": VECTORS["route"]}) == [{"no_region_left": 4}]


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


def test_without_the_name_of_an_app_all_of_the_workspace_count(ask: Ask, workspace: Workspace) -> None:
    workspace.log(OK, app="a-third-gateway", ago=timedelta(minutes=2))
    counted = {name: ask("traffic", OK, container_app=f'"{name}"')[0]["requests"] for name in (APP, "a-third-gateway")}
    assert counted == {APP: 1, "a-third-gateway": 1}
    assert sum(row["requests"] for row in ask("traffic", container_app='""') if row["model"] == "codex") > 2


def test_the_period_is_the_parameters(ask: Ask, workspace: Workspace) -> None:
    workspace.log(OK, ago=timedelta(hours=2))
    assert (ask("traffic", period="1h"), len(ask("traffic", period="3h"))) == ([], 1)
    at: datetime = ask("first_byte", period="3h", step="1h")[0]["TimeGenerated"]
    assert at == NOW - timedelta(hours=2)
