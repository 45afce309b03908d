"""What uses cost of the processor, and how many of them fit into a replica's cores."""

import statistics
from collections.abc import Mapping

from benchmarks import charts
from benchmarks.figures import spread
from benchmarks.report import Numbers, Section, table


class CapacityNumbers(Numbers):
    """`costs`: by kind of use and container, milliseconds of the processor of each round.

    They are for each second of a stream, or each batch.
    """

    per_second: int
    cores: Mapping[str, float]
    costs: Mapping[str, Mapping[str, list[float]]]

    def section(self) -> Section:
        """A table, a plot."""
        cores = " and ".join(f"{cores:g} ({container})" for container, cores in self.cores.items())
        return Section(
            lines=[
                (
                    f"Streams of {self.per_second} events a second; milliseconds of the processor for each second of a "
                    f"stream, or each batch. The last column is for cores of {cores}."
                ),
                "",
                *table(
                    ("use", *self.cores, "a replica carries"),
                    [
                        (use, *(spread(costs[name], digits=2) for name in self.cores), self._carried(use))
                        for use, costs in self.costs.items()
                    ],
                ),
            ],
            charts={
                "capacity": charts.bars(
                    "Milliseconds of the processor",
                    labels=list(self.costs),
                    series={
                        name: [statistics.median(costs[name]) for costs in self.costs.values()] for name in self.cores
                    },
                )
            },
            summary="\n".join(f"capacity: {use}, a replica carries {self._carried(use)}" for use in self.costs),
        )

    def _carried(self, use: str) -> str:
        limits = {
            name: 1000 * self.cores[name] / ms
            for name, rounds in self.costs[use].items()
            if (ms := statistics.median(rounds)) > 0
        }
        container = min(limits, key=lambda name: limits[name])
        return f"{limits[container]:.0f} ({container})"
