"""The few statistics of the tables."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Ours to theirs: the middle, and the lowest and highest of the rounds."""

    middle: float
    low: float
    high: float

    @classmethod
    def of_pairs(cls, ours: Sequence[float], theirs: Sequence[float]) -> "Ratio":
        """Of two series measured in turn: each value is compared with its neighbour in time."""
        ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
        return cls(middle=statistics.median(ratios), low=min(ratios), high=max(ratios))

    def __str__(self) -> str:
        return f"**{self.middle:.2f}** ({self.low:.2f}-{self.high:.2f})"


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of all do not exceed."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def spread(values: Sequence[float], *, digits: int = 1) -> str:
    """Median, lowest and highest, for a cell of a table."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"
