"""A lock on a file between processes. Standard library only."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.cli.log import log


@contextlib.contextmanager
def file_lock(path: Path, *, if_taken: str = "") -> Iterator[None]:
    """Hold the lock; log `if_taken` before waiting for it. It ends with its owner, killed or not. Not on Windows."""
    with path.open("a", encoding="utf-8") as file:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if if_taken:
                    log(if_taken)
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
