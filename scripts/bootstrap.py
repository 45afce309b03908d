"""Prepares Azure and GitHub for deployments: `scripts/bootstrap.py [preflight|group|state|identities|github] ...`.

Creates what is missing, corrects what is insecure and keeps everything else: a second run changes nothing. `--dry-run`
shows every command and changes nothing. The steps are in scripts/bootstrapping/steps.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse

from scripts.bootstrapping.steps import PARTS, run_steps
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log


def main() -> None:
    """Run the steps and print a summary, also when one fails."""
    options = parse(sys.argv[1:])
    az, gh = CommandLine("az", dry_run=options.dry_run), CommandLine("gh", dry_run=options.dry_run)
    try:
        is_complete = run_steps(az, gh, options)
    except ScriptError:
        if changes := len(az.changes) + len(gh.changes):
            summarize(changes, dry_run=options.dry_run)
        raise
    summarize(len(az.changes) + len(gh.changes), dry_run=options.dry_run, is_complete=is_complete)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="bootstrap.py",
        description="Prepares Azure and GitHub for deployments: resource groups, Terraform's state, "
        "the workflows' identities, GitHub's environments. Without a part: all parts, in order.",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}")
    parser.add_argument("--env", action="append", metavar="NAME", help="only this environment; repeatable")
    parser.add_argument("--dry-run", action="store_true", help="show every changing command and run none")
    parser.add_argument("--subscription", metavar="ID", help="its id or name (default: the one az uses)")
    parser.add_argument("--repository", metavar="OWNER/NAME", help="on GitHub (default: from the remote `origin`)")
    parser.add_argument(
        "--subject-prefix",
        metavar="PREFIX",
        help="how the subject claim of GitHub's tokens begins, such as repo:OWNER/NAME (default: read from GitHub)",
    )
    parser.add_argument(
        "--reviewer", action="append", default=[], metavar="LOGIN", help="who approves, also ORG/TEAM; repeatable"
    )
    parser.add_argument(
        "--no-approval", action="store_true", help="no required reviewers, for GitHub plans without them"
    )
    parser.add_argument(
        "--environments-protected",
        action="store_true",
        help="you have protected the environments by hand; used only without access to GitHub",
    )
    parser.add_argument("--skip-synth", action="store_true", help="use the stacks of the last synthesis")
    options = parser.parse_args(words)
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"unknown part {part!r}; choose from {', '.join(PARTS)}")
    options.parts = [part for part in PARTS if part in options.parts or not options.parts]
    return options


def summarize(changes: int, *, dry_run: bool, is_complete: bool = True) -> None:
    """The last lines."""
    if changes and dry_run:
        log(f"Dry run: nothing was changed. {changes} commands would run.")
    elif changes:
        log(f"Changes: {changes}.")
    elif is_complete:
        log("Nothing to change.")
    if not is_complete:
        log("GitHub is not prepared yet: follow the checklist above.")
