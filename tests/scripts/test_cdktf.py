"""The pinned CLI, and what comes before it."""

import os
import subprocess
from pathlib import Path

from tests.scripts.conftest import PYTHON

ROOT = Path(__file__).parents[2]


def cdktf(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a person would, from another folder and with a Python that has no packages."""
    command = [PYTHON, "../scripts/cdktf.py", *arguments]
    return subprocess.run(
        command,
        cwd=ROOT / "docs",
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def test_it_is_the_pinned_cli() -> None:
    ran = cdktf("--version")
    assert ran.returncode == 0
    assert "0.21.0" in ran.stdout.splitlines()


def test_a_mistake_in_the_settings_is_the_message_alone_and_exit_code_2() -> None:
    ran = cdktf("synth", AIGATEWAY_SCALE__MAX_REPLICAS="0")
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert "scale.max_replicas" in ran.stderr
    assert "ERROR" not in ran.stderr
    assert "Traceback" not in ran.stderr
