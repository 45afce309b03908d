"""Runs what CI runs: linters, types, both ways of synthesis, scans, and the tests. `--full` adds the long tests.

With other arguments only pytest runs, and gets them: `test.py tests/settings -k naming`. Exit codes: 0 when everything
passed, 1 when something failed, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def parse(words: list[str]) -> tuple[bool, list[str]]:
    """Whether the run is a full one, and the arguments for pytest."""
    parser = argparse.ArgumentParser(
        prog="test.py",
        usage="test.py [-h] [--full] [[--] PYTEST_ARGUMENT ...]",
        description="Runs what CI runs: linters, types, synthesis, scans, tests. With other arguments: pytest only.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--full", action="store_true", help="also the long tests, a soak, and the other locked versions of LiteLLM"
    )
    known, others = parser.parse_known_args(words)
    return known.full, [word for word in others if word != "--"]


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(first=parse, development=True)

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial

from scripts.cli.error_handling import ScriptError
from scripts.cli.processes import Processes, run_in_parallel
from scripts.setup.install import program
from scripts.setup.paths import ROOT
from scripts.setup.prepare import LOCKS, TOOL_LOCKS, prepare, tool
from scripts.setup.requirements import image_locks, tool_locks
from scripts.setup.settings_files import litellm_versions
from scripts.terraform import synthesis

WITH_LITELLM = ("tests/gateway/whole",)
SOAK = ("tests/gateway/whole/test_soak.py", "--soak-seconds", "120")
ZIZMOR = ("--offline", "--persona=pedantic", "--no-progress")
# Without linters that may be on PATH: each `run:` is one call of a script.
ACTIONLINT = ("-shellcheck=", "-pyflakes=")
_MOST_WORKERS = 4  # each may run a LiteLLM of its own, with 0.4 GB


def main() -> None:
    """Run every step, whether or not the others pass, and print how each went."""
    full, arguments = parse(sys.argv[1:])
    versions = image_locks(LOCKS).keys() if full else litellm_versions()
    tools = tool_locks(TOOL_LOCKS).keys()
    prepare(development=True, litellm=versions, tools=tools, node=True, clients=full, parser=True)
    steps: list[Step] = []
    if not arguments:
        steps = [Step(name, action) for name, action in checks().items()]
        run_in_parallel({step.name: step for step in steps})
        for step in steps:
            if not step.passed:
                print(f"\n=== {step.name}\n{step.output}", flush=True)
    for name, words in pytest_runs(arguments, full=full).items():
        step = Step(name, partial(pytest, words))
        step(Processes())
        steps.append(step)
    print()
    for step in steps:
        print(f"{'passed' if step.passed else 'FAILED'} {step.seconds:6.1f} s  {step.name}")
    sys.exit(0 if all(step.passed for step in steps) else 1)


def checks() -> dict[str, Callable[[Processes], object]]:
    """What examines the code and the stacks, by name."""
    commands: dict[str, list[str | Path]] = {
        "ruff check": [program("ruff"), "check"],
        "ruff format": [program("ruff"), "format", "--check"],
        "mypy --strict": [program("mypy"), "."],
        "zizmor": [tool("zizmor"), *ZIZMOR, ".github"],
        "actionlint": [tool("actionlint"), *ACTIONLINT],
        "checkov": [program("python"), "scripts/scan.py"],
    }
    steps = {name: partial(Processes.run, command=words) for name, words in commands.items()}
    return {**steps, "main.py and cdktf synth": synthesis.compare}


def pytest_runs(arguments: list[str], *, full: bool) -> dict[str, list[str]]:
    """The arguments of each run of pytest, by name."""
    if arguments:
        return {"pytest": [*arguments, *(["--full"] if full else [])]}
    workers = ["-n", str(max(2, min(os.cpu_count() or 2, _MOST_WORKERS))), "--dist", "worksteal", "--durations=15"]
    if not full:
        return {"pytest": workers}
    others = sorted(image_locks(LOCKS).keys() - litellm_versions())
    again = {
        f"pytest, LiteLLM {version}": [*workers, *WITH_LITELLM, "--full", "--litellm", version] for version in others
    }
    return {"pytest --full": [*workers, "--full"], **again, "pytest, soak": [*SOAK]}


class Step:
    """A part of the run: an action, how long it took, whether it passed, and its output if not."""

    def __init__(self, name: str, action: Callable[[Processes], object]) -> None:
        self.name = name
        self.passed = False
        self.output = ""
        self.seconds = 0.0
        self._action = action

    def __call__(self, processes: Processes) -> None:
        """Run it; a failure is recorded and does not stop the other steps."""
        start = time.monotonic()
        try:
            self._action(processes)
            self.passed = True
        except (ScriptError, OSError) as failure:
            self.output = getattr(failure, "output", "") or str(failure)
        self.seconds = time.monotonic() - start


def pytest(arguments: Sequence[str], _: Processes | None = None) -> None:
    """Run pytest on this terminal; Ctrl-C ends it too."""
    process = subprocess.Popen([str(program("python")), "-m", "pytest", *arguments], cwd=ROOT)
    try:
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code:
        raise ScriptError(f"pytest ended with exit code {code}", code=code)
