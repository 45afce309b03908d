"""What Linux tells of a process in /proc; nowhere else."""

import os
import time
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_GROUP, _USER, _SYSTEM, _STARTED = 2, 11, 12, 19  # counted from the state, the first field after the name


def is_supported() -> bool:
    """Whether this machine tells."""
    return Path(_PROC, "self/stat").exists()


def now() -> float:
    """Seconds since this machine's start, the clock of `started_at`; elsewhere since some other point in time."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def started_at(pid: int) -> float:
    """When it was started, in seconds since this machine's start; exact to a hundredth."""
    return int(_fields(pid)[_STARTED]) / _TICKS


def cpu_s(group: int) -> float:
    """Seconds of processor time that a process and its descendants, which share its process group, have used."""
    return sum(int(ticks) for pid in pids(group) for ticks in _fields(pid)[_USER : _SYSTEM + 1]) / _TICKS


def resident_mb(group: int) -> float:
    """Their resident memory in megabytes."""
    return sum(map(_resident_kb, pids(group))) / 1000


def pids(group: int) -> list[int]:
    """Of a process and its descendants, which share its process group."""
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit() and _is_in(int(entry.name), group)]


def _is_in(pid: int, group: int) -> bool:
    try:
        return int(_fields(pid)[_GROUP]) == group
    except OSError:  # ended meanwhile
        return False


def _resident_kb(pid: int) -> int:
    lines = Path(_PROC, str(pid), "status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def _fields(pid: int) -> list[str]:
    """The fields of `stat` after the name, which may hold spaces.

    https://man7.org/linux/man-pages/man5/proc.5.html
    """
    return Path(_PROC, str(pid), "stat").read_text().rpartition(")")[2].split()
