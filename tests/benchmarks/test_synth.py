"""The plain CDKTF app is a fair opponent of `main.py`."""

import shutil
from pathlib import Path

import pytest

from benchmarks import synth
from benchmarks.errors import BenchmarkError
from benchmarks.stacks import synthesize


@pytest.mark.full
def test_both_write_the_same(stacks: Path, tmp_path: Path) -> None:
    synthesize(synth.PLAIN, outdir=tmp_path)
    synth.check_same(stacks.parent, tmp_path)


def test_a_stack_that_only_one_of_them_writes_is_refused(stacks: Path, tmp_path: Path) -> None:
    shutil.copytree(stacks / "aigateway-dev", tmp_path / "stacks/aigateway-dev")
    with pytest.raises(BenchmarkError, match="aigateway-prod"):
        synth.check_same(stacks.parent, tmp_path)


def test_an_app_that_fails_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="No module named"):
        synthesize(("-m", "benchmarks.missing"), outdir=tmp_path)
