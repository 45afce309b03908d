"""Installs what plans and deployments run on, and nothing else: in workflows a step of its own, without secrets."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from scripts.cli.error_handling import error_handling  # noqa: E402
from scripts.setup.environment import prepare  # noqa: E402


def main() -> None:
    """`.venv` and `node_modules`, as the locks say."""
    with error_handling():
        parse(sys.argv[1:])
        prepare(node=True)


def parse(words: list[str]) -> argparse.Namespace:
    """There are no options; a mistake ends with exit code 2."""
    return argparse.ArgumentParser(prog="prepare.py", description="Installs what is missing.").parse_args(words)


if __name__ == "__main__":
    main()
