"""A fresh copy of the tree, as a clone: nothing installed, no secrets, none of our variables."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cloud.fixtures import cloud
from tests.scripts.clock import clock

__all__ = ["clock", "cloud"]

ROOT = Path(__file__).parents[2]
# Not this environment's Python, which a clone does not have.
PYTHON = getattr(sys, "_base_executable", sys.executable)


@dataclass(frozen=True)
class Tree:
    """A copy of the tree, and `up.py` in it."""

    path: Path

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """Start `up.py` in a process group of its own, with our streams."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIGATEWAY_", "TF_VAR_", "GATEWAY_", "AZURE_", "VIRTUAL_ENV", "PYTHON", "COV_"))
        }
        return subprocess.Popen(
            [PYTHON, "scripts/up.py", *arguments],
            cwd=self.path,
            env={**inherited, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def up(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run `up.py` to its end."""
        with self.start(*arguments, **environ) as process:
            stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def processes(self) -> list[str]:
        """The command lines of what runs in this copy."""
        return [line for line in command_lines() if str(self.path) in line]

    def left(self) -> list[str]:
        """The same after a stop: killed processes take a moment to end."""
        deadline = time.monotonic() + 20
        while (there := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return there


def command_lines() -> list[str]:
    """The command lines of all processes, which every user of the machine can read."""
    command = [shutil.which("ps") or "/bin/ps", "-eo", "args", "-ww"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def copy(folder: Path) -> Tree:
    """Copy everything but what `.gitignore` names."""
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()]
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", *ignored))
    return Tree(folder)


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """One copy for all tests, because its setup takes a minute; removed afterwards, because it takes a gigabyte."""
    folder = tmp_path_factory.mktemp("fresh") / "clone"
    yield copy(folder)
    shutil.rmtree(folder)
