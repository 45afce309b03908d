"""`cdktf deploy` and `destroy`, interruptible: Terraform writes its state and releases its lock before this ends.

On a signal the CLI tells Terraform to stop, but exits at once, which closes Terraform's terminal and kills it. So the
CLI runs in a session of its own, which Ctrl-C does not reach, and only Terraform gets SIGINT, once: a second one would
make it exit without cleaning up.
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
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal

from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.setup.paths import ROOT
from scripts.terraform.cdktf import command, environment, placeholders
from scripts.terraform.errors import explain
from scripts.terraform.stacks import Stack

CHILDREN_POLL_S = 0.5
_Verb = Literal["deploy", "destroy"]
_NOUNS: Mapping[_Verb, str] = {"deploy": "deployment", "destroy": "destruction"}
_CLEANUP_FAILED = re.compile("Error releasing the state lock|Failed to (?:save|persist) state", re.IGNORECASE)
_SIGNALS = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if sys.platform != "win32" else [])]


def apply(stack: Stack, *, env: Mapping[str, str]) -> None:
    """Deploy the stack with `env` on top of ours, and show the CLI's output.

    Raises:
        ScriptError: it failed, or was interrupted.
    """
    _run("deploy", stack, env=env, done="deployed, but not tested")


def destroy(stack: Stack) -> None:
    """Destroy what is in the stack's state, and show the CLI's output; no secret is needed.

    Raises:
        ScriptError: it failed, or was interrupted.
    """
    _run("destroy", stack, env=placeholders(stack), done="no longer in Azure; what is left is not removed")


def _run(verb: _Verb, stack: Stack, *, env: Mapping[str, str], done: str) -> None:
    lines: list[str] = []
    with _interrupting_terraform() as interruption:
        process = subprocess.Popen(
            [str(word) for word in command(verb, stack, "--auto-approve")],
            cwd=ROOT,
            env={**os.environ, **environment(), **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        interruption.process.set_result(process)
        with process:
            for line in process.stdout or ():
                lines.append(line)
                with contextlib.suppress(OSError):  # the terminal was closed
                    sys.stderr.write(line)
                    sys.stderr.flush()
    if interruption.signal:
        message = interruption_message(stack.env, process.returncode, "".join(lines), done=done)
        raise ScriptError(message, code=128 + interruption.signal)
    if process.returncode:
        why = explain("".join(lines), env=stack.env, folder=stack.folder)
        raise ScriptError(
            f"The {_NOUNS[verb]} of {stack.env} failed.\n\n{why}\n\n"
            "The state contains what was done before. Correct the cause and run the same command again."
        )


def interruption_message(env: str, code: int, output: str, *, done: str) -> str:
    """What to tell after an interruption, from the exit code and the output of the CLI; `done` is what it would do."""
    if code == 0:
        return f"Interrupted after Terraform had finished: {env} is {done}."
    if failed := _CLEANUP_FAILED.search(output):
        return f"Interrupted, and Terraform could not clean up: {failed[0]}. Its output above says what to do."
    return (
        f"Interrupted. The state of {env} contains what was done before, and its lock is released.\n"
        "Run the same command again to continue."
    )


@dataclass
class _Interruption:
    """The first signal, if one has come, and the CLI, once it is started."""

    signal: int = 0
    process: Future[subprocess.Popen[str]] = field(default_factory=Future)


@contextlib.contextmanager
def _interrupting_terraform() -> Iterator[_Interruption]:
    """Pass the first signal on to Terraform, also one that comes while the CLI starts."""
    interruption = _Interruption()

    def interrupt(number: int, _frame: object) -> None:
        if interruption.signal:
            log("Still waiting for Terraform to write its state and release its lock.")
            return
        interruption.signal = number
        log("Interrupting: Terraform finishes the running operations. This can take minutes; the state stays locked.")
        threading.Thread(target=_interrupt_children, args=(interruption.process,), daemon=True).start()

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt_children(started: Future[subprocess.Popen[str]]) -> None:
    """Send SIGINT to each child process of the CLI once, until the CLI ends."""
    process = started.result()
    interrupted: set[int] = set()
    never = threading.Event()
    while process.poll() is None:
        for child in _children(process.pid) - interrupted:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGINT)
            interrupted.add(child)
        never.wait(CHILDREN_POLL_S)


def _children(parent: int) -> set[int]:
    try:
        listed = subprocess.check_output(["ps", "-A", "-o", "pid=,ppid="], text=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return set()  # without `ps`, wait until Terraform has finished
    pairs = (line.split() for line in listed.splitlines())
    return {int(pid) for pid, ppid in pairs if int(ppid) == parent}
