"""The plan of a stack, for people: a table in a terminal, Markdown in a comment or a job summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from scripts.cli.error_handling import ScriptError
from scripts.cli.terminal import console
from scripts.github.markdown import add_to_summary, block, cell, code, warning
from scripts.terraform.cdktf import plan_json
from scripts.terraform.client_keys import StoredSecret, stored_secrets
from scripts.terraform.plan_changes import Action, ResourceChange, changed_outputs, resource_changes
from scripts.terraform.plan_warnings import plan_warnings
from scripts.terraform.stacks import Stack

NOT_REFRESHED = "Compared with the Terraform state only. The drift check finds manual changes in Azure."
MAX_ATTRIBUTES = 20
"""Of one resource, that are listed."""
_STYLES = {Action.DESTROY: "red", Action.REPLACE: "red", Action.UPDATE: "yellow", Action.CREATE: "green"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a deployment of an environment would do."""

    env: str
    changes: tuple[ResourceChange, ...]
    outputs: tuple[str, ...] = ()
    """Names of the outputs that change; these alone are no difference in Azure."""
    secrets: tuple[StoredSecret, ...] = ()
    """Those that are in the vault already, whether the plan changes them or not."""
    note: str = ""

    @classmethod
    def from_json(cls, env: str, plan: Mapping[str, Any], *, note: str = "") -> Plan:
        """From the output of `terraform show -json`."""
        return cls(
            env=env,
            changes=resource_changes(plan),
            outputs=changed_outputs(plan),
            secrets=stored_secrets(plan),
            note=note,
        )

    @property
    def is_empty(self) -> bool:
        """Whether Azure matches the settings."""
        return not self.changes

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to read before confirming."""
        return plan_warnings(self.changes)

    @property
    def title(self) -> str:
        """The environment, and the number of changes by action."""
        counts = Counter(change.action for change in self.changes)
        summary = ", ".join(f"{counts[action]} to {action}" for action in Action if counts[action])
        return f"Plan for {self.env}: {summary or 'no changes'}"

    def table(self) -> Table:
        """For a terminal."""
        table = Table(title=self.title, title_justify="left")
        for column in ("action", "resource", "changes"):
            table.add_column(column, overflow="fold")
        for change in self.changes:
            changes = Text("\n".join(_lines(change)))
            table.add_row(Text(change.action, style=_STYLES[change.action]), Text(change.address), changes)
        return table

    def markdown(self) -> str:
        """For a comment or a summary."""
        lines = [f"### {self.title}", "", *([self.note, ""] if self.note else [])]
        for text in self.warnings:
            lines += [*warning(text), ""]
        if self.changes:
            lines += ["| action | resource | changes |", "|---|---|---|"]
        for change in self.changes:
            changes = "<br>".join(code(line) for line in _lines(change))
            lines.append(f"| {cell(change.action)} | {code(change.address)} | {changes} |")
        return "\n".join(lines).rstrip() + "\n"


def plan(stack: Stack, *, refresh: bool = True) -> Plan:
    """The plan of a synthesized stack; `ScriptError` explains a failure."""
    return Plan.from_json(stack.env, plan_json(stack, refresh=refresh), note="" if refresh else NOT_REFRESHED)


def show(plan: Plan) -> None:
    """Print it, with the warnings last, directly above the question."""
    screen = console()
    if plan.is_empty:
        screen.print(plan.title, markup=False, highlight=False)
    else:
        screen.print(plan.table())
    if plan.note:
        screen.print(plan.note, markup=False, highlight=False)
    for text in plan.warnings:
        screen.print(f"WARNING: {text}", style="bold red", markup=False, highlight=False)


def failure_markdown(env: str, failure: ScriptError) -> str:
    """What a comment or a summary has in place of a plan."""
    return "\n".join([f"### Plan for {env}: failed", "", *block(str(failure)), ""])


def publish(text: str, *, file: Path | None = None) -> None:
    """Write it to the file, and to the job summary in a workflow."""
    if file:
        file.write_text(text, encoding="utf-8")
    add_to_summary(text)


def _lines(change: ResourceChange) -> Iterator[str]:
    if change.forced_by:
        yield f"forces replacement: {', '.join(change.forced_by)}"
    yield from (str(attribute) for attribute in change.attributes[:MAX_ATTRIBUTES])
    if len(change.attributes) > MAX_ATTRIBUTES:
        yield f"and {len(change.attributes) - MAX_ATTRIBUTES} more"
