"""The provider's own rules, without asking Azure."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fixed_environments import ROOT

pytestmark = pytest.mark.provider


def test_the_stacks_of_this_repository_are_valid(provider: Mapping[str, str], terraform: Path, tmp_path: Path) -> None:
    path = os.pathsep.join([str(terraform), os.environ["PATH"]])
    ran = subprocess.run(
        [sys.executable, "scripts/validate.py"],
        cwd=ROOT,
        env={**os.environ, **provider, "PATH": path, "CDKTF_OUTDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count(": valid\n") == len(list((ROOT / "settings/environments").glob("*.toml")))
    assert "warning" not in ran.stdout
