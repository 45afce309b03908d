"""Files of settings in a folder of their own, and an environment without variables of ours."""

import os
from pathlib import Path
from typing import Protocol

import pytest

from settings.environment import EnvironmentSettings
from settings.errors import SettingsError
from settings.loading import load_environment


class WriteFile(Protocol):
    def __call__(self, content: str, name: str = ...) -> Path: ...


class Refuses(Protocol):
    def __call__(self, content: str, *, field: str, value: str, allowed: str) -> None: ...


@pytest.fixture
def write(tmp_path: Path) -> WriteFile:
    def write_file(content: str, name: str = "dev.toml") -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def refuses(write: WriteFile) -> Refuses:
    """Asserts that dev.toml with this content has one mistake, told as it must be.

    `allowed` is a pattern; an empty `value` is one that is not shown.
    """

    def load(content: str, *, field: str, value: str, allowed: str) -> None:
        file = write(f'env = "dev"\n{content}\n')
        with pytest.raises(SettingsError, match=allowed) as refusal:
            load_environment(file)
        (mistake,) = refusal.value.mistakes
        assert mistake.startswith(f"{file}: {field} = {value}" if value else f"{file}: {field}: ")

    return load


class Dev:
    """dev.toml with a scale of its own."""

    def __init__(self, write: WriteFile) -> None:
        self.file = write('env = "dev"\n[scale]\nmin_replicas = 0\nmax_replicas = 2\n')

    def load(self) -> EnvironmentSettings:
        return load_environment(self.file)

    def mistakes(self) -> tuple[str, ...]:
        with pytest.raises(SettingsError) as refusal:
            self.load()
        return refusal.value.mistakes


@pytest.fixture
def dev(write: WriteFile) -> Dev:
    return Dev(write)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("AIGATEWAY_"):
            monkeypatch.delenv(name)
