"""Travels into the profiled process, in front of its start command, and notes what runs, in turns of processor time.

On SIGUSR1 it writes what it has seen to the file of BENCHMARK_SAMPLES, as JSON, and begins anew. Standard library only.
"""

import json
import os
import signal
from collections import Counter
from pathlib import Path
from types import FrameType

_EVERY_S = 0.002
_OURS = "gateway.runtime."

_running: Counter[str] = Counter()
"""By the module whose code ran, be it Python's or what it had called in C."""
_asking: Counter[str] = Counter()
"""By the innermost of our own modules that was waiting for it; "" when none was."""


def _sample(_number: int, frame: FrameType | None) -> None:
    name = str(frame.f_globals.get("__name__")) if frame else ""
    _running[name] += 1
    while frame and not name.startswith(_OURS):
        frame = frame.f_back
        name = str(frame.f_globals.get("__name__")) if frame else ""
    _asking[name] += 1


def _write(_number: int, _frame: FrameType | None) -> None:
    file = Path(os.environ["BENCHMARK_SAMPLES"])
    new = file.with_suffix(".new")
    new.write_text(json.dumps({"running": _running, "asking": _asking}), encoding="utf-8")
    new.replace(file)
    _running.clear()
    _asking.clear()


def begin() -> None:
    """Watch this process until it ends."""
    signal.signal(signal.SIGPROF, _sample)
    signal.signal(signal.SIGUSR1, _write)
    signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)
