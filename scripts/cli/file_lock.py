"""A lock on a file between processes. Standard library only."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.cli.log import log


@contextlib.contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Wait for whoever is within; the system lets go of the lock even when its owner is killed. Not on Windows."""
    with path.open("a", encoding="utf-8") as file:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log("Another setup of this folder is at work; waiting for it.")
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
