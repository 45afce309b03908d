"""Seconds of a start and megabytes of a process."""

import statistics

from pydantic import BaseModel

from benchmarks import charts
from benchmarks.figures import Ratio, spread
from benchmarks.report import Numbers, Section, table
from benchmarks.targets import GATEWAY, LITELLM

BESIDE = "its LiteLLM"


class Start(BaseModel):
    """One start: seconds since the process was started, and megabytes."""

    ready_s: float
    answer_s: float
    fresh_mb: float
    used_mb: float


class StartupNumbers(Numbers):
    """Of each process, the starts in the order of the rounds; its memory is `used_mb` after `requests`."""

    requests: int
    starts: dict[str, list[Start]]

    def section(self) -> Section:
        """Two tables, two plots."""
        header = ("", "ready, s", "first answer, s", "memory then, MB", f"after {self.requests} requests, MB")
        ratios = self._ratios()
        return Section(
            lines=[
                f"{len(self.starts[LITELLM])} starts; median (lowest-highest).",
                "",
                *table(header, [(name, *_cells(starts)) for name, starts in self.starts.items()]),
                "",
                *table(("ratio", ""), list(ratios.items())),
            ],
            charts={
                "startup": self._chart(
                    "Seconds from the start of the process to the first answer", "answer_s", digits=2
                ),
                "memory": self._chart(f"Megabytes after {self.requests} requests", "used_mb", digits=0),
            },
            summary="\n".join(f"startup: {name}: {ratio}" for name, ratio in ratios.items()),
        )

    def _ratios(self) -> dict[str, str]:
        gateway, beside, stock = (self.starts[name] for name in (GATEWAY, BESIDE, LITELLM))
        both = [ours.used_mb + its.used_mb for ours, its in zip(gateway, beside, strict=True)]
        pairs = {
            "first direct answer, to a stock LiteLLM's being ready": (
                [start.answer_s for start in gateway],
                [start.ready_s for start in stock],
            ),
            "first translated answer, to a stock LiteLLM's first": (
                [start.answer_s for start in beside],
                [start.answer_s for start in stock],
            ),
            "memory of both containers, to a stock LiteLLM's": (both, [start.used_mb for start in stock]),
        }
        return {name: str(Ratio.of_pairs(ours, theirs)) for name, (ours, theirs) in pairs.items()}

    def _chart(self, title: str, field: str, *, digits: int) -> str:
        middles = [statistics.median(getattr(start, field) for start in starts) for starts in self.starts.values()]
        return charts.bars(title, labels=list(self.starts), series={title.partition(" ")[0]: middles}, digits=digits)


def _cells(starts: list[Start]) -> tuple[str, ...]:
    return (
        spread([start.ready_s for start in starts], digits=2),
        spread([start.answer_s for start in starts], digits=2),
        spread([start.fresh_mb for start in starts], digits=0),
        spread([start.used_mb for start in starts], digits=0),
    )
