"""Whether an installed folder is complete and up to date: a hash of what it was made from. Standard library only."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

NAME = ".fingerprint"
"""Of a folder with everything in it; a folder may have others."""


def write(folder: Path, *, lock: str, name: str = NAME) -> None:
    """Record that the folder is complete, and made from this lock."""
    (folder / name).write_text(_hash(folder, lock), encoding="utf-8")


def matches(folder: Path, *, lock: str, name: str = NAME) -> bool:
    """Whether the folder is complete, made from this lock, in this place, for this version of Python."""
    path = folder / name
    return path.is_file() and path.read_text(encoding="utf-8") == _hash(folder, lock)


def _hash(folder: Path, lock: str) -> str:
    # The path is part of it: programs of an environment contain their absolute path, and a copied one is broken.
    facts = [lock, str(folder), sys.implementation.name, *(str(part) for part in sys.version_info[:2])]
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()
