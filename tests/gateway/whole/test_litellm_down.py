"""LiteLLM still loads, hangs or is dead: what does not need it goes on, the rest waits or fails cleanly.

The tests stand in the order in which LiteLLM goes through this: it can be loaded once, and killed once.
"""

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from local.runner.network import wait_until_ready
from local.runner.session import Session

from .cases import HUNG, KILLED, LOADING
from .conftest import Client
from .regions import Regions, eventually, tell_litellm
from .reliability import Outcome, Reliability
from .surfaces import CODEX_CHAT, CODEX_CHAT_STREAMED, SURFACES, TRANSLATED, Seen, Surface

_START_S = 4.0  # litellm_start_s of the stack
_HANG_S = 3.0  # its litellm_s
_SLACK_S = 2.5
_UNAVAILABLE = "InternalServerError 503 translation_unavailable"
_TRANSLATING = (CODEX_CHAT, CODEX_CHAT_STREAMED, *TRANSLATED)
_STRAIGHT = tuple(surface for surface in SURFACES if surface not in _TRANSLATING)
_ALL = (*SURFACES, *TRANSLATED)


@pytest.fixture(scope="module")
def users(replica: Session, user_of: Callable[[Session], Client]) -> Iterator[Mapping[str, Client]]:
    """One user for each surface, so that all can ask at once."""
    yield {surface.name: user_of(replica) for surface in _ALL}
    tell_litellm(replica, signal.SIGCONT)


@pytest.fixture(scope="module")
def loaded(replica: Session) -> Session:
    """The replica, once its LiteLLM was allowed to load."""
    tell_litellm(replica, signal.SIGCONT)
    wait_until_ready(f"{replica.litellm_url}/health/liveliness", replica.litellm)
    return replica


class Asking:
    """Every user asks on a surface of its own, all at once."""

    def __init__(self, users: Mapping[str, Client], surfaces: Sequence[Surface]) -> None:
        self._users = users
        self._pool = ThreadPoolExecutor(len(surfaces))
        self._futures: dict[str, Future[Seen]] = {
            surface.name: self._pool.submit(users[surface.name].ask, surface) for surface in surfaces
        }

    def seen(self) -> dict[str, Seen]:
        """What each of them saw."""
        self._pool.shutdown()
        return {name: future.result() for name, future in self._futures.items()}

    def note(self, reliability: Reliability, failure: str) -> dict[str, Outcome]:
        """Take what they saw into the table."""
        outcomes = {}
        for name, seen in self.seen().items():
            line = self._users[name].line()
            asked = ", ".join(f"{attempt['upstream']} {attempt['status']}" for attempt in line["attempts"])
            log = ", ".join(str(word) for word in (line["status"], line["region"], line["error"]) if word)
            outcomes[name] = Outcome(client=seen.what, asked=asked or "none", log=log)
            reliability.note(failure, name, outcomes[name])
        return outcomes


def _assert_straight_goes_on(asking: Asking, world: Regions, reliability: Reliability, failure: str) -> None:
    outcomes = asking.note(reliability, failure)
    expected = {surface.name: "the answer" for surface in _STRAIGHT} | {
        surface.name: _UNAVAILABLE for surface in _TRANSLATING
    }
    assert {name: outcome.client for name, outcome in outcomes.items()} == expected
    seconds = {name: seen.seconds for name, seen in asking.seen().items()}
    assert all(seconds[surface.name] < _SLACK_S for surface in _STRAIGHT)
    assert all(seconds[surface.name] < _START_S + _SLACK_S for surface in _TRANSLATING)
    assert world.asked() == ["first"] * len(_STRAIGHT)
    assert {name: reliability.kept.get((failure, name)) for name in outcomes} == outcomes


def test_while_it_loads(world: Regions, users: Mapping[str, Client], reliability: Reliability) -> None:
    _assert_straight_goes_on(Asking(users, _ALL), world, reliability, LOADING)


def test_who_comes_too_early_is_answered_as_soon_as_it_has_loaded(
    replica: Session, users: Mapping[str, Client], request: pytest.FixtureRequest
) -> None:
    tell_litellm(replica, signal.SIGCONT)
    what = ""
    tries: list[str] = []
    while what != "the answer" and len(tries) < 30:
        what = users[CODEX_CHAT.name].ask(CODEX_CHAT).what
        tries.append(what)
    assert what == "the answer"
    assert set(tries[:-1]) <= {_UNAVAILABLE}
    request.getfixturevalue("loaded")


def test_while_it_hangs(world: Regions, loaded: Session, users: Mapping[str, Client], reliability: Reliability) -> None:
    assert users[CODEX_CHAT.name].ask(CODEX_CHAT).what == "the answer"
    world.azures["first"].clear()
    tell_litellm(loaded, signal.SIGSTOP)
    try:
        _assert_straight_goes_on(Asking(users, _ALL), world, reliability, HUNG)
        world.azures["first"].clear()
        # The gateway now knows, and waits for a sign of life: it comes.
        asking = Asking(users, _TRANSLATING)
        time.sleep(0.5)
    finally:
        tell_litellm(loaded, signal.SIGCONT)
    assert {seen.what for seen in asking.seen().values()} == {"the answer"}
    # What had been given up is not asked for when LiteLLM comes to it.
    assert world.asked() == ["first"] * len(_TRANSLATING)


def test_when_it_dies(world: Regions, loaded: Session, users: Mapping[str, Client], reliability: Reliability) -> None:
    world.fail("first", "hang_before_headers")
    asking = Asking(users, [CODEX_CHAT])
    assert eventually(world.azures["first"].requests)
    tell_litellm(loaded, signal.SIGKILL)
    (seen,) = asking.seen().values()
    assert seen.what == "InternalServerError 502 translation_failed"
    assert seen.seconds < _START_S + _SLACK_S
    world.azures["first"].clear()
    users[CODEX_CHAT.name].log.wait_for_breakers()
    _assert_straight_goes_on(Asking(users, _ALL), world, reliability, KILLED)
