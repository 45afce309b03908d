"""Regions that fail and come back: who is asked meanwhile, and that no client notices."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from .cases import FLAPPING, RECOVERY
from .conftest import Client
from .regions import Regions
from .reliability import Outcome, Reliability
from .surfaces import SURFACES, Surface

_ROUNDS = 12
_MAX_OPEN_S = 1.0  # of the stack; Azure asks for more
_FAULTS = ("500", "reset", "429", "malformed_json", "refused")


_TRIES = 10


def _asked(user: Client) -> list[tuple[str, int]]:
    return [(attempt["upstream"], attempt["status"]) for attempt in user.line()["attempts"]]


@dataclass(frozen=True)
class _Recovery:
    """Who was asked in each of three turns, and what the gateway told of the first region's breaker."""

    asked: list[list[tuple[str, int]]]
    events: list[dict[str, Any]]
    in_time: bool
    """The second turn was over before the breaker's time was: a slow machine may have come too late to see it open."""


def _recover(world: Regions, user: Client, surface: Surface) -> _Recovery:
    """Ask after a failure, at once after that, and when the breaker's time is over."""
    world.clear()
    world.fail("first", "429", count=1, retry_after=30)
    number = len(user.log.update().events)
    asked, ended = [], []
    for pause in (False, False, True):
        if pause:
            user.log.wait_for_breakers()
        assert user.ask(surface).what == "the answer"
        asked.append(_asked(user))
        ended.append(_time(user.line()))
    breaker = {"region": "first", "model": surface.model}
    events = [event for event in user.log.update().events[number:] if event.items() >= breaker.items()]
    return _Recovery(asked, events, in_time=ended[1] < _time(events[0]) + _MAX_OPEN_S)


def _time(line: dict[str, Any]) -> float:
    return datetime.fromisoformat(line["time"]).timestamp()


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_a_region_is_left_alone_after_a_failure_and_asked_again_after_a_while(
    world: Regions, user: Client, reliability: Reliability, surface: Surface
) -> None:
    """The longest time that Retry-After may open a breaker leaves most machines enough to ask in."""
    recovery = next((made for _ in range(_TRIES) if (made := _recover(world, user, surface)).in_time), None)
    assert recovery, "this machine is too slow to ask twice within the breaker's time"
    asked, events = recovery.asked, recovery.events
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
