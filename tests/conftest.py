"""What all tests share: the synthesized stacks, and one of them running."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.runner.session import Session, run

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the stacks that `main.py` writes, as a user's call writes them."""
    outdir = tmp_path_factory.mktemp("cdktf.out")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AIGATEWAY_")}
    subprocess.run([sys.executable, "main.py"], cwd=ROOT, env={**environ, "CDKTF_OUTDIR": str(outdir)}, check=True)
    return outdir / "stacks"


@pytest.fixture(scope="session")
def session(stacks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The gateway and the real LiteLLM of the dev stack, with the emulator behind them."""
    secrets = tmp_path_factory.mktemp("secrets") / "secrets.json"
    with run(stack=stacks / "aigateway-dev/cdk.tf.json", environ={}, secrets=secrets) as session:
        yield session
