"""The time of a report in equal steps, all in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MAX_STEPS = 60
_DAY_S = 86_400
_LENGTHS_S = {
    1: "second",
    5: "5 seconds",
    15: "15 seconds",
    60: "minute",
    300: "5 minutes",
    900: "15 minutes",
    1800: "30 minutes",
    3600: "hour",
    10_800: "3 hours",
    21_600: "6 hours",
    _DAY_S: "day",
}


@dataclass(frozen=True, kw_only=True)
class Period:
    """`count` steps of `step` from `start` on."""

    start: datetime
    step: timedelta
    count: int

    @property
    def end(self) -> datetime:
        """Of the last step."""
        return self.start + self.count * self.step

    @property
    def step_name(self) -> str:
        """As in "requests per hour"."""
        seconds = int(self.step.total_seconds())
        return _LENGTHS_S.get(seconds, f"{seconds // _DAY_S} days")

    @property
    def labels(self) -> list[str]:
        """When each step begins; without the day where there is only one."""
        days = "%m-%d" if self.end - self.start > timedelta(days=1) + self.step else ""
        if self.step >= timedelta(days=1):
            wanted = "%Y-%m-%d"
        else:
            wanted = f"{days} {'%H:%M' if self.step >= timedelta(minutes=1) else '%H:%M:%S'}".strip()
        return [format(self.start + number * self.step, wanted) for number in range(self.count)]

    def step_of(self, time: datetime) -> int:
        """The number of the step in which this time lies; before and after them the first and the last."""
        return min(max((time - self.start) // self.step, 0), self.count - 1)


def period_of(first: datetime, last: datetime) -> Period:
    """One that contains both, with at most `MAX_STEPS` steps."""
    first, last = first.astimezone(UTC), last.astimezone(UTC)
    for seconds in (*_LENGTHS_S, _days((last - first) // timedelta(days=1)) * _DAY_S):
        start = _floor(first, seconds)
        count = int((last - start).total_seconds() // seconds) + 1
        if count <= MAX_STEPS:
            return Period(start=start, step=timedelta(seconds=seconds), count=count)
    raise AssertionError(f"{first} to {last}")


def _days(length: int) -> int:
    """So many of them in a step that a period of this length in days has fewer than the most steps."""
    return length // (MAX_STEPS - 2) + 1


def _floor(time: datetime, seconds: int) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return time - (time - epoch) % timedelta(seconds=seconds)
