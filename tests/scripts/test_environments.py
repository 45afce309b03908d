"""The list of environments that workflows make a matrix of."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.cli.error_handling import ScriptError
from scripts.environments import environments
from settings.loading import load_environments

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a runner does: with a Python that has no packages."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "COV_"))}
    return subprocess.run(
        [getattr(sys, "_base_executable", sys.executable), "-S", "scripts/environments.py", *arguments],
        cwd=ROOT,
        env={**inherited, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_they_are_the_settings_own() -> None:
    ran = run()
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == sorted(settings.env for settings in load_environments())


def test_a_workflow_gets_them_as_the_output_of_its_step(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.write_text("earlier=1\n", encoding="utf-8")
    ran = run(GITHUB_OUTPUT=str(output))
    assert output.read_text(encoding="utf-8") == f"earlier=1\nenvironments={ran.stdout}"


def test_an_argument_is_a_mistake() -> None:
    ran = run("dev")
    assert ran.returncode == 2
    assert ran.stdout == ""


def test_a_new_file_is_a_new_environment_and_none_at_all_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="has no file of an environment"):
        environments(tmp_path)
    (tmp_path / "uat.toml").write_text('env = "uat"\n', encoding="utf-8")
    (tmp_path / "dev.toml").write_text('env = "dev"\n', encoding="utf-8")
    assert environments(tmp_path) == ["dev", "uat"]


def make_folder(path: Path) -> None:
    path.mkdir()


def make_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("uat.TOML", Path.touch, r"uat\.TOML: the name must end in \.toml, in lower case"),
        ("x.toml", make_folder, r"x\.toml: must be a file, and is a folder"),
        ("x.toml", make_dangling_link, r"x\.toml: must be a file, and is a link to a file that does not exist"),
    ],
)
def test_what_only_looks_like_an_environment_is_a_message(
    tmp_path: Path, name: str, make: Callable[[Path], None], message: str
) -> None:
    (tmp_path / "dev.toml").touch()
    make(tmp_path / name)
    with pytest.raises(ScriptError, match=message) as failure:
        environments(tmp_path)
    assert failure.value.code == 2
