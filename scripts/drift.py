"""Plans an environment, and opens, updates or closes its GitHub issue: `drift.py --env dev`.

It refreshes everything, as a deployment does, and takes the same rights. Drift opens or updates the environment's
issue, no drift closes it. The exit code is 0 in both cases.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="drift.py",
        description="Plans an environment. Opens or updates its GitHub issue if Azure differs from the settings, else "
        "closes it.",
    )
    parser.add_argument("--env", required=True, metavar="NAME", help="the environment")
    parser.add_argument("--repository", metavar="OWNER/NAME", help="on GitHub (default: from the remote `origin`)")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(first=parse, node=True)

from scripts.azure.login import log_in
from scripts.cli.command_line import CommandLine
from scripts.github.drift_issue import close_drift, report_drift
from scripts.github.repository import repository
from scripts.github.sticky import open_repository
from scripts.terraform.plan import plan, publish
from scripts.terraform.stacks import prepare


def main() -> None:
    """Plan, then open, update or close the issue."""
    arguments = parse(sys.argv[1:])
    github = open_repository(CommandLine("gh"), repository(arguments.repository))
    (stack,) = prepare([arguments.env])
    log_in(stack)
    planned = plan(stack)
    text = planned.markdown()
    publish(text)
    if planned.is_empty:
        close_drift(github, env=arguments.env)
    else:
        report_drift(github, env=arguments.env, text=text)
