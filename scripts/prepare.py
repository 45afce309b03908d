"""Installs `.venv` and the cdktf CLI, without packages of tests, linters or benchmarks.

In workflows it is a step of its own, so that nothing is installed where secrets are.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(venv=False)

import argparse

from scripts.setup.prepare import prepare


def main() -> None:
    """`.venv` and `node_modules`, as the locks say."""
    parse(sys.argv[1:])
    prepare(node=True)


def parse(words: list[str]) -> argparse.Namespace:
    """There are no options; any other argument ends with exit code 2."""
    return argparse.ArgumentParser(
        prog="prepare.py", description="Installs what plans and deployments need, if it is missing or outdated."
    ).parse_args(words)
