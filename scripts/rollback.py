"""Activates the previous revision: `rollback.py --env dev`, after a failed smoke test or when clients report errors.

A revision consists of code and configuration. Keys belong to the app, so a rotated key stays rotated.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse

from scripts.azure.login import log_in
from scripts.azure.polling import Polling
from scripts.azure.rollback import roll_back, run_smoke_test
from scripts.terraform import stacks


def main() -> None:
    """Select, ask, activate, wait, test."""
    arguments = parse(sys.argv[1:])
    if not arguments.skip_synth:
        stacks.synthesize()
    stack = stacks.load(arguments.env)
    az = log_in(stack, dry_run=arguments.dry_run)
    polling = Polling(timeout_s=arguments.wait_s, interval_s=arguments.every_s)
    is_done = roll_back(az, stack, name=arguments.revision, yes=arguments.yes, polling=polling)
    if is_done and not arguments.no_smoke:
        run_smoke_test(az, stack, base_url=arguments.base_url)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="rollback.py", description="Activates an earlier revision and tests it.")
    parser.add_argument("--env", required=True, metavar="NAME", help="the environment")
    parser.add_argument("--revision", metavar="NAME", help="default: the newest earlier one that was ever healthy")
    parser.add_argument("--yes", action="store_true", help="activate it without confirmation")
    parser.add_argument("--dry-run", action="store_true", help="show every changing command and run none")
    parser.add_argument("--wait-s", type=float, default=600.0, metavar="N", help="timeout in seconds (default: 600)")
    parser.add_argument("--every-s", type=float, default=10.0, metavar="N", help="seconds between polls (default: 10)")
    parser.add_argument("--no-smoke", action="store_true", help="skip the smoke test")
    parser.add_argument("--base-url", metavar="URL", help="the gateway to test (default: the app's address)")
    parser.add_argument("--skip-synth", action="store_true", help="use the stacks of the last synthesis")
    return parser.parse_args(words)
