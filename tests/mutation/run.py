"""Runs the tests of one mutant in a clone."""

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.mutation.mutants import Mutant, Statement, apply

GRACE_S = 20.0
HANGS = "no end within the time limit"
SET_UP = """\
from scripts.setup.prepare import prepare
from scripts.setup.settings_files import litellm_versions
prepare(development=True, litellm=litellm_versions(), node=True)
"""


class Runner:
    """`tests` maps the beginning of a path to test files and folders; the longest beginning wins."""

    def __init__(self, clone: Path, tests: dict[str, list[str]], *, limit_s: float) -> None:
        self.clone = clone
        self._tests = tests
        self._limit_s = limit_s
        if missing := [test for test in itertools.chain(*tests.values()) if not (clone / test).exists()]:
            raise FileNotFoundError(f"The map names tests that do not exist: {', '.join(missing)}")

    def run(self, mutant: Mutant, statement: Statement) -> dict[str, object]:
        """The outcome, as the columns of a row; `killed` is `None` if the test fails without the mutant, too."""
        file = self.clone / statement.file
        source = file.read_text(encoding="utf-8")
        tests = self._tests_of(statement.file)
        self._set_up()
        start = time.monotonic()
        file.write_text(apply(source, statement, mutant.mutated), encoding="utf-8")
        try:
            failed = self._first_failing(tests)
            again = [failed] if failed and "::" in failed else tests
            if failed not in (None, HANGS) and not self._first_failing(again):
                failed = self._first_failing(tests)  # a test that sometimes fails proves nothing
        finally:
            file.write_text(source, encoding="utf-8")
        seconds = round(time.monotonic() - start, 1)
        self._set_up()
        killed: bool | None = failed is not None
        # The mutant may be in the name of a parametrized test; its file has a name without it.
        if failed and self._first_failing(again) and self._first_failing([test.partition("::")[0] for test in again]):
            killed = None
        return {"killed": killed, "seconds": seconds, "first_failing_test": failed, "tests": tests}

    def _tests_of(self, file: str) -> list[str]:
        """The test files, first those that share a word of their name with the module."""
        words = set(Path(file).stem.split("_"))
        beginning = max((beginning for beginning in self._tests if file.startswith(beginning)), key=len)
        paths = [self.clone / test for test in self._tests[beginning]]
        files = [file for path in paths for file in (sorted(path.rglob("test_*.py")) or [path])]
        names = dict.fromkeys(str(file.relative_to(self.clone)) for file in files)
        return sorted(names, key=lambda name: words.isdisjoint(Path(name).stem.split("_")))

    def _first_failing(self, tests: list[str]) -> str | None:
        """`None` when all pass."""
        command = [str(self.clone / ".venv/bin/python"), "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        process = subprocess.Popen(
            command,
            cwd=self.clone,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=self._limit_s)
        except subprocess.TimeoutExpired:
            return HANGS
        finally:
            _end(process)
        if not process.returncode:
            return None
        failed = re.search(r"^(?:FAILED|ERROR) (\S+?(?:\[.*?\])?)(?: - |$)", output, re.MULTILINE)
        return failed[1] if failed else f"exit code {process.returncode}"

    def _set_up(self) -> None:
        """Make the clone's environments, or repair what a mutant broke in them."""
        subprocess.run([sys.executable, "-c", SET_UP], cwd=self.clone, check=True, capture_output=True)


def _end(process: subprocess.Popen[str]) -> None:
    """Let the fixtures end what they started; then end what is left."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
