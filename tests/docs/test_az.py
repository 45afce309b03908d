"""Every `az` line in the documents is one that the real azure-cli understands."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.environment import TOOLS, prepare
from scripts.install import program
from tests.docs.pages import ROOT, commands, pages, read

LINE = re.compile(r"(?:^|\$\()az ([a-z].*?)(?:\)\")?$")

pytestmark = pytest.mark.slow


def lines() -> Iterator[list[str]]:
    """Those with options; in running text a command often stands without what it needs."""
    for page in pages():
        for command in commands(read(page)):
            for found in LINE.findall(command):
                words = shlex.split(found.partition(" | ")[0])
                if any(word.startswith("--") for word in words):
                    yield words


def test_az_takes_every_line(tmp_path: Path) -> None:
    prepare(tools=["azure-cli"])
    shown = list(lines())
    assert len(shown) > 10
    ran = subprocess.run(
        [program("python", environment=TOOLS / "azure-cli"), ROOT / "tests/cloud/real_az.py"],
        input=json.dumps(shown),
        env={**os.environ, "AZURE_CONFIG_DIR": str(tmp_path), "AZURE_CORE_COLLECT_TELEMETRY": "0"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    answers = json.loads(ran.stdout)
    assert not [(words, said) for words, said in zip(shown, answers, strict=True) if said]
