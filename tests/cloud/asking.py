"""The real azure-cli, asked what it thinks of command lines."""

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from scripts.setup.environment import TOOLS, prepare
from scripts.setup.install import program
from tests.cloud.stand_ins import ROOT


@pytest.fixture(scope="module")
def real_az(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Asks `tests/cloud/real_az.py` in the real azure-cli's environment."""
    prepare(tools=["azure-cli"])
    config = tmp_path_factory.mktemp("azure")

    def ask(question: object, *words: str) -> Any:  # noqa: ANN401 - JSON
        ran = subprocess.run(
            [program("python", environment=TOOLS / "azure-cli"), ROOT / "tests/cloud/real_az.py", *words],
            input=json.dumps(question),
            env={**os.environ, "AZURE_CONFIG_DIR": str(config), "AZURE_CORE_COLLECT_TELEMETRY": "0"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return ask
