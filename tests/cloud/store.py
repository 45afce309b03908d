"""The state of the stand-ins: JSON files in a folder that an environment variable names.

Imports little, as does all that a stand-in imports: some tests start these programs as processes.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Json = dict[str, Any]
Content = Any  # of a JSON file
FOLDER = "CLOUD_STAND_INS"  # names the variable


def path(name: str) -> str:
    """A file of the folder."""
    return os.path.join(os.environ[FOLDER], name)  # noqa: PTH118 - pathlib is slow to import


def read(name: str) -> Content:
    """The JSON file's content, or None."""
    try:
        with open(path(name), encoding="utf-8") as stream:  # noqa: PTH123
            return json.load(stream)
    except FileNotFoundError:
        return None


def write(name: str, content: object) -> None:
    """Replace the JSON file in one step."""
    new = path(f"{name}.{os.getpid()}")
    with open(new, "w", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write(json.dumps(content))
    os.replace(new, path(name))  # noqa: PTH105


@contextmanager
def lock() -> Iterator[None]:
    """One call after the other."""
    with open(path("lock"), "a", encoding="utf-8") as stream:  # noqa: PTH123
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
