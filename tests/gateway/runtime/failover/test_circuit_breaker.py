"""When a circuit breaker opens, and how it closes again."""

import pytest

from gateway.runtime.failover.circuit_breaker import Breaker
from gateway.runtime.retries import RetryableError
from settings.limits import CircuitBreaker

from ..builders import ManualClock

BROKEN = RetryableError(503, "status")
LABELS = {"region": "first", "model": "m"}


class Watched:
    """A breaker with its clock and the events that it has logged."""

    def __init__(self, failures: int = 1) -> None:
        self.clock = ManualClock()
        self.events: list[dict[str, object]] = []
        settings = CircuitBreaker(failures=failures, open_s=10.0, max_open_s=60.0)
        self.breaker = Breaker(
            settings=settings, log_event=self.events.append, clock=self.clock, region="first", model="m"
        )

    def fail(self, failure: RetryableError = BROKEN) -> None:
        """Make an attempt that fails."""
        attempt = self.breaker.begin()
        self.breaker.end(attempt)
        self.breaker.failed(attempt, failure)

    def succeed(self) -> None:
        """Make an attempt whose answer comes whole."""
        attempt = self.breaker.begin()
        self.breaker.end(attempt)
        self.breaker.succeeded(attempt)
        self.breaker.answered(attempt)


def test_one_failure_opens_it_for_a_while() -> None:
    watched = Watched()
    assert (watched.breaker.is_ready, watched.breaker.pause_s) == (True, 0.0)
    watched.fail()
    assert (watched.breaker.is_ready, watched.breaker.pause_s) == (False, 10.0)
    assert watched.breaker.pause_request is None
    assert watched.events == [{"event": "breaker_opened", **LABELS, "reason": "503 status", "seconds": 10.0}]


def test_failures_count_in_a_row_only() -> None:
    watched = Watched(failures=3)
    for step in (watched.fail, watched.fail, watched.succeed, watched.fail, watched.fail):
        step()
    assert watched.breaker.is_ready
    watched.fail()
    assert not watched.breaker.is_ready


def test_an_answer_that_begins_and_breaks_off_is_no_success() -> None:
    watched = Watched(failures=2)
    for _ in range(2):
        attempt = watched.breaker.begin()
        watched.breaker.answered(attempt)
        watched.breaker.failed(attempt, BROKEN)
    assert not watched.breaker.is_ready


def test_half_open_it_lets_one_trial_pass_at_a_time() -> None:
    watched = Watched()
    watched.fail()
    watched.clock.now += 10
    assert watched.breaker.is_ready
    trial = watched.breaker.begin()
    assert not watched.breaker.is_ready
    watched.breaker.end(watched.breaker.begin())
    assert not watched.breaker.is_ready
    watched.breaker.end(trial)
    assert watched.breaker.is_ready


def test_a_trial_that_is_answered_closes_it() -> None:
    watched = Watched()
    watched.fail()
    watched.clock.now += 10
    watched.succeed()
    assert watched.breaker.is_ready
    assert watched.events[1:] == [{"event": "breaker_closed", **LABELS}]


def test_a_trial_that_fails_opens_it_again() -> None:
    watched = Watched(failures=3)
    for _ in range(3):
        watched.fail()
    watched.clock.now += 11
    watched.fail()
    assert watched.breaker.pause_s == 10.0
    assert [event["event"] for event in watched.events] == ["breaker_opened", "breaker_opened"]


def test_while_open_an_answer_closes_it_and_a_failure_changes_nothing() -> None:
    watched = Watched()
    watched.fail()
    watched.clock.now += 4
    watched.fail()
    assert watched.breaker.pause_s == 6.0
    watched.succeed()
    assert watched.breaker.is_ready
    assert len(watched.events) == 2


def test_attempts_that_began_before_it_opened_do_not_count() -> None:
    watched = Watched()
    slow, slower = watched.breaker.begin(), watched.breaker.begin()
    watched.fail()
    watched.breaker.succeeded(slow)
    watched.breaker.answered(slow)
    assert not watched.breaker.is_ready
    watched.clock.now += 10
    watched.breaker.failed(slower, BROKEN)
    assert watched.breaker.is_ready


@pytest.mark.parametrize(("asked_s", "pause_s"), [(0.3, 0.3), (30.0, 30.0), (600.0, 60.0)])
def test_a_requested_pause_is_respected_within_bounds(asked_s: float, pause_s: float) -> None:
    watched = Watched(failures=5)
    watched.fail(RetryableError(429, "status", retry_after_s=asked_s))
    asked = watched.breaker.pause_request
    assert asked
    assert asked.retry_after_s == pytest.approx(pause_s)
    assert (asked.status, asked.reason) == (429, "status")
    assert not watched.breaker.is_ready
    watched.clock.now += pause_s
    assert watched.breaker.pause_request is None
    assert watched.breaker.is_ready


def test_a_longer_pause_counts_even_from_an_older_attempt() -> None:
    watched = Watched()
    slow = watched.breaker.begin()
    watched.fail()
    watched.breaker.failed(slow, RetryableError(429, "status", retry_after_s=5.0))
    assert watched.breaker.pause_request is None
    watched.breaker.failed(slow, RetryableError(429, "status", retry_after_s=30.0))
    assert watched.breaker.pause_request
    assert watched.breaker.pause_s == 30.0
    assert len(watched.events) == 1


def test_retry_after_zero_is_no_pause() -> None:
    watched = Watched()
    watched.fail(RetryableError(429, "status", retry_after_s=0.0))
    assert watched.breaker.pause_request is None
    assert watched.breaker.pause_s == 10.0
