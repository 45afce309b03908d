"""Milliseconds and processor time of a request, with and without telemetry."""

import statistics
from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from benchmarks import charts
from benchmarks.figures import Ratio, spread
from benchmarks.load import Sample
from benchmarks.report import Numbers, Section, table

OFF, ON, ALL = "off", "on", "on, every request traced"
_HEADER = ("", OFF, ON, ALL, f"{ON} to {OFF}", f"{ALL} to {OFF}")

Rounds = dict[str, list[float]]
"""By setting, a value of each round."""


class Row(BaseModel):
    """Of one kind of request: the median of its milliseconds, and the processor time of one in milliseconds."""

    name: str
    p50: Rounds
    cpu_ms: Rounds


class TelemetryNumbers(Numbers):
    """By kind of request."""

    rounds: int
    requests: int
    rows: list[Row]

    def section(self) -> Section:
        """Two tables, a plot."""
        p50 = {row.name: row.p50 for row in self.rows}
        cpu_ms = {row.name: row.cpu_ms for row in self.rows}
        return Section(
            lines=[
                f"{self.rounds} rounds of {self.requests}. One at a time, p50 in milliseconds:",
                "",
                *table(_HEADER, [_cells(name, rounds) for name, rounds in p50.items()]),
                "",
                "Processor time of a request in milliseconds, ten in flight:",
                "",
                *table(_HEADER, [_cells(name, rounds) for name, rounds in cpu_ms.items()]),
            ],
            charts={
                "telemetry": charts.bars(
                    "Milliseconds of the gateway's processor time for a request, with and without telemetry",
                    labels=list(cpu_ms),
                    series={
                        setting: [statistics.median(rounds[setting]) for rounds in cpu_ms.values()]
                        for setting in (OFF, ON, ALL)
                    },
                    digits=2,
                )
            },
            summary="\n".join(
                f"telemetry: {name}, p50 {_ratio(p50[name], ON)} and processor time {_ratio(cpu_ms[name], ON)} of off"
                for name in p50
            ),
        )


def median(samples: Sequence[Sample]) -> float:
    """Of the milliseconds until the last byte."""
    return round(statistics.median(sample.whole for sample in samples), 4)


def _cells(name: str, rounds: Mapping[str, list[float]]) -> tuple[str, ...]:
    values = (spread(rounds[setting], digits=2) for setting in (OFF, ON, ALL))
    return (name, *values, *(_ratio(rounds, setting) for setting in (ON, ALL)))


def _ratio(rounds: Mapping[str, list[float]], setting: str) -> str:
    return str(Ratio.of_pairs(rounds[setting], rounds[OFF]))
