"""What the smoke test found: for people, for a step summary, and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich.table import Table
from rich.text import Text

from scripts.smoke_test.diagnosis import Diagnosis

Status = Literal["passed", "failed", "skipped"]
_COLORS = {"passed": "green", "failed": "bold red", "skipped": "yellow"}
_COLUMNS = ("check", "model", "status", "ms", "note")


@dataclass(frozen=True, kw_only=True)
class Result:
    """How one check went."""

    check: str
    model: str
    status: Status
    ms: float | None
    note: str
    diagnosis: Diagnosis | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """Its row in a table."""
        return self.check, self.model, self.status, "" if self.ms is None else f"{self.ms:.0f}", self.note


@dataclass(frozen=True, kw_only=True)
class Report:
    """All of them. Nothing in it holds a key."""

    base_url: str
    env: str
    project: str
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """Whether every check was made and passed."""
        return all(result.status == "passed" for result in self.results)

    @property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """What is wrong, each finding once."""
        found: dict[tuple[str, str], Diagnosis] = {}
        for result in self.results:
            if result.diagnosis:
                found.setdefault((result.diagnosis.layer, result.diagnosis.meaning), result.diagnosis)
        return tuple(found.values())

    def table(self) -> Table:
        """For a terminal."""
        table = Table(box=None, header_style="bold")
        for name in _COLUMNS:
            table.add_column(name, justify="right" if name == "ms" else "left", overflow="fold")
        for result in self.results:
            check, model, status, ms, note = result.cells
            table.add_row(check, model, Text(status, style=_COLORS[status]), ms, Text(note))
        return table

    def text(self) -> str:
        """The outcome in words, with what to look at."""
        lines = [self._outcome()]
        for diagnosis, checks in self._findings():
            lines += ["", f"{diagnosis.layer}: {diagnosis.meaning}", f"  failed: {', '.join(checks)}"]
            lines += [f"  {action}" for action in diagnosis.actions]
        return "\n".join(lines)

    def markdown(self) -> str:
        """For the summary of a workflow's step, or an issue."""
        rows = [_COLUMNS, ("---", "---", "---", "---:", "---"), *(result.cells for result in self.results)]
        table = [f"| {' | '.join(map(_escape, row))} |" for row in rows]
        lines = [f"### Smoke test of {self.env}: {'passed' if self.passed else 'FAILED'}", "", *table]
        for diagnosis, checks in self._findings():
            lines += ["", f"**{diagnosis.layer}**: {_escape(diagnosis.meaning)} ({_escape(', '.join(checks))})", ""]
            lines += [f"- {_escape(action)}" for action in diagnosis.actions]
        return "\n".join([*lines, ""])

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "base_url": self.base_url,
            "env": self.env,
            "project": self.project,
            "passed": self.passed,
            "results": [
                {
                    "check": result.check,
                    "model": result.model or None,
                    "status": result.status,
                    "ms": None if result.ms is None else round(result.ms, 1),
                    "note": result.note,
                    "layer": result.diagnosis.layer if result.diagnosis else None,
                }
                for result in self.results
            ],
            "diagnoses": [
                {"layer": found.layer, "meaning": found.meaning, "actions": list(found.actions), "checks": list(checks)}
                for found, checks in self._findings()
            ],
        }

    def _outcome(self) -> str:
        counts = {status: sum(result.status == status for result in self.results) for status in _COLORS}
        summary = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
        return f"{self.base_url}, project {self.project} of {self.env}: {summary}."

    def _findings(self) -> Sequence[tuple[Diagnosis, Sequence[str]]]:
        return [
            (diagnosis, [_name(result) for result in self.results if _has(result, diagnosis)])
            for diagnosis in self.diagnoses
        ]


def _has(result: Result, diagnosis: Diagnosis) -> bool:
    found = result.diagnosis
    return found is not None and (found.layer, found.meaning) == (diagnosis.layer, diagnosis.meaning)


def _name(result: Result) -> str:
    return f"{result.check} ({result.model})" if result.model else result.check


def _escape(text: str) -> str:
    """What a server said is no markdown."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("[", "\\[").replace("\n", " ")
