"""zizmor and actionlint as scripts/test.py runs them: content with the workflows, and not with worse ones."""

import shutil
import subprocess
from pathlib import Path

import pytest

from scripts import test
from scripts.setup.prepare import prepare, tool
from tests.workflows.files import FOLDER

INJECTED = "run: echo ${{ github.event.pull_request.title }}"


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    """Both, made if they are missing."""
    prepare(tools=["zizmor", "actionlint"])


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A repository with nothing but the workflows."""
    (tmp_path / ".git").mkdir()
    shutil.copytree(FOLDER, tmp_path / ".github")
    return tmp_path


def zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    """As in scripts/test.py."""
    return subprocess.run([tool("zizmor"), *test.ZIZMOR, ".github"], cwd=folder, capture_output=True, text=True)


def actionlint(folder: Path) -> subprocess.CompletedProcess[str]:
    """As in scripts/test.py."""
    return subprocess.run([tool("actionlint"), *test.ACTIONLINT], cwd=folder, capture_output=True, text=True)


def spoil(copy: Path, workflow: str, old: str, new: str) -> None:
    """Make it worse."""
    path = copy / f".github/workflows/{workflow}.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_both_are_content(copy: Path) -> None:
    for ran in (zizmor(copy), actionlint(copy)):
        assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("workflow", "old", "new", "audit"),
    [
        ("plan", "run: python3 scripts/environments.py", INJECTED, "template-injection"),
        ("ci", "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
        ("deploy", "persist-credentials: false", "fetch-depth: 1", "artipacked"),
        ("deploy", "permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("drift", "    name: Environments\n", "", "anonymous-definition"),
    ],
)
def test_zizmor_finds_what_is_dangerous(copy: Path, workflow: str, old: str, new: str, audit: str) -> None:
    spoil(copy, workflow, old, new)
    ran = zizmor(copy)
    assert ran.returncode != 0
    assert f"[{audit}]" in ran.stdout


@pytest.mark.parametrize(
    ("workflow", "old", "new", "message"),
    [
        ("drift", "needs: environments", "needs: environment", "needs job"),
        ("plan", "matrix.environment", "matrix.env", "is not defined"),
        ("rotate", "type: choice", "type: chocie", "chocie"),
    ],
)
def test_actionlint_finds_what_cannot_work(copy: Path, workflow: str, old: str, new: str, message: str) -> None:
    spoil(copy, workflow, old, new)
    ran = actionlint(copy)
    assert ran.returncode != 0
    assert message in ran.stdout


def test_they_are_steps_of_the_whole() -> None:
    assert {"zizmor", "actionlint", "checkov"} <= test.checks().keys()
