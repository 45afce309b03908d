"""Stacks for tests that need gateways of their own."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]
ENVIRONMENTS = ROOT / "tests/gateway/environments"
_SYNTHESIZE = """
import pathlib, sys
from main import synthesize
from settings.loading import load_environment
synthesize([load_environment(pathlib.Path(sys.argv[1]))], outdir=pathlib.Path(sys.argv[2]))
"""


def stack_of(name: str, *, outdir: Path, environ: Mapping[str, str], **settings: object) -> Path:
    """Synthesize one of `tests/gateway/environments`, some of its settings overridden, as in `timeouts__total_s=9`."""
    overrides = {f"AIGATEWAY_{setting.upper()}": str(value) for setting, value in settings.items()}
    command = [sys.executable, "-c", _SYNTHESIZE, str(ENVIRONMENTS / f"{name}.toml"), str(outdir)]
    subprocess.run(command, cwd=ROOT, env={**environ, **overrides}, check=True)
    return outdir / f"stacks/aigateway-{name}/cdk.tf.json"
