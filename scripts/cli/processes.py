"""Child processes with progress, which end with this one, and whose last lines are the message when they fail.

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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.setup.paths import ROOT

LAST_LINES = 15
STILL_EVERY_S = 15.0


class Processes:
    """Runs commands, from several threads if need be, and can end all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run(self, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> str:
        """What the command printed, run with `env` on top of ours; `ScriptError` with its last lines if it fails."""
        with self._lock:
            if self._stopped:
                raise ScriptError("stopped")
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
            raise ScriptError(last, code=process.returncode, output=output)
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


def run_in_parallel(jobs: Mapping[str, Callable[[Processes], object]]) -> None:
    """Do the jobs at the same time, showing their names; the first failure ends the others."""
    processes = Processes()
    failures: list[ScriptError] = []

    def do(name: str, job: Callable[[Processes], object]) -> None:
        start = time.monotonic()
        try:
            job(processes)
        except (ScriptError, OSError) as failure:
            failures.append(failure if isinstance(failure, ScriptError) else ScriptError(f"{name}: {failure}"))
            processes.stop()
        else:
            log(f"{name}: {time.monotonic() - start:.1f} s")

    threads = {name: threading.Thread(target=do, args=(name, job), daemon=True) for name, job in jobs.items()}
    try:
        for thread in threads.values():
            thread.start()
        _watch(threads)
    finally:
        processes.stop()
        for thread in threads.values():
            thread.join()
    if failures:
        raise failures[0]


def _watch(threads: Mapping[str, threading.Thread]) -> None:
    start = shown = time.monotonic()
    interval = 0.2 if sys.stderr.isatty() else STILL_EVERY_S
    log(f"{', '.join(threads)} ...", passing=True)
    while any(thread.is_alive() for thread in threads.values()):
        time.sleep(0.05)
        if time.monotonic() - shown > interval:
            shown = time.monotonic()
            busy = ", ".join(name for name, thread in threads.items() if thread.is_alive())
            log(f"{busy} ... {shown - start:.0f} s", passing=True)


def exec_program(command: Sequence[str | Path]) -> NoReturn:
    """Let the command take this process's place; Windows has no such thing, there it is waited for."""
    words = [str(word) for word in command]
    if os.name != "nt":
        os.execv(words[0], words)
    with subprocess.Popen(words) as process:
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C reaches the child as well: it decides
                sys.exit(process.wait())
