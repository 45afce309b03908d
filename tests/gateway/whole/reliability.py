"""The table in docs/reliability.md: what clients see of failures, as the fault tests saw it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

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
    """What became of a request, without a number that another run would have otherwise."""

    client: str
    asked: str
    log: str


Table = dict[tuple[str, str], Outcome]
"""By the names of failure and surface."""


@dataclass
class Reliability:
    """What this run sees, and what the document says; a run that writes the document believes itself."""

    writes: bool = False
    seen: Table = field(default_factory=dict)

    def note(self, failure: str, surface: str, outcome: Outcome) -> None:
        """Take what was seen into the table."""
        self.seen[failure, surface] = outcome

    @cached_property
    def kept(self) -> Table:
        """What is to be seen."""
        return self.seen if self.writes else read(DOCUMENT.read_text(encoding="utf-8"))

    def write(self) -> None:
        """Put this run's table into the document."""
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
        _, _, after = rest.partition(_END)
        DOCUMENT.write_text(f"{before}{_BEGIN}\n{render(self.seen)}\n{_END}{after}", encoding="utf-8")


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


def _grouped(surfaces: list[str]) -> str:
    left, names = list(surfaces), []
    for name, group in _GROUPS.items():
        if set(group) <= set(left):
            names.append(name)
            left = [surface for surface in left if surface not in group]
    return ", ".join([*names, *left])
