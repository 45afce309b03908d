"""A stamp in a folder, written when all of it is there: what it was made from. Standard library only."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

NAME = ".stamp"


def put(folder: Path, *, lock: str) -> None:
    """Say that the folder is complete, and made from this lock."""
    (folder / NAME).write_text(_key(folder, lock), encoding="utf-8")


def fits(folder: Path, *, lock: str) -> bool:
    """Whether the folder is complete, made from this lock, in this place, for this version of Python."""
    path = folder / NAME
    return path.is_file() and path.read_text(encoding="utf-8") == _key(folder, lock)


def _key(folder: Path, lock: str) -> str:
    # The place is part of it: programs in an environment know their absolute path, and a copied one is broken.
    facts = [lock, str(folder), sys.implementation.name, *(str(part) for part in sys.version_info[:2])]
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()
