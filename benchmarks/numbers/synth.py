"""Seconds of a synthesis."""

import statistics

from benchmarks import charts
from benchmarks.figures import Ratio, spread
from benchmarks.report import Numbers, Section, table


class SynthNumbers(Numbers):
    """A value of each round."""

    stacks: int
    elements: int
    ours: list[float]
    plain: list[float]

    def section(self) -> Section:
        """A table, a plot."""
        ratio = Ratio.of_pairs(self.ours, self.plain)
        rows = [("plain CDKTF app", spread(self.plain), "1"), ("`python main.py`", spread(self.ours), str(ratio))]
        middles = [statistics.median(self.plain), statistics.median(self.ours)]
        return Section(
            lines=[
                f"{self.stacks} stacks, {self.elements} elements, {len(self.ours)} rounds; median (lowest-highest).",
                "",
                *table(("", "seconds", "ratio"), rows),
            ],
            charts={
                "synth": charts.bars(
                    "Seconds to write all stacks", labels=["plain CDKTF app", "main.py"], series={"seconds": middles}
                )
            },
            summary=f"synth: {middles[1]:.1f} s, {ratio} of a plain app",
        )
