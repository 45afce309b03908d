"""Child processes that end with this one."""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from local.runner.errors import RunnerError

_GRACE_S = 5.0
_PR_SET_PDEATHSIG = 1
_CHILD_KILLED = 137
"""The exit code of LiteLLM's start command when LiteLLM was killed (128 and SIGKILL)."""
_PASSED_ON = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "SSL_CERT_FILE")


@dataclass(frozen=True)
class Process:
    """A running program, and the file that takes what it prints."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def check(self) -> None:
        """Raise RunnerError with its last lines when it has ended."""
        code = self.popen.poll()
        if code is not None:
            last = "\n".join(self.output().splitlines()[-15:])
            raise RunnerError(f"{self.name} {_describe_end(code)} Its last lines:\n{last}")


def _describe_end(code: int) -> str:
    """How a process with this return code ended; negative ones are signals."""
    if code >= 0 and code != _CHILD_KILLED:
        return f"ended with exit code {code}."
    if code < 0 and (name := signal.Signals(-code).name) != "SIGKILL":
        return f"was stopped by the signal {name}."
    return (
        "was killed (SIGKILL). The system usually does that when memory runs out; LiteLLM needs about 0.4 GB. "
        "Close other programs, then start the gateway again."
    )


@contextmanager
def start(
    name: str, command: Sequence[str], *, env: Mapping[str, str], programs: Path | None = None
) -> Iterator[Process]:
    """Run a command in a folder of its own, with the few variables of ours that it needs to start; stop it afterwards.

    `programs` comes first on its PATH, as the image's folder of programs would be the first one in the container.
    """
    inherited = {variable: os.environ[variable] for variable in _PASSED_ON if variable in os.environ}
    path = inherited.get("PATH", os.defpath)
    if programs is not None:
        path = f"{programs}{os.pathsep}{path}"
    program = _find(command[0], programs)
    with tempfile.TemporaryDirectory(prefix=f"{name}-", ignore_cleanup_errors=True) as folder:
        log = Path(folder, "output.log")
        home = {"PATH": path, "HOME": folder, "TMPDIR": folder, "TEMP": folder, "PYTHONUNBUFFERED": "1"}
        popen = None
        try:
            with log.open("wb") as stream, signals_deferred():
                popen = subprocess.Popen(
                    [program, *command[1:]],
                    env={**inherited, **home, **env},
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    # A group of its own: Ctrl-C reaches us alone, and we stop it with whatever it has started.
                    start_new_session=True,
                    preexec_fn=_end_with_parent if sys.platform == "linux" else None,
                )
            yield Process(name, popen, log)
        finally:
            if popen is not None:
                _stop(popen)


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Let Ctrl-C wait for the end of the block: a process that has just been started would be left running."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda number, _frame: waiting.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for number in waiting:
        signal.raise_signal(number)


def _end_with_parent() -> None:
    """On Linux: nothing is left running even if this process is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _find(program: str, programs: Path | None) -> str:
    if programs is None:
        return program
    for candidate in (programs / program, programs / f"{program}.exe"):
        if candidate.exists():
            return str(candidate)
    raise RunnerError(f"There is no `{program}` in {programs}. Delete {programs.parent} and run scripts/up.py again.")


def _stop(popen: subprocess.Popen[bytes]) -> None:
    _signal(popen, signal.SIGTERM)
    try:
        popen.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _signal(popen, getattr(signal, "SIGKILL", signal.SIGTERM))
        popen.wait()


def _signal(popen: subprocess.Popen[bytes], number: int) -> None:
    if os.name == "nt":
        popen.terminate()
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(popen.pid, number)
