"""Failing regions, on every surface: what the client sees, which regions are asked, and what is logged."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from .azure_regions import AzureRegions
from .conftest import Client, Clients, by_authentication, call_all
from .fault_table import ALL_ROWS, FAULTS, FLAPPING, LIMIT_S, RECOVERY, Expected, Fault
from .reliability import Outcome, Reliability, documented, outcome
from .surfaces import ANSWER, SURFACES, Result, Surface

pytestmark = pytest.mark.litellm

_SLACK_S = 4.0  # for all surfaces at once, on a busy machine
_LATE_S = 1.5  # the same, where one timer runs out
_ROUNDS = 12
_TRIES = 5
_MAX_OPEN_S = 1.0  # of the stack; Azure asks for more
_CHANGING_FAULTS = ("500", "reset", "429", "malformed_json", "refused")


@by_authentication
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault(
    azure: AzureRegions,
    clients: Clients,
    reliability: Reliability,
    assert_nothing_leaked: Callable[[], None],
    fault: Fault,
) -> None:
    for region, (kind, options) in fault.regions.items():
        azure.fail(region, kind, **options)
    results = call_all(clients, fault.surfaces)
    lines = {surface.name: clients[surface.name].line() for surface in fault.surfaces}
    reliability.check(fault.name, {name: outcome(results[name].text, line) for name, line in lines.items()})
    refusing = [region for region, (kind, _) in fault.regions.items() if kind == "refused"]
    received = azure.requests()
    for surface in fault.surfaces:
        line, expected = lines[surface.name], fault.expected(surface)
        _check(surface, results[surface.name], line, expected)
        # The emulator does not see a request that it refuses to accept.
        assert [
            request["region"]
            for request in received
            if request["headers"]["x-ms-client-request-id"] == line["request_id"]
        ] == [region for region, _ in expected.attempts if region not in refusing]
    assert len(received) == sum(len(line["attempts"]) for line in lines.values()) - len(refusing) * len(lines)
    assert_nothing_leaked()


def _check(surface: Surface, result: Result, line: dict[str, Any], expected: Expected) -> None:
    assert result.text == expected.client
    assert tuple((attempt["upstream"], attempt["status"]) for attempt in line["attempts"]) == expected.attempts
    assert (line["status"], line["region"], line["error"]) == (expected.status, expected.region, expected.error)
    assert (line["route"], line["model"], line["stream"]) == (surface.route, surface.model, surface.streamed)
    assert line["project"] == "team"
    assert (line["litellm_ms"] is not None) is surface.litellm
    assert max(result.seconds, line["ms"] / 1000) < expected.timeouts * LIMIT_S + _SLACK_S
    for attempt in line["attempts"]:
        seconds = attempt["ms"] / 1000
        assert LIMIT_S - 0.1 <= seconds < LIMIT_S + _LATE_S if attempt["status"] == 504 else seconds < LIMIT_S
    upstream_ms = sum(attempt["ms"] for attempt in line["attempts"])
    assert upstream_ms + (line["litellm_ms"] or 0) <= line["first_byte_ms"] + 1
    assert all(attempt["reason"] for attempt in line["attempts"] if attempt["status"] != 200)
    if expected.client == ANSWER:
        assert line["tokens"]["input"] > 0


@dataclass(frozen=True)
class _Recovery:
    """Which regions three requests asked, and the events of the first region's breaker."""

    asked: list[list[tuple[str, int]]]
    events: list[dict[str, Any]]
    in_time: bool
    """The second request ended before the breaker's time did: on a slow machine it may not."""


def _attempts(client: Client) -> list[tuple[str, int]]:
    return [(attempt["upstream"], attempt["status"]) for attempt in client.line()["attempts"]]


def _recover(azure: AzureRegions, clients: Clients) -> dict[str, _Recovery]:
    """Call every surface after a failure, at once after that, and when the breaker's time is over."""
    azure.clear()
    azure.fail("first", "429", retry_after=30)
    number = len(azure.log.update().events)
    turns = []
    for turn in range(3):
        if turn == 1:
            azure.regions["first"].recover()
        if turn == 2:
            azure.log.wait_for_breakers()
        assert {result.text for result in call_all(clients, SURFACES).values()} == {ANSWER}
        turns.append(
            {surface.name: (_attempts(clients[surface.name]), _ended(clients[surface.name])) for surface in SURFACES}
        )
    recoveries = {}
    for surface in SURFACES:
        breaker = {"region": "first", "model": surface.model}
        events = [event for event in azure.log.update().events[number:] if event.items() >= breaker.items()]
        ends_at = datetime.fromisoformat(events[0]["time"]).timestamp() + _MAX_OPEN_S
        recoveries[surface.name] = _Recovery(
            [turn[surface.name][0] for turn in turns], events, in_time=turns[1][surface.name][1] < ends_at
        )
    return recoveries


def _ended(client: Client) -> float:
    return datetime.fromisoformat(client.line()["time"]).timestamp()


@by_authentication
def test_a_region_is_left_out_after_a_failure_and_asked_again_later(
    azure: AzureRegions, clients: Clients, reliability: Reliability
) -> None:
    for _ in range(_TRIES):
        recoveries = _recover(azure, clients)
        if all(recovery.in_time for recovery in recoveries.values()):
            break
    else:
        pytest.fail("this machine is too slow to ask twice within the breaker's time")
    outcomes = {}
    for name, recovery in recoveries.items():
        kinds = [event["event"] for event in recovery.events]
        assert recovery.asked == [[("first", 429), ("second", 200)], [("second", 200)], [("first", 200)]], name
        assert kinds == ["breaker_opened", "breaker_closed"], name
        assert recovery.events[0]["seconds"] == _MAX_OPEN_S
        outcomes[name] = Outcome(
            client="three answers",
            asked="; ".join(", ".join(f"{region} {status}" for region, status in turn) for turn in recovery.asked),
            log=", ".join(kinds),
        )
    assert len(azure.requests()) == 4 * len(SURFACES)
    reliability.check(RECOVERY, outcomes)


@by_authentication
def test_regions_that_take_turns_in_failing(azure: AzureRegions, clients: Clients, reliability: Reliability) -> None:
    for number in range(_ROUNDS):
        failing, healthy = ("first", "second") if number % 2 else ("second", "first")
        azure.regions[healthy].recover()
        azure.fail(failing, _CHANGING_FAULTS[number % len(_CHANGING_FAULTS)])
        assert {result.text for result in call_all(clients, SURFACES).values()} == {ANSWER}
        for surface in SURFACES:
            regions = [region for region, _ in _attempts(clients[surface.name])]
            assert len(regions) == len(set(regions))
            assert clients[surface.name].line()["status"] == 200
    expected = Outcome(client=ANSWER, asked="each region at most once", log="200")
    reliability.check(FLAPPING, dict.fromkeys((surface.name for surface in SURFACES), expected))


def test_the_document_has_no_other_rows(reliability: Reliability) -> None:
    assert reliability.writes or set(documented()) == set(ALL_ROWS)
