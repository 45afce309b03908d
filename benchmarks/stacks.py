"""The stack that is measured: environments/full.toml, synthesized as `main.py` does, with a benchmark's own values."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.node_packages import NODE, ROOT

_ENVIRONMENT = Path(__file__).parent / "environments/full.toml"
# In a process of its own: the benchmarks know the project by its JSON alone.
_PROGRAM = """
import pathlib, sys
from main import synthesize
from settings.loading import load_environment
synthesize([load_environment(pathlib.Path(sys.argv[1]))])
"""


class Stacks:
    """Synthesizes into folders beneath `folder`, once for each set of overrides."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[tuple[str, str], ...], Path] = {}

    def get(self, overrides: Mapping[str, str] | None = None) -> Path:
        """The file of the stack; `overrides` are variables that settings understand, without their prefix.

        Raises:
            BenchmarkError: the synthesis failed.
        """
        key = tuple(sorted((overrides or {}).items()))
        if key not in self._made:
            outdir = self._folder / str(len(self._made))
            variables = {f"AIGATEWAY_{name}": value for name, value in key}
            synthesize(("-c", _PROGRAM, str(_ENVIRONMENT)), outdir=outdir, variables=variables)
            self._made[key] = outdir / "stacks/aigateway-full/cdk.tf.json"
        return self._made[key]


def synthesize(command: Sequence[str], *, outdir: Path, variables: Mapping[str, str] | None = None) -> float:
    """Run a CDKTF app as a process, with these variables of settings and no others; return its seconds.

    Raises:
        BenchmarkError: it failed.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AIGATEWAY_")}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling the bindings anew each time is not what is measured
    environ |= {"CDKTF_OUTDIR": str(outdir), "JSII_NODE": environ.get("JSII_NODE", str(NODE)), **(variables or {})}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise BenchmarkError(f"`python {' '.join(command)}` failed:\n{done.stderr[-2000:]}")
    return seconds
