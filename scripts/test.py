"""Everything that CI runs: linters, types, the two ways of synthesis, checkov, the tests, a soak of two minutes.

The tests of the gateway run again with every other LiteLLM that has a lock. Arguments go to pytest, which then runs
once. The exit code is 0 when all of it passed, 1 when something failed, 130 after Ctrl-C.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(venv=False)

import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial

from scripts.cli.error_handling import ScriptError
from scripts.cli.processes import Processes, run_in_parallel
from scripts.setup.environment import LOCKS, TOOL_LOCKS, in_settings, prepare, tool
from scripts.setup.install import program
from scripts.setup.paths import ROOT
from scripts.setup.requirements import image_locks, tool_locks
from scripts.terraform import synthesis

WHOLE = ("tests/gateway/whole",)
ZIZMOR = ("--offline", "--persona=pedantic", "--no-progress")
# Without the linters that happen to be on somebody's machine: each `run:` is one call of a script.
ACTIONLINT = ("-shellcheck=", "-pyflakes=")
SOAK = ("tests/gateway/whole/test_soak.py", "--soak-seconds", "120")


def main() -> None:
    """Run every step, whatever the others gave, and tell how each went."""
    prepare(litellm=image_locks(LOCKS).keys(), tools=tool_locks(TOOL_LOCKS).keys(), node=True)
    steps = [Step(name, action) for name, action in quiet_steps().items()]
    # These are quiet until they fail, and each keeps one core busy; the tests have the machine to themselves.
    run_in_parallel({step.name: step for step in steps})
    for step in steps:
        if not step.passed:
            print(f"\n=== {step.name}\n{step.output}", flush=True)
    for name, arguments in runs(sys.argv[1:]).items():
        tests = Step(name, partial(pytest, arguments))
        tests(Processes())
        steps.append(tests)
    print()
    for step in steps:
        print(f"{'passed' if step.passed else 'FAILED'} {step.seconds:6.1f} s  {step.name}")
    sys.exit(0 if all(step.passed for step in steps) else 1)


def quiet_steps() -> dict[str, Callable[[Processes], object]]:
    """What looks at the code without running it, by name."""
    commands: dict[str, list[str | Path]] = {
        "ruff check": [program("ruff"), "check"],
        "ruff format": [program("ruff"), "format", "--check"],
        "mypy --strict": [program("mypy"), "."],
        "zizmor": [tool("zizmor"), *ZIZMOR, ".github"],
        "actionlint": [tool("actionlint"), *ACTIONLINT],
        "checkov": [program("python"), "scripts/scan.py"],
    }
    steps = {name: partial(Processes.run, command=words) for name, words in commands.items()}
    return {**steps, "main.py and cdktf synth": synthesis.same}


def runs(arguments: list[str]) -> dict[str, list[str]]:
    """The arguments of each run of pytest, by what it is called."""
    if arguments:
        return {"pytest": arguments}
    others = sorted(image_locks(LOCKS).keys() - in_settings())
    again = {f"pytest, LiteLLM {version}": [*WHOLE, "--full", "--litellm", version] for version in others}
    return {"pytest": ["--full"], **again, "pytest, soak": [*SOAK]}


class Step:
    """A part of the whole, which notes how it went."""

    def __init__(self, name: str, action: Callable[[Processes], object]) -> None:
        self.name = name
        self.passed = False
        self.output = ""
        self.seconds = 0.0
        self._action = action

    def __call__(self, work: Processes) -> None:
        """Do it; a failure is noted, too, and no reason to stop the others."""
        start = time.monotonic()
        try:
            self._action(work)
            self.passed = True
        except (ScriptError, OSError) as failure:
            self.output = getattr(failure, "output", "") or str(failure)
        self.seconds = time.monotonic() - start


def pytest(arguments: Sequence[str], _: Processes | None = None) -> None:
    """Run it on this terminal; Ctrl-C ends it too."""
    process = subprocess.Popen([str(program("python")), "-m", "pytest", "--durations=15", *arguments], cwd=ROOT)
    try:
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code:
        raise ScriptError(f"pytest ended with exit code {code}", code=code)
