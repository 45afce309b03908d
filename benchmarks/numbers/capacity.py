"""How late text is by the number of streams, and so how many a replica carries."""

import statistics
from collections.abc import Sequence

from benchmarks import charts
from benchmarks.figures import spread
from benchmarks.numbers.sessions import Load
from benchmarks.report import Numbers, Section, table

LATE_MS = 500
"""A replica carries what is less late (p95)."""


class CapacityNumbers(Numbers):
    """`loads`: by kind of use and number of streams, those of each round. `memory_mb`: by container, the most seen.

    `has_quotas`: whether the kernel limited the containers to their `cores`; otherwise they were stopped at times.
    """

    per_second: int
    seconds: int
    cores: dict[str, float]
    has_quotas: bool
    loads: dict[str, dict[int, list[Load]]]
    memory_mb: dict[str, float]
    batches_per_second: list[float]

    def section(self) -> Section:
        """Two tables, a plot."""
        given = " and ".join(f"{cores:g} ({container})" for container, cores in self.cores.items())
        by = "by the kernel's quota" if self.has_quotas else "by stopping them part of the time"
        used = ", ".join(f"{megabytes:.0f} MB ({container})" for container, megabytes in self.memory_mb.items())
        carried = {**{use: self._carried(use) for use in self.loads}, "embeddings, 60 texts": self._batches()}
        return Section(
            lines=[
                (
                    f"Streams of {self.per_second} events a second for {self.seconds} s, all begun at once. Cores: "
                    f"{given}, {by}. Memory at most: {used}."
                ),
                "",
                *table(
                    ("use", "streams", "late p50, ms", "late p95, ms", f"longest, of {self.seconds} s", "failed"),
                    [
                        (use, str(count), *_cells(rounds))
                        for use, loads in self.loads.items()
                        for count, rounds in loads.items()
                    ],
                ),
                "",
                *table(("use", "a replica carries"), list(carried.items())),
            ],
            charts={
                "capacity": charts.bars(
                    "Milliseconds that text is late, p95",
                    labels=[f"{use}, {count}" for use, loads in self.loads.items() for count in loads],
                    series={"late": [_late_ms(rounds) for loads in self.loads.values() for rounds in loads.values()]},
                    digits=0,
                )
            },
            summary="\n".join(f"capacity: {use}: a replica carries {many}" for use, many in carried.items()),
        )

    def _carried(self, use: str) -> str:
        """The most streams of which text is not too late and none fails, nor with fewer."""
        counts, most = list(self.loads[use]), 0
        for count in counts:
            rounds = self.loads[use][count]
            if _late_ms(rounds) >= LATE_MS or any(load.failed for load in rounds):
                break
            most = count
        if not most:
            return f"fewer than {counts[0]}"
        return f"{most} or more" if most == counts[-1] else str(most)

    def _batches(self) -> str:
        return f"{statistics.median(self.batches_per_second):.0f} a second"


def _late_ms(rounds: Sequence[Load]) -> float:
    return statistics.median(load.late_p95_ms for load in rounds)


def _cells(rounds: Sequence[Load]) -> tuple[str, ...]:
    return (
        spread([load.late_p50_ms for load in rounds], digits=0),
        spread([load.late_p95_ms for load in rounds], digits=0),
        spread([load.longest_s for load in rounds]),
        str(sum(load.failed for load in rounds)),
    )
