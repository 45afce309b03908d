"""Back to the revision before: `rollback.py --env dev`, when a deployment's smoke test failed or clients complain.

A revision carries code and configuration; keys belong to the app, so a rotated key stays rotated.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse

from scripts.azure.rolling_back import Patience, check, roll_back
from scripts.cli.command_line import azure
from scripts.terraform import stacks


def main() -> None:
    """Choose, ask, activate, wait, test."""
    arguments = parse(sys.argv[1:])
    if not arguments.skip_synth:
        stacks.synthesize()
    az = azure(dry_run=arguments.dry_run)
    stack = stacks.load(arguments.env)
    patience = Patience(wait_s=arguments.wait_s, every_s=arguments.every_s)
    is_done = roll_back(az, stack, name=arguments.revision, yes=arguments.yes, patience=patience)
    if is_done and not arguments.no_smoke:
        check(az, stack, base_url=arguments.base_url)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="rollback.py", description="Activates the revision before.")
    parser.add_argument("--env", required=True, metavar="NAME", help="the environment")
    parser.add_argument("--revision", metavar="NAME", help="(default: the newest before the active one that came up)")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="show every command and change nothing")
    parser.add_argument("--wait-s", type=float, default=600.0, metavar="N", help="for it to be up (default: 600)")
    parser.add_argument("--every-s", type=float, default=10.0, metavar="N", help="between two looks (default: 10)")
    parser.add_argument("--no-smoke", action="store_true", help="without the smoke test afterwards")
    parser.add_argument("--base-url", metavar="URL", help="where to test (default: the app's own address)")
    parser.add_argument("--skip-synth", action="store_true", help="take the stacks as they were synthesized last")
    return parser.parse_args(words)
