"""The check of the settings alone."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from scripts import check
from scripts.cli.error_handling import ScriptError
from settings.loading import environment_files, load_environments
from tests import fixed_environments
from tests.settings.test_plausible_mistakes import projects, upstreams

ROOT = Path(__file__).parents[2]
HEAVY = ("jsii", "cdktf", "constructs")
_NOT_HEAVY = f"""
import sys
from scripts import check
sys.argv = ["check.py"]
check.main()
sys.exit(f"imported: {{found}}" if (found := {{*{HEAVY}}} & {{*sys.modules}}) else 0)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environments of the tests, to change."""
    for file in environment_files(fixed_environments.ENVIRONMENTS):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(check, "load_environments", partial(load_environments, tmp_path))
    monkeypatch.setattr(check, "environment_files", partial(environment_files, tmp_path))
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["check.py", *words])
    check.main()


@pytest.mark.usefixtures("folder")
def test_valid_settings_have_no_problems(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run(monkeypatch)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "No problems in the settings of dev, prod, staging.\n"


def test_each_problem_is_a_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "dev.toml").write_text('env = "dev"\nlocation = "atlantis"\nkeyless = "yes"\n', encoding="utf-8")
    (folder / "prod.toml").write_text('env = "prod"\nscale.max_replicas = "3"\n', encoding="utf-8")
    with pytest.raises(ScriptError, match=r"^The settings have 3 problems\.$") as failure:
        run(monkeypatch)
    assert failure.value.code == 2
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" = ")[0] for line in lines] == [
        f"{folder / 'dev.toml'}: location",
        f"{folder / 'dev.toml'}: keyless",
        f"{folder / 'prod.toml'}: scale.max_replicas",
    ]


def test_one_environment_is_checked_without_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "dev.toml").write_text('env = "dev"\ntypo = 1\n', encoding="utf-8")
    run(monkeypatch, "--env", "prod")
    assert capsys.readouterr().err == "No problems in the settings of prod.\n"
    with pytest.raises(ScriptError, match="a problem"):
        run(monkeypatch, "--env", "dev")
    with pytest.raises(ScriptError, match=r"There is no environment 'uat' in .*; there are dev, prod, staging"):
        run(monkeypatch, "--env", "uat")


def test_what_does_not_fit_into_a_container_is_a_problem(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each number is allowed, but both together are too much."""
    content = f'env = "dev"\n{upstreams(60)}{projects(60)}'
    (folder / "dev.toml").write_text(content, encoding="utf-8")
    with pytest.raises(ScriptError):
        run(monkeypatch, "--env", "dev")
    assert "the environment of the container gateway is too large" in capsys.readouterr().out


def test_it_is_quick_because_it_leaves_cdktf_alone() -> None:
    """Below 3 s; CPU time, which other processes do not lengthen."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AIGATEWAY_", "COV_"))}
    before = os.times()
    ran = subprocess.run(
        [sys.executable, "-c", _NOT_HEAVY], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    after = os.times()
    assert ran.returncode == 0, ran.stderr
    assert after.children_user + after.children_system - before.children_user - before.children_system < 3
