"""Checks the settings alone, for editors and pre-commit: `check.py`, or `check.py --env dev`. Takes about a second.

Prints one line per problem. Nothing is synthesized, and nobody is asked: what depends on Azure, `preflight.py` checks.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse
import os
from collections.abc import Sequence

from gateway.containers import EnvironmentTooLargeError, build_containers
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from settings.dates import check_dates, today
from settings.environment import EnvironmentSettings
from settings.errors import SettingsError
from settings.loading import ENVIRONMENTS, environment_files, load_environment, load_environments


def main() -> None:
    """Print every problem, and log what is only a warning."""
    arguments = parse(sys.argv[1:])
    try:
        environments = _load(arguments.env)
        for warning in check_dates(environments, today=today(os.environ)):
            log(warning)
        for settings in environments:
            build_containers(settings)
    except SettingsError as error:
        _fail(error.mistakes)
    except EnvironmentTooLargeError as error:
        _fail([str(error)])
    log(f"No problems in the settings of {', '.join(settings.env for settings in environments)}.")


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="check.py", description="Checks the settings alone, in about a second.")
    parser.add_argument("--env", metavar="NAME", help="an environment (default: all, also against each other)")
    return parser.parse_args(words)


def _load(env: str | None) -> tuple[EnvironmentSettings, ...]:
    if env is None:
        return load_environments()
    files = {file.stem: file for file in environment_files()}
    if env not in files:
        raise ScriptError(f"There is no environment {env!r} in {ENVIRONMENTS}; there are {', '.join(files)}.", code=2)
    return (load_environment(files[env]),)


def _fail(problems: Sequence[str]) -> None:
    print("\n".join(problems))
    count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
    raise ScriptError(f"The settings have {count}.", code=2)
