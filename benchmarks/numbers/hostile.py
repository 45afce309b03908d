"""Milliseconds that a client waits while others attack."""

from pydantic import BaseModel

from benchmarks import charts
from benchmarks.report import Numbers, Section, table


class Row(BaseModel):
    """One situation; `others` are the statuses that the attackers got, `log_lines` is without the client's own."""

    name: str
    seconds: float
    requests: int
    p50_ms: float
    p95_ms: float
    longest_ms: float
    others: dict[str, int]
    others_per_second: float
    log_lines: int


class HostileNumbers(Numbers):
    """By situation."""

    rows: list[Row]

    def section(self) -> Section:
        """A table, a plot."""
        header = ("", "p50, ms", "p95, ms", "longest, ms", "their requests per second", "their log lines a minute")
        return Section(
            lines=table(header, [_cells(row) for row in self.rows]),
            charts={
                "hostile": charts.bars(
                    "p95 of a client in milliseconds, less is better",
                    labels=[row.name for row in self.rows],
                    series={"p95": [row.p95_ms for row in self.rows]},
                    digits=0,
                )
            },
            summary="\n".join(f"hostile: {row.name}: p95 {row.p95_ms:.0f} ms" for row in self.rows),
        )


def _cells(row: Row) -> tuple[str, ...]:
    minutes = max(1.0, row.seconds / 60)
    return (
        row.name,
        f"{row.p50_ms:.1f}",
        f"{row.p95_ms:.1f}",
        f"{row.longest_ms:.0f}",
        f"{row.others_per_second:,.0f}" if row.others else "-",
        f"{row.log_lines / minutes:,.0f}" if row.others else "-",
    )
