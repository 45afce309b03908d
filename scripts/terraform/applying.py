"""`cdktf deploy`, from which Terraform comes back in order even when somebody stops it.

Told to stop, the CLI tells Terraform, but leaves at once: Terraform's terminal hangs up and kills it before it has
written its state and freed the lock. So the CLI runs in a session of its own, which no Ctrl-C reaches, and Terraform
alone is told, once: a second interrupt would make it leave everything as it is.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping

from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.setup.paths import ROOT
from scripts.terraform.cli import command, environment
from scripts.terraform.explanations import explained
from scripts.terraform.stacks import Stack

ASK_EVERY_S = 0.5
_UNKEPT = re.compile("Error releasing the state lock|Failed to (?:save|persist) state", re.IGNORECASE)
_SIGNALS = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if sys.platform != "win32" else [])]


def apply(stack: Stack, *, env: Mapping[str, str]) -> None:
    """Deploy it with `env` on top of ours, showing what the CLI says.

    Raises:
        ScriptError: what went wrong, or that it was stopped.
    """
    process = subprocess.Popen(
        [str(word) for word in command("deploy", stack, "--auto-approve")],
        cwd=ROOT,
        env={**os.environ, **environment(), **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    lines: list[str] = []
    with process, _stopping(process) as stopped_by:
        for line in process.stdout or ():
            lines.append(line)
            with contextlib.suppress(OSError):  # a terminal that was closed
                sys.stderr.write(line)
                sys.stderr.flush()
    if stopped_by:
        raise ScriptError(_stopped(stack, process.returncode, "".join(lines)), code=128 + stopped_by[0])
    if process.returncode:
        why = explained("".join(lines), env=stack.env, folder=stack.folder)
        raise ScriptError(
            f"The deployment of {stack.env} failed.\n\n{why}\n\n"
            "What it did before that is in its state: run the same command again once the reason is gone."
        )


def _stopped(stack: Stack, code: int, output: str) -> str:
    if code == 0:
        return f"Stopped after Terraform had finished: {stack.env} is deployed, and not tested."
    if unkept := _UNKEPT.search(output):
        return f"Stopped, but not in order: {unkept[0]}. Terraform says above what to do."
    return (
        f"Stopped. What Terraform had done to {stack.env} is in its state, and the lock is free again.\n"
        "The same command goes on from there."
    )


@contextlib.contextmanager
def _stopping(process: subprocess.Popen[str]) -> Iterator[list[int]]:
    """Within it, Ctrl-C and the like reach Terraform alone; the list says which came, if one did."""
    came: list[int] = []

    def stop(number: int, _frame: object) -> None:
        if came:
            log("Still waiting for Terraform, which writes its state and frees its lock.")
            return
        came.append(number)
        log("Stopping: Terraform finishes what it has begun. This can take minutes; the state stays locked until then.")
        threading.Thread(target=_tell_terraform, args=(process,), daemon=True).start()

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell_terraform(process: subprocess.Popen[str]) -> None:
    """Interrupt what the CLI runs, each of its processes once, until the CLI ends."""
    told: set[int] = set()
    ended = threading.Event()
    while process.poll() is None:
        for child in _children(process.pid) - told:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGINT)
            told.add(child)
        ended.wait(ASK_EVERY_S)


def _children(parent: int) -> set[int]:
    try:
        listed = subprocess.check_output(["ps", "-A", "-o", "pid=,ppid="], text=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return set()  # then it is waited for
    pairs = (line.split() for line in listed.splitlines())
    return {int(pid) for pid, ppid in pairs if int(ppid) == parent}
