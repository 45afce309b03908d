"""Prints docs/troubleshooting.md as scripts/advice/*.toml has it: `troubleshooting.py --write` writes the file."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse

from scripts.advice.page import page
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.setup.paths import ROOT

FILE = ROOT / "docs/troubleshooting.md"


def main() -> None:
    """Print the page, write it, or check the file."""
    arguments = parse(sys.argv[1:])
    if arguments.write:
        FILE.write_text(page(), encoding="utf-8")
    elif not arguments.check:
        print(page(), end="")
    elif FILE.read_text(encoding="utf-8") != page():
        raise ScriptError("docs/troubleshooting.md is stale: run python3 scripts/troubleshooting.py --write")
    if arguments.check or arguments.write:
        log("docs/troubleshooting.md is up to date.")


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="troubleshooting.py", description="Prints docs/troubleshooting.md as scripts/advice/*.toml has it."
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="end with exit code 1 if the file differs")
    what.add_argument("--write", action="store_true", help="write the file")
    return parser.parse_args(words)
