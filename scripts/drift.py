"""Whether Azure still is what main says: `drift.py --env dev` plans, and keeps one issue per environment up to date.

It asks Azure for everything, as a deployment does, and so takes a deployment's rights.

A difference opens the issue or renews it, no difference closes it; both are exit code 0, as the check has worked.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(node=True)

import argparse

from scripts.cli.command_line import CommandLine
from scripts.github.drifting import close, keep
from scripts.github.marked import place
from scripts.github.repository import repository
from scripts.terraform.planning import plan, prepared, publish


def main() -> None:
    """Plan, then open, renew or close the issue."""
    arguments = parse(sys.argv[1:])
    here = place(CommandLine("gh"), repository(arguments.repository))
    (stack,) = prepared([arguments.env])
    planned = plan(stack)
    text = planned.markdown()
    publish(text)
    if planned.is_empty:
        close(here, env=arguments.env)
    else:
        keep(here, env=arguments.env, text=text)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="drift.py", description="Plans, and keeps one issue per environment.")
    parser.add_argument("--env", required=True, metavar="NAME", help="the environment to check")
    parser.add_argument("--repository", metavar="OWNER/NAME", help="where the issue is (default: this checkout's)")
    return parser.parse_args(words)
