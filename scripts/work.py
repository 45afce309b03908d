"""Child processes that are shown while they work, end with this one, and explain themselves when they fail.

Standard library only, and readable to an old Python: it runs before there is an environment.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
LAST_LINES = 15
STILL_EVERY_S = 15.0


class Failed(Exception):  # noqa: N818 - it ends the program with a message; nobody looks for an error class
    """`str()` of it is all that the person needs to read; `code` is the exit code, `output` what a command printed."""

    def __init__(self, message: str, *, code: int = 1, output: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.output = output


class Work:
    """Runs commands, from several threads if need be, and can end all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run(self, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> str:
        """What the command printed, run with `env` on top of ours; `Failed` with its last lines if it fails."""
        with self._lock:
            if self._stopped:
                raise Failed("stopped")
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=str(ROOT),
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                universal_newlines=True,
                errors="replace",
                # A group of its own: whatever the command starts can be ended with it.
                start_new_session=os.name != "nt",
            )
            self._running.add(process)
        output, _ = process.communicate()
        with self._lock:
            self._running.discard(process)
        if process.returncode:
            last = "\n".join(output.strip().splitlines()[-LAST_LINES:])
            raise Failed(last, code=process.returncode, output=output)
        return output

    def stop(self) -> None:
        """End what runs; nothing starts any more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                with contextlib.suppress(OSError):
                    if os.name == "nt":
                        process.kill()
                    else:
                        os.killpg(process.pid, signal.SIGKILL)


def together(jobs: Mapping[str, Callable[[Work], object]]) -> None:
    """Do the jobs at the same time, showing their names; the first failure ends the others."""
    work = Work()
    failures: list[Failed] = []

    def do(name: str, job: Callable[[Work], object]) -> None:
        start = time.monotonic()
        try:
            job(work)
        except (Failed, OSError) as failure:
            failures.append(failure if isinstance(failure, Failed) else Failed(f"{name}: {failure}"))
            work.stop()
        else:
            say(f"{name}: {time.monotonic() - start:.1f} s")

    threads = {name: threading.Thread(target=do, args=(name, job), daemon=True) for name, job in jobs.items()}
    try:
        for thread in threads.values():
            thread.start()
        _watch(threads)
    finally:
        work.stop()
        for thread in threads.values():
            thread.join()
    if failures:
        raise failures[0]


def _watch(threads: Mapping[str, threading.Thread]) -> None:
    start = shown = time.monotonic()
    interval = 0.2 if sys.stderr.isatty() else STILL_EVERY_S
    say(f"{', '.join(threads)} ...", passing=True)
    while any(thread.is_alive() for thread in threads.values()):
        time.sleep(0.05)
        if time.monotonic() - shown > interval:
            shown = time.monotonic()
            busy = ", ".join(name for name, thread in threads.items() if thread.is_alive())
            say(f"{busy} ... {shown - start:.0f} s", passing=True)


def say(text: str, *, passing: bool = False) -> None:
    """A line about the progress, on stderr; on a terminal the next one takes the place of a `passing` one."""
    if not sys.stderr.isatty():
        sys.stderr.write(f"{text}\n")
    elif passing:
        sys.stderr.write(f"\r\x1b[K{text}")
    else:
        sys.stderr.write(f"\r\x1b[K{text}\n")
    sys.stderr.flush()


def become(command: Sequence[str | Path]) -> NoReturn:
    """Let the command take this process's place; Windows has no such thing, there it is waited for."""
    words = [str(word) for word in command]
    os.chdir(str(ROOT))
    if os.name != "nt":
        os.execv(words[0], words)
    with subprocess.Popen(words) as process:
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C reaches the child as well: it decides
                sys.exit(process.wait())


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait for whoever is within; the system lets go of the lock even when its owner is killed. Not on Windows."""
    with path.open("a", encoding="utf-8") as file:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Another setup of this folder is at work; waiting for it.")
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def manners() -> Iterator[None]:
    """A message instead of a traceback; Ctrl-C is exit code 130, SIGTERM 143, Ctrl-D at a question 1."""

    def leave(number: int, _frame: object) -> NoReturn:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    except KeyboardInterrupt:
        say("Stopped.")
        sys.exit(130)
    except EOFError:  # of input() and getpass alone; their question still stands on the line
        say("\nStopped: the question was not answered.")
        sys.exit(1)
    except Failed as failure:
        say(str(failure))
        sys.exit(failure.code)
