"""The plan of a stack, for people: a table in a terminal, Markdown in a comment or a job summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from scripts.cli.error_handling import ScriptError
from scripts.cli.settings import today
from scripts.cli.terminal import console
from scripts.github.markdown import add_to_summary, block, cell, code, warning
from scripts.terraform.cdktf import plan_json
from scripts.terraform.client_keys import StoredSecret, stored_secrets
from scripts.terraform.key_owners import moved_keys, renamed_projects
from scripts.terraform.plan_changes import (
    Action,
    ResourceChange,
    changed_outputs,
    digest_of,
    is_first,
    resource_changes,
)
from scripts.terraform.plan_warnings import failure, kept_resources, plan_warnings, refused_budgets
from scripts.terraform.stacks import Stack

NOT_REFRESHED = "Compared with the Terraform state only. The drift check finds manual changes in Azure."
MAX_ATTRIBUTES = 60
"""Of one resource, that a comment lists; the terminal, or the job's log, has all of them."""
MAX_MARKDOWN_BYTES = 60_000
"""A comment on GitHub has 65,536 characters at most, and Linux 128 KiB for the variable that hands a plan on."""
_FIRST = (
    "Creates everything, because the state is empty. If {env} is deployed already, do not deploy: its names in the "
    "settings have changed (the old environment would go on beside the new one), or its state is missing."
)
_STYLES = {
    Action.DESTROY: "red",
    Action.REPLACE: "red",
    Action.FORGET: "red",
    Action.UPDATE: "yellow",
    Action.CREATE: "green",
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a deployment of an environment would do."""

    env: str
    changes: tuple[ResourceChange, ...]
    outputs: tuple[str, ...] = ()
    """Names of the outputs that change; these alone are no difference in Azure."""
    secrets: tuple[StoredSecret, ...] = ()
    """Those that are in the vault already, whether the plan changes them or not."""
    moved_keys: Mapping[str, str] = field(default_factory=dict)
    """Client keys that get another project, by their names in the vault, and what that means."""
    renamed: tuple[str, ...] = ()
    """What a new name of a project means for its key."""
    is_first: bool = False
    """Whether nothing exists yet."""
    refused_budgets: Mapping[str, str] = field(default_factory=dict)
    """Budgets that Azure would not create, by address, with the reason."""
    note: str = ""

    @classmethod
    def from_json(cls, env: str, plan: Mapping[str, Any], *, note: str = "") -> Plan:
        """From the output of `terraform show -json`."""
        return cls(
            env=env,
            changes=resource_changes(plan),
            outputs=changed_outputs(plan),
            secrets=stored_secrets(plan),
            moved_keys=moved_keys(plan),
            renamed=renamed_projects(plan),
            is_first=is_first(plan),
            refused_budgets=refused_budgets(plan, today=today()),
            note=note,
        )

    @property
    def is_empty(self) -> bool:
        """Whether Azure matches the settings."""
        return not self.changes

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to read before confirming."""
        first = (_FIRST.format(env=self.env),) if self.is_first and self.changes else ()
        budgets = self.refused_budgets.values()
        texts = (*first, *budgets, *plan_warnings(self.changes), *self.moved_keys.values(), *self.renamed)
        return tuple(dict.fromkeys(texts))

    @property
    def losses(self) -> Mapping[str, str]:
        """What no deployment does without being told to: by address or name, with the reason."""
        return {**kept_resources(self.changes), **self.moved_keys}

    @property
    def failures(self) -> Mapping[str, str]:
        """What no deployment can do, by address, with the reason."""
        return {**{each.address: text for each in self.changes if (text := failure(each))}, **self.refused_budgets}

    @property
    def digest(self) -> str:
        """Equal for plans that change the same; of a plan that was not refreshed it says nothing about Azure."""
        return digest_of(self.changes, outputs=self.outputs, is_first=self.is_first)

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
        rows = [_row(change) for change in self.changes]
        kept = _within(MAX_MARKDOWN_BYTES - len("\n".join(lines).encode()), rows)
        lines += rows[:kept]
        if kept < len(rows):
            rest = ", ".join(change.address for change in self.changes[kept : kept + MAX_ATTRIBUTES])
            lines += ["", f"{len(rows) - kept} more: {rest}. `python3 scripts/plan.py --env {self.env}` shows all."]
        lines += [self.outputs_alone, ""] if self.outputs_alone else []
        if self.is_comparable:
            lines += ["", f"Digest of these changes: `{self.digest}`"]
        return "\n".join(lines).rstrip() + "\n"

    @property
    def outputs_alone(self) -> str:
        """What a deployment would write into the state although it changes nothing in Azure, or an empty text."""
        return f"Outputs that change: {', '.join(self.outputs)}" if self.is_empty and self.outputs else ""

    @property
    def is_comparable(self) -> bool:
        """Whether there is a digest to compare with that of a deployment."""
        return not (self.is_empty or self.note)


def plan(stack: Stack, *, refresh: bool = True, needs_state: bool = True) -> Plan:
    """The plan of a synthesized stack; `ScriptError` explains a failure, a missing state only if it is needed."""
    content = plan_json(stack, refresh=refresh, needs_state=needs_state)
    return Plan.from_json(stack.env, content, note="" if refresh else NOT_REFRESHED)


def show(plan: Plan) -> None:
    """Print it, with the warnings last, directly above the question."""
    screen = console()
    if plan.is_empty:
        screen.print(plan.title, markup=False, highlight=False)
    else:
        screen.print(plan.table())
    if plan.note:
        screen.print(plan.note, markup=False, highlight=False)
    if plan.outputs_alone:
        screen.print(plan.outputs_alone, markup=False, highlight=False)
    if plan.is_comparable:
        screen.print(f"Digest of these changes: {plan.digest}", markup=False, highlight=False)
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


def _row(change: ResourceChange) -> str:
    lines = [*_lines(change)]
    shown = lines[:MAX_ATTRIBUTES]
    if len(lines) > MAX_ATTRIBUTES:
        shown.append(f"and {len(lines) - MAX_ATTRIBUTES} more, which the log of plan.py has")
    changes = "<br>".join(map(code, shown))
    return f"| {cell(change.action)} | {code(change.address)} | {changes} |"


def _within(limit: int, rows: Sequence[str]) -> int:
    """How many of the rows have at most so many bytes together."""
    sizes = accumulate(len(row.encode()) + 1 for row in rows)
    return sum(size <= limit for size in sizes)


def _lines(change: ResourceChange) -> Iterator[str]:
    if change.forced_by:
        yield f"forces replacement: {', '.join(change.forced_by)}"
    yield from map(str, change.attributes)
