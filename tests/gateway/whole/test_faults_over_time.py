"""Regions that fail and come back: who is asked meanwhile, and that no client notices."""

import pytest

from .cases import FLAPPING, RECOVERY
from .conftest import Client
from .regions import Regions
from .reliability import Outcome, Reliability
from .surfaces import SURFACES, Surface

_ROUNDS = 12
_MAX_OPEN_S = 1.0  # of the stack; Azure asks for more
_FAULTS = ("500", "reset", "429", "malformed_json", "refused")


def _asked(user: Client) -> list[tuple[str, int]]:
    return [(attempt["upstream"], attempt["status"]) for attempt in user.line()["attempts"]]


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_a_region_is_left_alone_after_a_failure_and_asked_again_after_a_while(
    world: Regions, user: Client, reliability: Reliability, surface: Surface
) -> None:
    """The longest time that Retry-After may open a breaker leaves a slow machine enough to ask in."""
    world.fail("first", "429", count=1, retry_after=30)
    asked = []
    number = len(user.log.update().events)
    for pause in (False, False, True):
        if pause:
            user.log.wait_for_breakers()
        assert user.ask(surface).what == "the answer"
        asked.append(_asked(user))
    breaker = {"region": "first", "model": surface.model}
    events = [event for event in user.log.update().events[number:] if event.items() >= breaker.items()]
    kinds = [event["event"] for event in events]
    outcome = Outcome(
        client="three answers",
        asked="; ".join(", ".join(f"{region} {status}" for region, status in turn) for turn in asked),
        log=", ".join(kinds),
    )
    reliability.note(RECOVERY, surface.name, outcome)
    assert asked == [[("first", 429), ("second", 200)], [("second", 200)], [("first", 200)]]
    assert world.asked() == ["first", "second", "second", "first"]
    assert kinds == ["breaker_opened", "breaker_closed"]
    assert events[0]["seconds"] == _MAX_OPEN_S
    assert reliability.kept.get((RECOVERY, surface.name)) == outcome


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_regions_that_take_turns_in_failing(
    world: Regions, user: Client, reliability: Reliability, surface: Surface
) -> None:
    answers = set()
    for number in range(_ROUNDS):
        failing, healthy = ("first", "second") if number % 2 else ("second", "first")
        world.azures[healthy].mend()
        world.fail(failing, _FAULTS[number % len(_FAULTS)])
        answers.add(user.ask(surface).what)
        regions = [region for region, _ in _asked(user)]
        assert len(regions) == len(set(regions))
        assert user.line()["status"] == 200
    outcome = Outcome(client=" or ".join(sorted(answers)), asked="each region at most once", log="200")
    reliability.note(FLAPPING, surface.name, outcome)
    assert answers == {"the answer"}
    assert reliability.kept.get((FLAPPING, surface.name)) == outcome
