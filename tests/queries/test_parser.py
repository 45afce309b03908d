"""Microsoft's parser accepts every query, and each field of the log that a query names exists."""

import re
from collections.abc import Set

import pytest

from queries import query_names, read_query
from settings.loading import load_environments
from tests import fixed_environments

from .log_fields import event_fields, request_fields, runtime_texts
from .parser import Analysis, analyze

NAMES = query_names()
DEV = load_environments(fixed_environments.ENVIRONMENTS)[0]
WITH_SETTINGS = {name: query for name in NAMES if (query := read_query(name).with_settings(DEV)) != read_query(name)}
LINES = """
ContainerAppConsoleLogs_CL
| where TimeGenerated > ago(1h)
| extend line = parse_json(Log_s)
"""
MISTAKES = {
    "not closed": f"{LINES} | where (isnotempty(line.request_id)",
    "no such operator": f"{LINES} | summarise count()",
    "no such function": f"{LINES} | extend ms = tonumber(line.ms)",
    "no such table": "ContainerLogs_CL | count",
    "no such column": f"{LINES} | where ContainerName == 'gateway'",
    "a column of before the summary": f"{LINES} | summarize count() by ContainerName_s | where isnotempty(line)",
    "a text as a number": f"{LINES} | summarize sum(Log_s)",
    "a keyword as a field": f"{LINES} | where isnotempty(line.project)",
}
ERRORS = re.compile(r'\berror\)? (?:==|!?in) ("\w+"|\([^)]+\))')
UNKNOWN_FIELDS = {
    "of a request": (f"{LINES} | where line.milliseconds > 5", {"milliseconds"}),
    "in brackets": (f'{LINES} | where line["proyect"] == "p"', {"proyect"}),
    "of tokens": (f"{LINES} | summarize sum(tolong(line.tokens.total))", {"tokens.total"}),
    "of an attempt": (f"{LINES} | mv-expand a = line.attempts | where a.region == 'x'", {"attempts[].region"}),
    "by another name": (f"{LINES} | extend used = line.tokens | where used.total > 5", {"tokens.total"}),
    "under a number": (f"{LINES} | where line.ms.total > 5", {"ms.total"}),
    "of another event": (f'{LINES} | where line.event == "breaker_opened" | where line.megabytes > 5', {"megabytes"}),
    "not of the line": ("print x = dynamic({}) | where x.ms > 5", {"?x.ms"}),
}


def unknown_fields(analysis: Analysis, known: Set[str]) -> set[str]:
    """The fields that neither a request's line has, nor one of the events that the query asks for."""
    return {*analysis.fields} - known - {"event"}.union(*(event_fields().get(event, ()) for event in analysis.events))


@pytest.fixture(scope="session")
def analyses() -> dict[str, Analysis]:
    """Of all files, also with the values of settings, and of what is wrong on purpose."""
    return analyze(
        {name: read_query(name).text for name in NAMES}
        | {f"{name} of dev": query.text for name, query in WITH_SETTINGS.items()}
        | MISTAKES
        | {name: text for name, (text, _) in UNKNOWN_FIELDS.items()}
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_query_is_correct(name: str, analyses: dict[str, Analysis]) -> None:
    assert analyses[name].mistakes == []


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_a_query_with_values_of_the_settings_is_correct(name: str, analyses: dict[str, Analysis]) -> None:
    assert analyses[f"{name} of dev"] == analyses[name]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found(name: str, analyses: dict[str, Analysis]) -> None:
    assert analyses[name].mistakes


@pytest.mark.parametrize("name", NAMES)
def test_the_log_has_the_fields_of_a_query(name: str, analyses: dict[str, Analysis]) -> None:
    assert unknown_fields(analyses[name], request_fields()) == set()


@pytest.mark.parametrize("name", NAMES)
def test_the_log_has_the_events_of_a_query(name: str, analyses: dict[str, Analysis]) -> None:
    assert {*analyses[name].events} <= event_fields().keys()


def test_the_gateway_has_the_errors_of_the_queries() -> None:
    compared = {name: re.findall(r'"(\w+)"', " ".join(ERRORS.findall(read_query(name).text))) for name in NAMES}
    assert compared["alert_no_region_left"] == [
        "upstream_unavailable",
        "managed_identity_unavailable",
        "rate_limit_exceeded",
    ]
    unknown = {name: codes for name in NAMES if (codes := {*compared[name]} - runtime_texts())}
    assert unknown == {}


@pytest.mark.parametrize("name", UNKNOWN_FIELDS)
def test_a_field_that_the_log_does_not_have_is_found(name: str, analyses: dict[str, Analysis]) -> None:
    assert (analyses[name].mistakes, unknown_fields(analyses[name], request_fields())) == ([], UNKNOWN_FIELDS[name][1])


def test_fields_and_events_are_read_from_the_gateways_code() -> None:
    assert request_fields() >= {"request_id", "status", "tokens", "tokens.cached", "attempts[].reason"}
    assert event_fields()["breaker_opened"] >= {"region", "model", "seconds", "reason"}
    assert event_fields().keys() >= {"started", "unauthenticated_requests", "litellm_restarted"}


@pytest.mark.parametrize("name", NAMES)
def test_every_column_of_a_result_has_a_type(name: str, analyses: dict[str, Analysis]) -> None:
    types = {*analyses[name].columns.values()}
    assert types <= {"string", "int", "long", "real", "bool", "datetime"}
    assert types


@pytest.mark.parametrize("name", NAMES)
def test_a_query_reads_no_more_than_its_period(name: str) -> None:
    for after in read_query(name).text.split("_CL\n")[1:]:
        assert after.lstrip().startswith("| where TimeGenerated > ago(period) and ")
