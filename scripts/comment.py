"""Puts a text into the comment of an environment on a pull request: `comment.py --env dev --file plan.md`.

In the workflow of a pull request it needs GH_TOKEN; elsewhere use --pull-request.
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
from scripts.github.plan_comment import current_pull_request, put_comment
from scripts.github.repository import repository
from scripts.github.sticky import open_repository


def main() -> None:
    """Create or update the comment."""
    arguments = parse(sys.argv[1:])
    pull_request, text = arguments.pull_request or current_pull_request(), read(arguments.file)
    github = open_repository(CommandLine("gh"), repository(arguments.repository))
    put_comment(github, pull_request=pull_request, env=arguments.env, text=text)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="comment.py",
        description="Puts a text, such as a plan, into a comment on a pull request. Each environment has one comment, "
        "which is updated in place.",
    )
    parser.add_argument("--env", required=True, metavar="NAME", help="the environment that the text is about")
    parser.add_argument("--file", required=True, type=Path, metavar="FILE", help="the text, in Markdown")
    parser.add_argument(
        "--pull-request", type=int, metavar="N", help="number of the pull request (default: that of this workflow run)"
    )
    parser.add_argument("--repository", metavar="OWNER/NAME", help="on GitHub (default: from the remote `origin`)")
    return parser.parse_args(words)


def read(file: Path) -> str:
    """The text of the file."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(f"--file {file}: {error}", code=2) from None
