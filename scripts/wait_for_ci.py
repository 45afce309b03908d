"""Waits until the workflow *ci* has passed for a commit: `wait_for_ci.py --commit SHA`. A deployment begins with it.

In a workflow the commit is the one of its run. The exit code is 1 if *ci* failed, was cancelled, or does not run.
Standard library only, so that the job which waits need not install anything.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(venv=False)

import argparse
import os
import re

from scripts.azure.polling import Polling
from scripts.cli.command_line import CommandLine
from scripts.github.ci_run import wait_for_ci
from scripts.github.repository import repository

POLLING = Polling(timeout_s=45 * 60, interval_s=15)
"""Longer than the jobs of ci.yml may take, one after the other queued."""


def main() -> None:
    """Ask GitHub until there is an answer."""
    arguments = parse(sys.argv[1:])
    wait_for_ci(CommandLine("gh"), repository(arguments.repository), commit=arguments.commit, polling=POLLING)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="wait_for_ci.py", description="Waits until the workflow ci has passed for a commit."
    )
    parser.add_argument(
        "--commit",
        type=commit,
        default=os.environ.get("GITHUB_SHA"),
        required="GITHUB_SHA" not in os.environ,
        metavar="SHA",
        help="the commit (default: that of this workflow run)",
    )
    parser.add_argument("--repository", metavar="OWNER/NAME", help="on GitHub (default: from the remote `origin`)")
    return parser.parse_args(words)


def commit(text: str) -> str:
    """A whole id: GitHub finds no run by an abbreviated one."""
    if not re.fullmatch("[0-9a-f]{40}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no id of a commit, which has 40 hexadecimal digits")
    return text
