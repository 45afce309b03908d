"""Environments whose names, counts and choices a test may know, whatever the repository's own have become."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from settings.loading import environment_files

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / "tests/environments"
OPTIONAL = (
    ROOT / "tests/gateway/environments/keyless.toml",
    ROOT / "tests/synth/environments/complete.toml",
    ROOT / "tests/synth/environments/existing.toml",
)
"""Those with the parts that settings turn on."""
_SYNTHESIZE = """
import pathlib, sys
from main import synthesize
from settings.loading import load_environment
outdir, *files = map(pathlib.Path, sys.argv[1:])
synthesize([load_environment(file) for file in files], outdir=outdir)
"""


def synthesize(outdir: Path, *, environ: Mapping[str, str], files: Sequence[Path] = ()) -> None:
    """Write their stacks, or those of `files`, in a process of its own: jsii is started once in each."""
    found = files or environment_files(ENVIRONMENTS)
    command = [sys.executable, "-c", _SYNTHESIZE, str(outdir), *map(str, found)]
    subprocess.run(command, cwd=ROOT, env=environ, check=True)
