"""Environments whose names, counts and choices a test may know, whatever the repository's own have become."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / "tests/environments"
_SYNTHESIZE = """
import pathlib, sys
from main import synthesize
from settings.loading import load_environments
synthesize(load_environments(pathlib.Path(sys.argv[1])), outdir=pathlib.Path(sys.argv[2]))
"""


def synthesize(outdir: Path, *, environ: Mapping[str, str]) -> None:
    """Write their stacks, in a process of its own: jsii is started once in each."""
    command = [sys.executable, "-c", _SYNTHESIZE, str(ENVIRONMENTS), str(outdir)]
    subprocess.run(command, cwd=ROOT, env=environ, check=True)
