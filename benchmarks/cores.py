"""Gives a running process as much of the processor as its container has. Linux only."""

import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks import processes

_CGROUPS = Path("/sys/fs/cgroup/cpu")
_PERIOD_S = 0.1
"""As Kubernetes has it."""


def has_quotas() -> bool:
    """Whether this machine lets us set the kernel's own limit: control groups, version 1, as root."""
    return os.access(_CGROUPS / "cpu.cfs_quota_us", os.W_OK)


@contextmanager
def limited(group: int, cores: float) -> Iterator[None]:
    """Limit a process and its descendants, which share its process group, as a container is limited.

    Source: https://docs.kernel.org/scheduler/sched-bwc.html. Without control groups they are stopped part of the time.
    """
    with _quota(group, cores) if has_quotas() else stopped(group, cores):
        yield


@contextmanager
def stopped(group: int, cores: float) -> Iterator[None]:
    """Stop them for a part of each 100 ms; nothing with a whole core or more.

    A container with a quarter of a core is stopped only when it has used its 25 ms of 100; this is stricter.
    """
    end = threading.Event()

    def alternate() -> None:
        while not end.wait(_PERIOD_S * cores):
            os.killpg(group, signal.SIGSTOP)
            time.sleep(_PERIOD_S * (1 - cores))
            os.killpg(group, signal.SIGCONT)

    thread = threading.Thread(target=alternate if cores < 1 else end.wait)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


@contextmanager
def _quota(group: int, cores: float) -> Iterator[None]:
    folder = _CGROUPS / f"benchmark-{group}"
    folder.mkdir()
    try:
        (folder / "cpu.cfs_period_us").write_text(str(round(_PERIOD_S * 1e6)))
        (folder / "cpu.cfs_quota_us").write_text(str(round(_PERIOD_S * 1e6 * cores)))
        _move(processes.pids(group), folder)
        yield
    finally:
        _move(map(int, (folder / "cgroup.procs").read_text().split()), _CGROUPS)
        folder.rmdir()


def _move(pids: Iterable[int], folder: Path) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # ended meanwhile
            (folder / "cgroup.procs").write_text(str(pid))
