"""LiteLLM's start command: LiteLLM as a child process, restarted before its memory reaches the container's limit.

Under load LiteLLM's memory grows, and the system would kill it without notice. The container runs the text of this file
with `python -c`, so it uses the standard library alone, and of LiteLLM its command line:
https://docs.litellm.ai/docs/proxy/cli. If LiteLLM ends by itself, so does this process: the platform restarts it.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

CHECK_S = 1.0
DRAIN_S = 15.0
"""How long the requests that LiteLLM has may take to end. New ones wait in the gateway."""
_FORWARDED = {signal.SIGTERM, signal.SIGINT}
_SIGNALS = {signal.SIGCHLD, *_FORWARDED} if sys.platform == "linux" else set[signal.Signals]()
_PR_SET_PDEATHSIG = 1
_OF_THE_IDENTITY = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET")
"""The platform sets them in every container of an app that has an identity; LiteLLM needs none."""


def main() -> int:
    """Run LiteLLM with the configuration in the environment; return its exit code."""
    if [name for name in _OF_THE_IDENTITY if os.environ.pop(name, None)]:
        # Anew: LiteLLM could read what this process was started with in /proc.
        os.execv(sys.executable, sys.orig_argv)
    file = Path(tempfile.mkdtemp(), "config.yaml")
    file.write_text(os.environ["LITELLM_CONFIG_YAML"], encoding="utf-8")
    command = ("litellm", "--config", str(file))
    if sys.platform != "linux":  # a laptop, which tells less of a process
        os.execvp(command[0], command)
    return supervise(command, max_bytes=int(os.environ["LITELLM_MAX_BYTES"]))


def supervise(command: Sequence[str], *, max_bytes: int) -> int:
    """Run a command until it ends, with a restart whenever its memory is above `max_bytes`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    child = start(command)
    while (code := child.poll()) is None:
        used = resident_bytes(child.pid)
        if used > max_bytes:
            was_killed = stop(child)
            log_restart(megabytes=used // 2**20, was_killed=was_killed)
            child = start(command)
        # After a SIGSTOP that outlasts the time limit, CPython 3.11 returns an arbitrary number.
        elif (received := signal.sigtimedwait(_SIGNALS, CHECK_S)) and received.si_signo in _FORWARDED:
            child.send_signal(received.si_signo)
    return code if code >= 0 else 128 - code


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the command so that it ends with this process, even if this one is killed."""

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    return subprocess.Popen(command, preexec_fn=prepare)


def stop(child: subprocess.Popen[bytes]) -> bool:
    """Stop a process, and return whether it had to be killed."""
    child.terminate()
    try:
        child.wait(DRAIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return True
    return False


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process and its descendants: https://man7.org/linux/man-pages/man5/proc.5.html."""
    process = Path("/proc", str(pid))
    try:
        own = int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        children = [int(child) for file in process.glob("task/*/children") for child in file.read_text().split()]
    except (OSError, IndexError):  # it has ended
        return 0
    return own + sum(map(resident_bytes, children))


def log_restart(*, megabytes: int, was_killed: bool) -> None:
    """Write a line like those of the gateway's log."""
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event": "litellm_restarted",
        "reason": "memory",
        "megabytes": megabytes,
        "was_killed": was_killed,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
