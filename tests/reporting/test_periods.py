"""The steps of a report's time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from scripts.reporting.periods import MAX_STEPS, period_of

START = datetime(2026, 11, 30, 9, 7, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "step", "count"),
    [
        (timedelta(0), "second", 1),
        (timedelta(seconds=50), "second", 51),
        (timedelta(minutes=40), "minute", 41),
        (timedelta(days=1), "30 minutes", 49),
        (timedelta(days=7), "3 hours", 57),
        (timedelta(days=30), "day", 31),
        (timedelta(days=365), "7 days", 53),
    ],
)
def test_a_period_has_steps_that_people_use(length: timedelta, step: str, count: int) -> None:
    period = period_of(START, START + length)
    assert (period.step_name, period.count) == (step, count)
    assert len(period.labels) == count


@pytest.mark.parametrize("hours", [*range(1, 3000, 67), 24 * 365 * 100])
def test_any_period_lies_within_its_steps(hours: int) -> None:
    first, last = START, START + timedelta(hours=hours)
    period = period_of(first, last)
    assert period.count <= MAX_STEPS
    assert period.start <= first
    assert last < period.end
    assert (period.step_of(first), period.step_of(last)) == (0, period.count - 1)


def test_steps_begin_at_round_times_in_utc() -> None:
    there = START.astimezone(timezone(timedelta(hours=2)))
    period = period_of(there, there + timedelta(minutes=10))
    assert (period.labels[0], period.labels[1]) == ("09:07:30", "09:07:45")
    assert period.step_of(START + timedelta(seconds=14)) == 1


def test_a_label_names_the_day_where_there_are_several() -> None:
    assert period_of(START, START + timedelta(days=2)).labels[0] == "11-30 09:00"
    assert period_of(START, START + timedelta(hours=20)).labels[0] == "09:00"
    assert period_of(START, START + timedelta(days=12)).labels[0] == "11-30 06:00"
    assert period_of(START, START + timedelta(days=40)).labels[0] == "2026-11-30"


def test_a_time_outside_counts_in_the_nearest_step() -> None:
    period = period_of(START, START + timedelta(minutes=10))
    assert period.step_of(START - timedelta(days=1)) == 0
    assert period.step_of(START + timedelta(days=1)) == period.count - 1
