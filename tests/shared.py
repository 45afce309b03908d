"""What the workers of one run (pytest-xdist) share: folders that are filled once."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.cli.file_lock import file_lock


def shared_folder(tmp_path_factory: pytest.TempPathFactory, name: str, fill: Callable[[Path], object]) -> Path:
    """The folder `name`, filled by the first worker that asks for it; the others wait. Read only afterwards."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, incomplete = base / name, base / f"{name}.incomplete"
    with file_lock(base / f"{name}.lock"):
        if not folder.exists():
            incomplete.mkdir(exist_ok=True)
            fill(incomplete)
            incomplete.rename(folder)
    return folder
