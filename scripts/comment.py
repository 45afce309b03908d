"""One comment per environment on a pull request, written anew each time: `comment.py --env dev --file plan.md`.

It runs in the workflow of a pull request, with GH_TOKEN in its environment; elsewhere with --pull-request.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse

from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.github.comments import pull_request, put
from scripts.github.marked import place
from scripts.github.repository import repository


def main() -> None:
    """Write it."""
    arguments = parse(sys.argv[1:])
    number, text = arguments.pull_request or pull_request(), read(arguments.file)
    here = place(CommandLine("gh"), repository(arguments.repository))
    put(here, number=number, env=arguments.env, text=text)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="comment.py", description="Writes one comment per environment.")
    parser.add_argument("--env", required=True, metavar="NAME", help="whose comment it is")
    parser.add_argument("--file", required=True, type=Path, metavar="FILE", help="its text, in Markdown")
    parser.add_argument("--pull-request", type=int, metavar="N", help="(default: the one of this run of a workflow)")
    parser.add_argument("--repository", metavar="OWNER/NAME", help="(default: this checkout's)")
    return parser.parse_args(words)


def read(file: Path) -> str:
    """The text."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(f"--file {file}: {error}", code=2) from None
