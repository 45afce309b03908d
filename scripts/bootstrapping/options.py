"""The command line of the bootstrap."""

from __future__ import annotations

import argparse

PARTS = ("preflight", "state", "identities", "github")


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="bootstrap.py",
        description="Prepares Azure and GitHub for deployments: the state's home, the pipeline's identities, GitHub's "
        "environments. Without a part: all of them, in order.",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}")
    parser.add_argument("--env", action="append", metavar="NAME", help="only this environment; may be repeated")
    parser.add_argument("--dry-run", action="store_true", help="show every command and change nothing")
    parser.add_argument("--subscription", metavar="ID", help="by id or name (default: the one az is at)")
    parser.add_argument("--repository", metavar="OWNER/NAME", help="on GitHub (default: where `origin` leads)")
    parser.add_argument(
        "--subject-prefix", metavar="PREFIX", help="how GitHub's tokens name the repository (default: GitHub is asked)"
    )
    parser.add_argument(
        "--reviewer", action="append", default=[], metavar="LOGIN", help="who approves deployments, or ORG/TEAM; repeat"
    )
    parser.add_argument(
        "--no-approval", action="store_true", help="no environment waits for a reviewer, where GitHub's plan has none"
    )
    parser.add_argument(
        "--environments-protected",
        action="store_true",
        help="somebody has made and protected GitHub's environments by the checklist; counts where GitHub is not asked",
    )
    parser.add_argument("--skip-synth", action="store_true", help="take the stacks as they were synthesized last")
    arguments = parser.parse_args(words)
    for part in arguments.parts:
        if part not in PARTS:
            parser.error(f"there is no part {part!r}; there are {', '.join(PARTS)}")
    arguments.parts = [part for part in PARTS if part in arguments.parts or not arguments.parts]
    return arguments
