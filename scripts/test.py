"""Everything that CI runs: linters, types, the two ways of synthesis, the tests. Further arguments go to pytest.

The exit code is 0 when all of it passed, 1 when something failed, 130 after Ctrl-C.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

sys.path[0] = str(Path(__file__).resolve().parents[1])

from scripts.environment import prepare  # noqa: E402
from scripts.install import program  # noqa: E402
from scripts.synthesis import differences  # noqa: E402
from scripts.work import ROOT, manners  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Run every step, whatever the ones before it gave, and tell how each went."""
    with manners():
        prepare(image=True, node=True)
        python = program("python")
        steps: dict[str, Callable[[], bool]] = {
            "ruff check": partial(succeeds, program("ruff"), "check"),
            "ruff format": partial(succeeds, program("ruff"), "format", "--check"),
            "mypy": partial(succeeds, program("mypy"), "."),
            "synthesis": same_synthesis,
            "pytest": partial(succeeds, python, "-m", "pytest", "--durations=15", *sys.argv[1:]),
        }
        results = [(name, *timed(name, step)) for name, step in steps.items()]
        print("\n" + "\n".join(f"{'passed' if passed else 'FAILED'} {s:6.1f} s  {name}" for name, passed, s in results))
        sys.exit(0 if all(passed for _, passed, _ in results) else 1)


def timed(name: str, step: Callable[[], bool]) -> tuple[bool, float]:
    """Whether the step succeeded, and its seconds."""
    print(f"\n=== {name}", flush=True)
    start = time.monotonic()
    return step(), time.monotonic() - start


def succeeds(*command: str | Path, **environ: str) -> bool:
    """Run a command on this terminal; Ctrl-C ends it too."""
    process = subprocess.Popen([str(word) for word in command], cwd=ROOT, env={**os.environ, **environ})
    try:
        return process.wait() == 0
    except BaseException:
        process.terminate()
        process.wait()
        raise


def same_synthesis() -> bool:
    """Whether `python main.py`, twice, and the pinned `cdktf synth` write the same bytes."""
    found = differences()
    print("\n".join(found) or "python main.py, again, and cdktf synth: the same bytes")
    return not found


if __name__ == "__main__":
    main()
