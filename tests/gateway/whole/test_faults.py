"""A failing region: what the client sees, who is asked, how long it takes, and what the log says."""

import pytest

from .cases import ALL_ROWS, LIMIT_S, MATRIX, Fault
from .conftest import Client
from .regions import Regions
from .reliability import Outcome, Reliability
from .surfaces import Surface

_SLACK_S = 2.5  # for a machine that does other things, too
_LATE_S = 0.8  # the same, where one timer runs out


@pytest.mark.parametrize(
    ("fault", "surface"), [pytest.param(*case, id=f"{case[0].name}-{case[1].name}") for case in MATRIX]
)
def test_a_fault(world: Regions, user: Client, reliability: Reliability, fault: Fault, surface: Surface) -> None:
    expected = fault.expected(surface)
    for region, (kind, options) in fault.orders.items():
        world.fail(region, kind, **options)
    seen = user.ask(surface)
    line = user.line()
    asked = tuple((attempt["upstream"], attempt["status"]) for attempt in line["attempts"])
    outcome = Outcome(
        client=seen.what,
        asked=", ".join(f"{region} {status}" for region, status in asked),
        log=", ".join(str(word) for word in (line["status"], line["region"], line["error"]) if word),
    )
    reliability.note(fault.name, surface.name, outcome)
    assert seen.what == expected.client
    assert asked == expected.asked
    refusing = [region for region, (kind, _) in fault.orders.items() if kind == "refused"]
    assert world.asked() == [region for region, _ in asked if region not in refusing]
    assert max(seen.seconds, line["ms"] / 1000) < expected.hangs * LIMIT_S + _SLACK_S
    assert (line["status"], line["region"], line["error"]) == (expected.status, expected.region, expected.error)
    assert (line["route"], line["model"], line["stream"]) == (surface.route, surface.model, surface.streamed)
    assert line["project"] == "team"
    assert (line["litellm_ms"] is not None) is surface.translated
    for attempt in line["attempts"]:
        seconds = attempt["ms"] / 1000
        assert LIMIT_S - 0.1 <= seconds < LIMIT_S + _LATE_S if attempt["status"] == 504 else seconds < LIMIT_S
    beneath = sum(attempt["ms"] for attempt in line["attempts"])
    assert beneath + (line["litellm_ms"] or 0) <= line["first_byte_ms"] + 1
    assert all(attempt["reason"] for attempt in line["attempts"] if attempt["status"] != 200)
    if expected.client == "the answer":
        assert line["tokens"]["input"] > 0
    assert reliability.kept.get((fault.name, surface.name)) == outcome


def test_the_document_has_no_other_rows(reliability: Reliability) -> None:
    assert reliability.writes or set(reliability.kept) == set(ALL_ROWS)
