"""A plan as people read it: a table on a screen, markdown in a comment or a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from scripts.github.markdown import cell, code, warning
from scripts.terraform.changes import Action, Change, changed_outputs, changes
from scripts.terraform.consequences import warnings
from scripts.terraform.keys import Kept, kept

NOT_REFRESHED = "Compared with the state; what somebody changed in Azure by hand is the drift check's to tell."
MOST = 20
"""Attributes of one resource that are listed."""
_STYLES = {Action.DESTROYED: "red", Action.REPLACED: "red", Action.CHANGED: "yellow", Action.CREATED: "green"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a deployment of an environment would do."""

    env: str
    changes: tuple[Change, ...]
    outputs: tuple[str, ...] = ()
    """The outputs that would say something else, which alone is no difference in Azure."""
    secrets: tuple[Kept, ...] = ()
    """Those that are in the vault already, whether they change or not."""
    note: str = ""
    """What to know of it as a whole."""

    @classmethod
    def read(cls, env: str, plan: Mapping[str, Any], *, note: str = "") -> Plan:
        """From what `terraform show -json` writes."""
        return cls(env=env, changes=changes(plan), outputs=changed_outputs(plan), secrets=kept(plan), note=note)

    @property
    def is_empty(self) -> bool:
        """Whether Azure is as the settings say."""
        return not self.changes

    @property
    def warnings(self) -> tuple[str, ...]:
        """What would be lost, in words."""
        return warnings(self.changes)

    @property
    def title(self) -> str:
        """The environment, and how many of what."""
        counts = Counter(change.action for change in self.changes)
        return f"Plan of {self.env}: " + (", ".join(f"{counts[a]} {a}" for a in Action if counts[a]) or "no changes")

    def table(self) -> Table:
        """For a screen."""
        table = Table(title=self.title, title_justify="left")
        for column in ("", "resource", "what"):
            table.add_column(column, overflow="fold")
        for change in self.changes:
            what = Text("\n".join(_lines(change)))
            table.add_row(Text(change.action, style=_STYLES[change.action]), Text(change.address), what)
        return table

    def markdown(self) -> str:
        """For a comment or a summary."""
        lines = [f"### {self.title}", "", *([self.note, ""] if self.note else [])]
        for text in self.warnings:
            lines += [*warning(text), ""]
        if self.changes:
            lines += ["| | resource | what |", "|---|---|---|"]
        for change in self.changes:
            what = "<br>".join(code(line) for line in _lines(change))
            lines.append(f"| {cell(change.action)} | {code(change.address)} | {what} |")
        return "\n".join(lines).rstrip() + "\n"


def _lines(change: Change) -> Iterator[str]:
    if change.forced_by:
        yield f"because of {', '.join(change.forced_by)}"
    yield from (str(difference) for difference in change.differences[:MOST])
    if len(change.differences) > MOST:
        yield f"and {len(change.differences) - MOST} more"
