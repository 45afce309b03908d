"""Prints the names of the environments as JSON, one per file in `settings/environments/`: the matrix of a workflow.

Standard library only, so that the job which lists them need not install anything.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(venv=False)

import argparse
import json

from scripts.cli.error_handling import ScriptError
from scripts.github.job_output import set_output
from scripts.setup.settings_files import FOLDER, environment_files


def main() -> None:
    """Print them, and hand them to the workflow whose step this is."""
    parse(sys.argv[1:])
    names = json.dumps(environments(FOLDER))
    print(names)
    set_output("environments", names)


def parse(words: list[str]) -> argparse.Namespace:
    """There are no options; any other argument ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="environments.py", description="Prints the names of the environments as JSON."
    )
    return parser.parse_args(words)


def environments(folder: Path) -> list[str]:
    """The names of the files, which are the environments' names; `ScriptError` when there are none."""
    names = [path.stem for path in environment_files(folder)]
    if not names:
        # GitHub takes an empty matrix for a success: the workflow would do nothing.
        raise ScriptError(f"{folder} has no file of an environment, such as dev.toml.", code=2)
    return names
