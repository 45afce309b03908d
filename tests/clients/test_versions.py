"""The page says which versions are run."""

import json
from pathlib import Path

import pytest

from scripts.setup.paths import ROOT

_SOURCE = json.loads(Path(__file__).with_name("package.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("version", [*_SOURCE["devDependencies"].values(), *_SOURCE["optionalDependencies"].values()])
def test_docs_name_the_version_that_is_run(version: str) -> None:
    assert version in (ROOT / "docs/clients.md").read_text(encoding="utf-8")
