"""What a deployment would create, change, replace and destroy: `plan.py --env dev`, or `--all`.

It wraps `cdktf diff`, needs no secret, changes nothing, and does not lock the state. With `--no-refresh` the state is
all that it reads, so that it takes no right to read the vaults. The exit code is 0 with or without changes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

sys.path[0] = str(Path(__file__).resolve().parents[1])

from scripts.cdktf import check_settings  # noqa: E402
from scripts.environment import enter  # noqa: E402
from scripts.work import Failed, manners, say  # noqa: E402

if TYPE_CHECKING:
    from scripts.delivery.plans import Plan
    from scripts.stacks import Stack


def main() -> None:
    """Plan one after the other; one that fails does not keep the others from being shown."""
    with manners():
        enter(node=True)
        arguments = parse(sys.argv[1:])
        stacks = prepared(arguments.env)
        pages, failures = [], 0
        for stack in stacks:
            try:
                found = plan(stack, refresh=not arguments.no_refresh)
                show(found)
                pages.append(found.markdown())
            except Failed as failure:
                say(str(failure))
                pages.append(failed_page(stack.env, failure))
                failures += 1
        publish("\n".join(pages), file=arguments.markdown)
        sys.exit(1 if failures else 0)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="plan.py", description="What a deployment would change.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--env", action="append", metavar="NAME", help="an environment; may be repeated")
    which.add_argument("--all", action="store_true", help="every environment")
    parser.add_argument("--no-refresh", action="store_true", help="compare with the state, and ask Azure for nothing")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write it there, too, for a comment on GitHub")
    return parser.parse_args(words)


def prepared(envs: Sequence[str] | None) -> tuple[Stack, ...]:
    """The stacks, synthesized now, all of them unless some are named; then whatever Terraform needs is there, too."""
    from scripts import stacks, terraform

    check_settings()
    stacks.synthesize()
    found = stacks.chosen(envs)
    terraform.require()
    return found


def plan(stack: Stack, *, refresh: bool = True) -> Plan:
    """The plan of a stack that is synthesized; `Failed` explains what is missing."""
    from scripts.delivery.cli import plan_json
    from scripts.delivery.plans import NOT_REFRESHED, Plan

    return Plan.read(stack.env, plan_json(stack, refresh=refresh), note="" if refresh else NOT_REFRESHED)


def show(plan: Plan) -> None:
    """On the screen, with what would be lost below, where nobody overlooks it."""
    from scripts.screen import console

    screen = console()
    if plan.is_empty:
        screen.print(plan.title, markup=False, highlight=False)
    else:
        screen.print(plan.table())
    if plan.note:
        screen.print(plan.note, markup=False, highlight=False)
    for text in plan.warnings:
        screen.print(f"WARNING: {text}", style="bold red", markup=False, highlight=False)


def failed_page(env: str, failure: Failed) -> str:
    """What a comment or a summary says in place of a plan."""
    from scripts.delivery.markdown import block

    return "\n".join([f"### Plan of {env}: failed", "", *block(str(failure)), ""])


def publish(text: str, *, file: Path | None) -> None:
    """Into the file, and onto the page of the workflow's run if one runs us."""
    from scripts.delivery.markdown import add_to_summary

    if file:
        file.write_text(text, encoding="utf-8")
    add_to_summary(text)


if __name__ == "__main__":
    main()
