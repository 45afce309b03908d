"""Plans of the stacks as the settings make them now, shown where somebody reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scripts.azure.offers import tell_where_models_are
from scripts.cli.error_handling import ScriptError
from scripts.cli.terminal import console
from scripts.github.markdown import add_to_summary, block
from scripts.terraform import program as terraform
from scripts.terraform import stacks
from scripts.terraform.cli import plan_json
from scripts.terraform.plans import NOT_REFRESHED, Plan
from scripts.terraform.stacks import Stack


def prepared(envs: Sequence[str] | None) -> tuple[Stack, ...]:
    """The stacks, synthesized now, all of them unless some are named; then whatever Terraform needs is there, too."""
    tell_where_models_are(envs)
    stacks.synthesize()
    found = stacks.chosen(envs)
    terraform.require()
    return found


def plan(stack: Stack, *, refresh: bool = True) -> Plan:
    """The plan of a stack that is synthesized; `ScriptError` explains what is missing."""
    return Plan.read(stack.env, plan_json(stack, refresh=refresh), note="" if refresh else NOT_REFRESHED)


def show(plan: Plan) -> None:
    """On the screen, with what would be lost below, where nobody overlooks it."""
    screen = console()
    if plan.is_empty:
        screen.print(plan.title, markup=False, highlight=False)
    else:
        screen.print(plan.table())
    if plan.note:
        screen.print(plan.note, markup=False, highlight=False)
    for text in plan.warnings:
        screen.print(f"WARNING: {text}", style="bold red", markup=False, highlight=False)


def failed_page(env: str, failure: ScriptError) -> str:
    """What a comment or a summary says in place of a plan."""
    return "\n".join([f"### Plan of {env}: failed", "", *block(str(failure)), ""])


def publish(text: str, *, file: Path | None = None) -> None:
    """Into the file, and onto the page of the workflow's run if one runs us."""
    if file:
        file.write_text(text, encoding="utf-8")
    add_to_summary(text)
