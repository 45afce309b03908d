"""What a benchmark leaves behind: numbers as JSON, and docs/benchmarks.md with tables and plots made from them."""

import os
import platform
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict

from benchmarks.errors import BenchmarkError
from benchmarks.stacks import Stacks

Progress = Callable[[str], None]

_Kind = TypeVar("_Kind", bound="Numbers")

DOCS = Path(__file__).parents[1] / "docs"
REPORT = "benchmarks.md"
FOLDER = "benchmarks"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What every benchmark is given: the stacks, how much to measure, and where to report progress."""

    stacks: Stacks
    rounds: int
    requests: int
    progress: Progress


@dataclass(frozen=True, kw_only=True)
class Section:
    """The lines of one benchmark in Markdown, its plots by name as SVG, and the few lines for the terminal."""

    lines: Sequence[str]
    charts: Mapping[str, str] = field(default_factory=dict)
    summary: str


class Numbers(BaseModel, ABC):
    """What was measured, in full: the section can be written again without measuring."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measured: str = ""
    """By which command, when and on what machine."""

    @abstractmethod
    def section(self) -> Section:
        """What a person reads of it."""

    def by(self, command: str) -> Self:
        """The same, and how it was measured: enough to judge by, and nothing that tells whose machine it is."""
        day = datetime.now(UTC).strftime("%Y-%m-%d")
        machine = f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        return self.model_copy(update={"measured": f"`{command}`, {day}, {machine}."})


def save(name: str, numbers: Numbers, *, docs: Path = DOCS) -> None:
    """Keep the numbers beside the plots."""
    folder = docs / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(numbers.model_dump_json(indent=1) + "\n", encoding="utf-8")


def load(name: str, kind: type[_Kind], *, docs: Path = DOCS) -> _Kind:
    """The numbers that were kept.

    Raises:
        BenchmarkError: there are none.
    """
    file = docs / FOLDER / f"{name}.json"
    try:
        return kind.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise BenchmarkError(f"{file} is missing: measure {name} first.") from None


def write(name: str, numbers: Numbers, *, docs: Path = DOCS) -> None:
    """Replace the benchmark's section of the report, and its plots.

    Raises:
        ValueError: the report has no markers for it.
    """
    section = numbers.section()
    begin, end = f"<!-- {name}: measured -->", f"<!-- {name}: end -->"
    file = docs / REPORT
    text = file.read_text(encoding="utf-8")
    pictures = [line for chart in section.charts for line in ("", f"![{chart}]({FOLDER}/{chart}.svg)")]
    body = "\n".join((begin, numbers.measured, "", *section.lines, *pictures, end))
    new, found = re.subn(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: body, text, flags=re.DOTALL)
    if found != 1:
        raise ValueError(f"{file.name} needs the markers {begin} and {end}, each once.")
    file.write_text(new, encoding="utf-8")
    for chart, svg in section.charts.items():
        (docs / FOLDER / f"{chart}.svg").write_text(svg, encoding="utf-8")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table; all columns but the first are numbers."""
    rule = ("---", *("--:" for _ in header[1:]))
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]
