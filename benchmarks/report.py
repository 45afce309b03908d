"""The tables of docs/benchmarks.md, each between markers of its own, so that one can be measured alone."""

import os
import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

Progress = Callable[[str], None]

REPORT = Path(__file__).parents[1] / "docs" / "benchmarks.md"


@dataclass(frozen=True, kw_only=True)
class Section:
    """The measured lines of one benchmark, in Markdown, and the one line for the terminal."""

    name: str
    lines: Sequence[str]
    summary: str


def write(section: Section, *, command: str, file: Path = REPORT) -> None:
    """Replace the section's lines.

    Raises:
        ValueError: the file has no markers for it.
    """
    begin, end = f"<!-- {section.name}: measured -->", f"<!-- {section.name}: end -->"
    text = file.read_text(encoding="utf-8")
    body = "\n".join((begin, f"`{command}`, {_machine()}.", "", *section.lines, end))
    new, found = re.subn(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: body, text, flags=re.DOTALL)
    if found != 1:
        raise ValueError(f"{file.name} needs the markers {begin} and {end}, each once.")
    file.write_text(new, encoding="utf-8")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table; all columns but the first are numbers."""
    rule = ("---", *("--:" for _ in header[1:]))
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]


def _machine() -> str:
    """Enough to judge the numbers by, and nothing that tells whose machine it is."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    return f"{day}, {platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}"
