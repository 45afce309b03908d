"""The table in docs/reliability.md: what clients see of failures, as the fault tests observe it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .fault_table import ALL_ROWS
from .surfaces import SURFACES, TRANSLATED

DOCUMENT = Path(__file__).parents[3] / "docs/reliability.md"
_BEGIN, _END = "<!-- the table: pytest tests/gateway/whole --write-reliability -->", "<!-- end of the table -->"
_HEAD = ("failure", "on", "the client sees", "regions asked, and how the log calls their answers", "status and log")
_GROUPS = {
    "all": [surface.name for surface in SURFACES],
    "streams": [surface.name for surface in SURFACES if surface.streamed],
    "whole answers": [surface.name for surface in SURFACES if not surface.streamed],
    "all through LiteLLM": [surface.name for surface in TRANSLATED],
    "streams through LiteLLM": [surface.name for surface in TRANSLATED if surface.streamed],
    "whole answers through LiteLLM": [surface.name for surface in TRANSLATED if not surface.streamed],
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a request led to, without numbers that differ between runs."""

    client: str
    asked: str
    log: str


def outcome(client: str, line: Mapping[str, Any]) -> Outcome:
    """What the client saw, and what the log's line says of it."""
    asked = ", ".join(f"{attempt['upstream']} {attempt['status']}" for attempt in line["attempts"])
    log = ", ".join(str(word) for word in (line["status"], line["region"], line["error"]) if word)
    return Outcome(client=client, asked=asked or "none", log=log)


Table = dict[tuple[str, str], Outcome]
"""By the names of failure and surface."""


_PROPERTY = "reliability"


@dataclass(frozen=True)
class Reliability:
    """Compares what a test observes with the document, or notes it for the document that this run writes."""

    writes: bool
    test: pytest.Item

    def check(self, failure: str, outcomes: Mapping[str, Outcome]) -> None:
        """Assert that the document has these outcomes, by surface."""
        if self.writes:
            noted = {surface: asdict(outcome) for surface, outcome in outcomes.items()}
            self.test.user_properties.append((_PROPERTY, [failure, noted]))
        else:
            assert {surface: documented().get((failure, surface)) for surface in outcomes} == outcomes


@dataclass
class Writer:
    """Plug-in that writes the document at the end of the run, from the reports of all workers."""

    table: Table = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what a test has noted."""
        properties: list[tuple[str, Any]] = report.user_properties if report.when == "call" else []
        for failure, noted in (value for name, value in properties if name == _PROPERTY):
            self.table |= {(failure, surface): Outcome(**fields) for surface, fields in noted.items()}

    def pytest_sessionfinish(self) -> None:
        """Replace the table in the document."""
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
        _, _, after = rest.partition(_END)
        table = {row: self.table[row] for row in ALL_ROWS if row in self.table}
        DOCUMENT.write_text(f"{before}{_BEGIN}\n{render(table)}\n{_END}{after}", encoding="utf-8")


@cache
def documented() -> Table:
    """What the document says."""
    return read(DOCUMENT.read_text(encoding="utf-8"))


def render(table: Mapping[tuple[str, str], Outcome]) -> str:
    """Write the table in Markdown, surfaces with the same outcome in one row."""
    rows: dict[tuple[str, Outcome], list[str]] = {}
    for (failure, surface), outcome in table.items():
        rows.setdefault((failure, outcome), []).append(surface)
    cells = [_HEAD, ("---",) * len(_HEAD)]
    for (failure, outcome), surfaces in rows.items():
        cells.append((failure, _grouped(surfaces), outcome.client, outcome.asked, outcome.log))
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def read(document: str) -> Table:
    """Read what `render` wrote."""
    _, _, rest = document.partition(_BEGIN)
    table: Table = {}
    for line in rest.partition(_END)[0].strip().splitlines()[2:]:
        failure, surfaces, client, asked, log = (cell.strip() for cell in line.strip("|").split("|"))
        for name in surfaces.split(", "):
            for surface in _GROUPS.get(name, [name]):
                table[failure, surface] = Outcome(client=client, asked=asked, log=log)
    return table


def _grouped(surfaces: Sequence[str]) -> str:
    left, names = list(surfaces), []
    for name, group in _GROUPS.items():
        if set(group) <= set(left):
            names.append(name)
            left = [surface for surface in left if surface not in group]
    return ", ".join([*names, *left])
