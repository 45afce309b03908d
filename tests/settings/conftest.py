"""Files of settings in a folder of their own, and an environment without variables of ours."""

import os
from pathlib import Path
from typing import Protocol

import hypothesis
import pytest

# A busy machine is no failure, and what was found belongs into a test of its own, not into a folder here.
hypothesis.settings.register_profile("settings", deadline=None, database=None)
hypothesis.settings.load_profile("settings")


class WriteFile(Protocol):
    def __call__(self, content: str, name: str = ...) -> Path: ...


@pytest.fixture
def write(tmp_path: Path) -> WriteFile:
    def write_file(content: str, name: str = "dev.toml") -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write_file


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("AIGATEWAY_"):
            monkeypatch.delenv(name)
