"""The real azure-cli's parser, asked what it thinks of command lines."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.setup.install import program
from scripts.setup.prepare import TOOLS, prepare

PARSER = Path(__file__).with_name("real_az_parser.py")


@pytest.fixture(scope="session")
def real_az(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Asks `tests/cloud/real_az_parser.py`, which imports azure-cli once: that takes seconds."""
    prepare(tools=["azure-cli"])
    config = tmp_path_factory.mktemp("azure")
    with subprocess.Popen(
        [program("python", venv=TOOLS / "azure-cli"), PARSER],
        env={**os.environ, "AZURE_CONFIG_DIR": str(config), "AZURE_CORE_COLLECT_TELEMETRY": "0"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parser:

        def ask(question: object, *, what: str = "objections") -> Any:  # noqa: ANN401 - JSON
            assert parser.stdin
            assert parser.stdout
            parser.stdin.write(json.dumps({what: question}) + "\n")
            parser.stdin.flush()
            return json.loads(parser.stdout.readline())

        yield ask
