"""How an index went under a quota, and the time that the quota alone demands."""

from collections.abc import Sequence

from pydantic import BaseModel

from benchmarks import charts
from benchmarks.figures import percentile
from benchmarks.report import Numbers, Section, table

WINDOW_S = 60.0


class Run(BaseModel):
    """One index. Seconds, but for the chats' milliseconds.

    `done`: when each batch had its answer; `waits`: how long it took. `refused`: how often Azure said 429.
    `most_batches`: the most that a region took within a minute. The chats are another project's, by kind.
    """

    parallel: int
    batches: int
    waits: list[float]
    done: list[float]
    refused: int
    most_batches: int
    quiet_chats: dict[str, list[float]]
    chats: dict[str, list[float]]

    @property
    def lost(self) -> int:
        """How many never had an answer."""
        return self.batches - len(self.done)

    @property
    def seconds(self) -> float:
        """Until the last answer."""
        return max(self.done, default=0.0)


class IndexingNumbers(Numbers):
    """An index for each number of batches in parallel; the quota is each region's."""

    regions: int
    tokens_of_batch: int
    tokens_per_minute: int
    runs: list[Run]

    def section(self) -> Section:
        """Two tables, a plot."""
        header = (
            "in parallel",
            "seconds",
            "by the quota",
            "ratio",
            "lost",
            "waited p50, s",
            "p95, s",
            "longest, s",
            "429s",
            "used",
        )
        kinds = list(self.runs[0].chats)
        quota = f"{self.regions} regions of {self.tokens_per_minute:,} tokens per minute each"
        return Section(
            lines=[
                f"{self.runs[0].batches} batches of {self.tokens_of_batch:,} tokens; {quota}.",
                "",
                *table(header, [self._row(run) for run in self.runs]),
                "",
                "Chats of another project in milliseconds, p50 and p95:",
                "",
                *table(
                    ("in parallel", *(f"{kind}: {when}" for kind in kinds for when in ("before", "meanwhile"))),
                    [
                        (str(run.parallel), *(_chat(of[kind]) for kind in kinds for of in (run.quiet_chats, run.chats)))
                        for run in self.runs
                    ],
                ),
            ],
            charts={
                "indexing": charts.curves(
                    "Batches that have their answer",
                    x_title="seconds",
                    series={
                        **{f"{run.parallel} in parallel": staircase(run.done) for run in self.runs},
                        "the quota's bound": staircase(self._bound(self.runs[0].batches)),
                    },
                )
            },
            summary="\n".join(
                f"indexing: {run.parallel} in parallel, {run.lost} lost, {run.seconds:.1f} s, {self._ratio(run)}"
                for run in self.runs
            ),
        )

    def _bound(self, batches: int) -> list[float]:
        return bound(batches, a_window=self.regions * (self.tokens_per_minute // self.tokens_of_batch))

    def _ratio(self, run: Run) -> str:
        by_quota = self._bound(run.batches)[-1]
        return f"**{run.seconds / by_quota:.2f}**" if by_quota else "-"

    def _row(self, run: Run) -> tuple[str, ...]:
        used = run.most_batches * self.tokens_of_batch / self.tokens_per_minute
        return (
            str(run.parallel),
            f"{run.seconds:.1f}",
            f"{self._bound(run.batches)[-1]:.0f}",
            self._ratio(run),
            str(run.lost),
            f"{percentile(run.waits, 50):.1f}",
            f"{percentile(run.waits, 95):.1f}",
            f"{max(run.waits):.1f}",
            str(run.refused),
            f"{100 * used:.0f} %",
        )


def bound(batches: int, *, a_window: int) -> list[float]:
    """When each batch has its answer at the earliest, if nothing took time but the sliding minutes of the quota."""
    return [WINDOW_S * (number // a_window) for number in range(batches)]


def staircase(done: Sequence[float]) -> list[tuple[float, float]]:
    """Points of a curve that rises by one at each of these moments; no more of them than a plot can show."""
    points = [(0.0, 0.0)]
    for number, moment in enumerate(done, start=1):
        if moment - points[-1][0] > 1:
            points += [(moment, float(number - 1)), (moment, float(number))]
        elif number % 10 == 0 or number == len(done):
            points.append((moment, float(number)))
    return points


def _chat(milliseconds: Sequence[float]) -> str:
    return f"{percentile(milliseconds, 50):.1f}, {percentile(milliseconds, 95):.1f}"
