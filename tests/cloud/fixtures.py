"""The fixture `cloud`: Azure and GitHub of one test, whose scripts call stand-ins of `az` and `gh`.

A folder's conftest names it for its tests: `from tests.cloud.fixtures import cloud`, in `__all__`.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import pytest

from scripts.cli import command_line
from scripts.cli.error_handling import error_handling
from scripts.setup.install import shebang
from tests.cloud import stand_in, store
from tests.cloud.az.azure import new as new_azure
from tests.cloud.az.program import run as run_az
from tests.cloud.gh.github import new as new_github
from tests.cloud.gh.program import run as run_gh

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS: dict[str, stand_in.Run] = {"az": run_az, "gh": run_gh}
Program = Literal["az", "gh"]
# What else scripts start; linked by name, so that an az or gh of this machine is never found beside them.
TOOLS = ("git", "python3", "sh", "bash", "env", "uname")
# The caller's own logins and settings stay outside.
FOREIGN = ("AIGATEWAY_", "ARM_", "AZURE_", "GH_", "GITHUB_", "TF_", "TFSTATE_", "GATEWAY_", "CDKTF_", "RUNNER_")
SCRIPT_TIMEOUT_S = 120


@dataclass(frozen=True)
class Ran:
    """How a script ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Call:
    """One call of a stand-in."""

    program: str
    words: list[str]
    changes: bool
    code: int


class Terminal(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        """That it is one."""
        return True


class Cloud:
    """Azure and GitHub of one test."""

    def __init__(self, folder: Path, *, stacks: Path | None = None) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        self.environ |= {
            "PATH": os.pathsep.join([str(self.bin), str(folder / "tools")]),
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            store.FOLDER: str(folder),
        }
        if stacks is not None:
            self.environ["CDKTF_OUTDIR"] = str(stacks.parent)
        for name in ("bin", "tools"):
            (folder / name).mkdir()
        for tool in TOOLS:
            if found := shutil.which(tool):
                (folder / "tools" / tool).symlink_to(found)
        for name in PROGRAMS:
            put(self.bin / name, module=f"tests.cloud.{name}.program")

    def run(self, *words: str | Path, env: dict[str, str] | None = None, stdin: str = "", cwd: Path = ROOT) -> Ran:
        """Run a script of the checkout as a process: `run("scripts/bootstrap.py", "state")`."""
        ran = subprocess.run(
            [sys.executable, *words],
            cwd=cwd,
            env={**self.environ, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SCRIPT_TIMEOUT_S,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def call(
        self, main: Callable[[], None], *words: str, env: dict[str, str] | None = None, typed: str | None = None
    ) -> Ran:
        """Run a script's `main` in this process, fifty times as fast; the stand-ins are called here, too.

        `typed` is what a person types at a terminal; without it there is none. A killed script ends at the stand-in's
        call; only its `finally` clauses run.
        """
        out, err, code = io.StringIO(), io.StringIO(), 0
        handler = signal.getsignal(signal.SIGTERM)
        with (
            patch.dict(os.environ, {**self.environ, **(env or {})}, clear=True),
            patch.object(sys, "argv", [main.__module__, *words]),
            patch.object(sys, "stdin", io.StringIO() if typed is None else Terminal(typed)),
            patch.object(command_line, "run_program", _answered),
            patch.object(command_line, "sleep", lambda _: None),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                with error_handling():
                    main()
            except SystemExit as end:
                code = int(end.code or 0)
            except stand_in.ScriptKilled:
                code = -signal.SIGKILL
            finally:
                signal.signal(signal.SIGTERM, handler)
        return Ran(code, out.getvalue(), err.getvalue())

    def without(self, program: Program) -> None:
        """Take it off PATH."""
        (self.bin / program).unlink()

    def state(self, program: Program = "az") -> dict[str, Any]:
        """The state of Azure or GitHub."""
        path = self.folder / f"{program}.json"
        if not path.exists():
            return new_azure() if program == "az" else new_github()
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content

    @contextmanager
    def edit(self, program: Program = "az") -> Iterator[dict[str, Any]]:
        """Change the state before a script runs."""
        state = self.state(program)
        yield state
        self.restore(state, program)

    def restore(self, state: dict[str, Any], program: Program = "az") -> None:
        """Put back what `state()` gave."""
        (self.folder / f"{program}.json").write_text(json.dumps(state), encoding="utf-8")

    def kill(self, *, change: int, when: Literal["before", "after"]) -> None:
        """Kill the script at the change of that number (from 1), before or after it took effect."""
        (self.folder / "kill.json").write_text(json.dumps({"change": change, "when": when}), encoding="utf-8")

    @property
    def has_killed(self) -> bool:
        """Whether the requested kill has happened."""
        return not (self.folder / "kill.json").exists()

    def fail(self, command: str, *, message: str, code: str = "", program: Program = "az", times: int = 1) -> None:
        """Let calls that begin with the command fail so many times."""
        path = self.folder / "failures.json"
        failures = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        failure = {"program": program, "command": command, "code": code, "message": message, "times": times}
        path.write_text(json.dumps([*failures, failure]), encoding="utf-8")

    def calls(self, program: Program | None = None) -> list[Call]:
        """Every call since the last `forget_calls`."""
        path = self.folder / "calls.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        calls = [Call(**json.loads(line)) for line in lines]
        return [call for call in calls if program in {None, call.program}]

    def changes(self, program: Program | None = None) -> list[Call]:
        """Those that changed something."""
        return [call for call in self.calls(program) if call.changes]

    def forget_calls(self) -> None:
        """Begin a new record."""
        (self.folder / "calls.jsonl").unlink(missing_ok=True)

    @property
    def secrets(self) -> list[str]:
        """Every secret that a stand-in was handed."""
        path = self.folder / "secrets.json"
        return list(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else []


def _answered(
    command: Sequence[str],
    *,
    stdin: str,
    timeout_s: float | None,  # noqa: ARG001 - the answer is there at once
) -> subprocess.CompletedProcess[str]:
    """What the stand-in answers, without a process."""
    path, *words = command
    with patch.object(sys, "stdin", io.StringIO(stdin)):
        code, out, err = stand_in.call(Path(path).name, words, PROGRAMS[Path(path).name])
    return subprocess.CompletedProcess(command, code, out, err)


def put(path: Path, *, module: str) -> None:
    """A program as quick to start as Python can be."""
    program = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom {module} import main\nmain()\n"
    path.write_text(f"{shebang(sys.executable, '-IS')}{program}", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def cloud(tmp_path: Path, known_stacks: Path) -> Cloud:
    """An empty subscription, its owner logged in, the stacks of tests/environments."""
    folder = tmp_path / "cloud"
    folder.mkdir()
    return Cloud(folder, stacks=known_stacks)
