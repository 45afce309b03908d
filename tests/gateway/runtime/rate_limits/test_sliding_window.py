"""Windows that slide: never more than the limit in any minute, and true about what is left."""

import random

import pytest

from gateway.runtime.rate_limits.sliding_window import MinuteWindows, SlidingWindow

from ..builders import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def window(clock: ManualClock) -> SlidingWindow:
    return SlidingWindow(10, seconds=60.0, clock=clock)


def test_an_unused_window_has_all(window: SlidingWindow) -> None:
    assert (window.remaining, window.reset_s, window.wait_s(10)) == (10, 0.0, 0.0)


def test_the_oldest_use_is_the_first_that_makes_room(window: SlidingWindow, clock: ManualClock) -> None:
    for _ in range(5):
        window.use(2)
        clock.now += 1
    assert window.remaining == 0
    assert [window.wait_s(amount) for amount in (1, 2, 3, 10)] == [55.0, 55.0, 56.0, 59.0]
    assert window.reset_s == 59.0
    clock.now += window.wait_s(3)
    assert window.wait_s(3) == 0.0
    assert window.remaining == 4


def test_what_is_above_the_limit_has_room_in_an_unused_window_only(window: SlidingWindow, clock: ManualClock) -> None:
    assert window.wait_s(1000) == 0.0
    window.use(1000)
    assert window.remaining == -990
    assert window.wait_s(1) == 60.0
    clock.now += 60.0
    assert window.remaining == 10


def test_a_use_that_cost_less_gives_back(window: SlidingWindow) -> None:
    use = window.use(8)
    window.correct(use, 3)
    assert window.remaining == 7


def test_a_use_that_cost_more_counts_from_now_on(window: SlidingWindow, clock: ManualClock) -> None:
    use = window.use(4)
    clock.now += 59.0
    window.correct(use, 12)
    assert window.remaining == -2
    clock.now += 1.0
    assert window.remaining == 2
    assert window.reset_s == 59.0


def test_a_use_of_long_ago_gives_nothing_back_but_may_still_cost(window: SlidingWindow, clock: ManualClock) -> None:
    use = window.use(4)
    clock.now += 300.0
    window.correct(use, 1)
    assert window.remaining == 10
    window.correct(use, 9)
    assert window.remaining == 5


def test_no_minute_ever_has_more_than_the_limit(window: SlidingWindow, clock: ManualClock) -> None:
    dice = random.Random(4)  # noqa: S311
    taken: list[tuple[float, int]] = []
    for _ in range(3000):
        clock.now += dice.random() * 4
        amount = dice.randint(0, 10)
        if not window.wait_s(amount):
            window.use(amount)
            taken.append((clock.now, amount))
        minute = sum(amount for at, amount in taken if at > clock.now - 60.0)
        assert minute == 10 - window.remaining <= 10
    assert len(taken) > 500


def test_the_wait_is_exact(window: SlidingWindow, clock: ManualClock) -> None:
    dice = random.Random(5)  # noqa: S311
    for _ in range(500):
        clock.now += dice.random() * 4
        amount = dice.randint(1, 10)
        if wait_s := window.wait_s(amount):
            clock.now += wait_s - 1e-6
            assert window.wait_s(amount) > 0
            clock.now += 2e-6
            assert window.wait_s(amount) == 0
        window.use(amount)


def test_a_minute_waits_for_the_fuller_of_its_windows(clock: ManualClock) -> None:
    minute = MinuteWindows(requests=2, tokens=100, clock=clock)
    assert minute.wait(100) == (0.0, "tokens")
    minute.use(90)
    clock.now += 10
    assert minute.wait(50) == (50.0, "tokens")
    assert minute.wait(5)[0] == 0.0
    assert minute.load == pytest.approx(0.9)
    minute.use(5)
    assert minute.load == 1.0
    assert minute.wait(1) == (50.0, "requests")


def test_a_minute_without_limits_has_room_for_all(clock: ManualClock) -> None:
    minute = MinuteWindows(requests=None, tokens=None, clock=clock)
    minute.correct(minute.use(10**9), tokens=0)
    assert minute.wait(10**9) == (0.0, "")
    assert minute.load == 0.0


def test_a_minute_takes_back_what_was_never_used(clock: ManualClock) -> None:
    minute = MinuteWindows(requests=1, tokens=100, clock=clock)
    uses = minute.use(80)
    minute.correct(uses, tokens=30)
    assert {kind: window.remaining for kind, window in minute.windows.items()} == {"requests": 0, "tokens": 70}
    minute.correct(uses, requests=0, tokens=0)
    assert {kind: window.remaining for kind, window in minute.windows.items()} == {"requests": 1, "tokens": 100}
