"""What tests share: folders that all workers of a run (pytest-xdist) use, and installed environments in clones."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.cli.file_lock import file_lock
from scripts.setup import fingerprint
from scripts.setup.paths import ROOT


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


def link_environment(name: str, *, clone: Path, lock: str) -> None:
    """Link an installed environment of this repository into the clone, part by part: a fingerprint is per folder."""
    folder = clone / name
    folder.mkdir(parents=True)
    for part in (ROOT / name).iterdir():
        if not part.name.startswith(fingerprint.NAME):
            (folder / part.name).symlink_to(part)
    fingerprint.write(folder, lock=lock)
