"""Sums, shares, percentiles and costs of hand-made lines."""

import pytest

from scripts.reporting.series import MAX_SERIES, percentile
from tests.reporting.builders import (
    CODEX,
    EMBEDDINGS,
    UNPRICED,
    attempt,
    event,
    line,
    numbers_of,
    plot,
    tokens,
    wholes,
)


def test_requests_count_in_the_step_in_which_they_ended() -> None:
    numbers = numbers_of(line(0), line(0.5), line(2), line(2, status=503), line(58, status=429))
    series = plot([*numbers.traffic(0)], "Requests per minute")
    assert list(series["answered"].values)[:4] == [2, 0, 1, 0]
    assert list(series["failed"].values)[:4] == [0, 0, 1, 0]
    assert wholes(series) == {"answered": 3, "failed": 1, "429": 1}


def test_availability_is_the_share_of_responses_that_are_no_failures() -> None:
    lines = [line(0), line(0, status=404), line(0, status=429), line(1, status=503), line(1, status=0), line(1)]
    numbers = numbers_of(*lines)
    (series,) = plot([*numbers.traffic(0)], "Availability").values()
    assert list(series.values)[:3] == [100, 50, None]
    assert series.whole == numbers.summary().availability == 80


def test_requests_without_a_valid_key_are_no_traffic() -> None:
    numbers = numbers_of(line(0), line(1, project=None, status=401), event("unauthenticated_requests", 2, count=70))
    assert (numbers.summary().requests, numbers.summary().unauthenticated) == (1, 70)
    assert numbers.summary().availability == 100


def test_tokens_are_summed_by_project_and_model() -> None:
    numbers = numbers_of(
        line(0, project="search", tokens=tokens(100, 10)),
        line(1, project="search", model=EMBEDDINGS, tokens=tokens(50, 0)),
        line(1, project="mobile", tokens=tokens(7, 3)),
        line(2, project="mobile"),
    )
    plots = [*numbers.usage_plots()]
    assert wholes(plot(plots, "Tokens by project")) == {"search": 160, "mobile": 10}
    assert wholes(plot(plots, "Tokens by model")) == {CODEX: 120, EMBEDDINGS: 50}
    assert list(plot(plots, "Tokens by project")["search"].values)[:3] == [110, 50, 0]
    assert [(row.project, row.model, row.requests, row.tokens.input) for row in numbers.usage] == [
        ("mobile", CODEX, 2, 7),
        ("search", CODEX, 1, 100),
        ("search", EMBEDDINGS, 1, 50),
    ]


def test_cached_input_costs_less_and_a_model_without_a_price_nothing_that_is_known() -> None:
    numbers = numbers_of(
        line(0, tokens=tokens(1_000_000, 100_000, cached=400_000)),
        line(1, model=EMBEDDINGS, tokens=tokens(2_000_000, 0)),
        line(2, model=UNPRICED, tokens=tokens(5, 5)),
    )
    assert [(row.model, row.cost) for row in numbers.usage] == [
        (CODEX, pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.1 * 10)),
        (UNPRICED, None),
        (EMBEDDINGS, pytest.approx(0.2)),
    ]
    assert numbers.summary().cost == pytest.approx(2.6)
    assert numbers.summary().without_price == [UNPRICED]
    assert wholes(plot([*numbers.usage_plots()], "Cost by project")) == {"team": pytest.approx(2.6)}


def test_more_cached_than_input_costs_no_less_than_nothing() -> None:
    (usage,) = numbers_of(line(tokens=tokens(1_000_000, 0, cached=9_000_000))).usage
    assert usage.cost == 0.5


def test_without_any_price_there_is_no_cost() -> None:
    assert numbers_of(line(model=UNPRICED, tokens=tokens(5, 5))).summary().cost is None


def test_estimated_tokens_are_told_apart() -> None:
    numbers = numbers_of(line(0, tokens=tokens(100, 10)), line(1, tokens=tokens(30, 2, estimated=True)))
    assert (numbers.summary().tokens.input, numbers.summary().estimated) == (130, 32)


def test_times_are_of_answered_requests() -> None:
    lines = [line(minute, first_byte_ms=1000.0 * minute, ms=2000.0 * minute) for minute in range(1, 21)]
    numbers = numbers_of(*lines, line(3, status=503, first_byte_ms=1.0, ms=1.0))
    plots = [*numbers.latency()]
    assert wholes(plot(plots, "Time to the first byte")) == {"p50": 10, "p95": 19}
    assert wholes(plot(plots, "Time to the last byte")) == {"p50": 20, "p95": 38}
    assert plot(plots, "Time to the first byte")["p50"].values[3] == 3
    (row,) = numbers.latency_table()
    assert (row.route, row.streamed, row.requests, row.first_byte_p95_s) == ("responses", True, 20, 19)


def test_failovers_count_by_what_became_of_the_request() -> None:
    failed, limited = attempt("first", 503, "status"), attempt("first", 429, "status")
    numbers = numbers_of(
        line(0, attempts=[failed, attempt("second", 200)]),
        line(0, attempts=[limited, attempt("second", 400)], status=400),
        line(1, attempts=[failed, attempt("second", 502, "status")], status=503),
        line(1, attempts=[failed, failed, attempt("first", 200)]),
        event("breaker_opened", 1, region="first"),
    )
    plots = [*numbers.failures()]
    assert wholes(plot(plots, "Failovers")) == {"answered by another region": 2, "failed": 1}
    assert wholes(plot(plots, "Failed calls")) == {"first": 5, "second": 1}
    summary = numbers.summary()
    assert (summary.failovers, summary.rescued, summary.breakers_opened) == (3, 2, 1)


def test_429_is_the_gateways_or_azures() -> None:
    limited = attempt("first", 429, "status")
    numbers = numbers_of(
        line(0, status=429, attempts=[], error="requests_per_minute"),
        line(0, status=429, attempts=[], error="rate_limit_exceeded"),
        line(0, status=429, attempts=[limited], error="rate_limit_exceeded"),
        line(1, attempts=[limited, attempt("second", 200)]),
        line(1, attempts=[limited, limited, attempt("second", 503, "status")], status=503),
    )
    assert wholes(plot([*numbers.failures()], "429")) == {
        "the gateway's": 1,
        "Azure's, seen by the client": 2,
        "Azure's, not seen by the client": 2,
    }


def test_the_load_of_translation_is_that_of_translated_requests() -> None:
    numbers = numbers_of(
        line(0, route="chat/completions", translations=3, litellm_ms=20.0, queued_ms=0.0),
        line(0, route="chat/completions", translations=8, litellm_ms=40.0, queued_ms=1500.0),
        line(0, route="chat/completions", queued_ms=30000.0, status=503, error="translation_overloaded", attempts=[]),
        line(1, queued_ms=9000.0, route="embeddings"),
    )
    assert numbers.summary().without_place == 1
    plots = [*numbers.translation(100)]
    assert list(plot(plots, "Translations")["places in use"].values)[:2] == [8, None]
    assert wholes(plot(plots, "What translation adds")) == {
        "LiteLLM's share, p50": 0.02,
        "LiteLLM's share, p95": 0.04,
        "wait for a place, p95": 30,
    }


def test_many_projects_become_the_largest_and_the_others() -> None:
    lines = [line(0, project=f"p{number:02}", tokens=tokens(100 + number, 0)) for number in range(20)]
    series = plot([*numbers_of(*lines).usage_plots()], "Tokens by project")
    assert len(series) == MAX_SERIES
    assert list(series) == ["p19", "p18", "p17", "p16", "p15", "p14", "p13", "others"]
    assert sum(each.whole or 0 for each in series.values()) == sum(100 + number for number in range(20))


def test_nothing_is_nothing() -> None:
    summary = numbers_of().summary()
    assert (summary.requests, summary.availability, summary.cost, summary.first_byte_p95_s) == (0, None, None, None)


@pytest.mark.parametrize(
    ("values", "rank", "expected"),
    [([], 50, None), ([7.0], 95, 7.0), ([3, 1, 2], 50, 2), ([1, 2, 3, 4], 50, 2), (list(range(1, 101)), 95, 95)],
)
def test_percentiles_are_values_that_occurred(values: list[float], rank: int, expected: float | None) -> None:
    assert percentile(values, rank) == expected
