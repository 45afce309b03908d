"""Which repository a checkout belongs to."""

import subprocess
from pathlib import Path

import pytest

from scripts.cloud import repository as module
from scripts.cloud.repository import repository
from scripts.work import Failed


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository without a remote, and no runner around it."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)  # noqa: S607
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/contoso/gateway",
        "https://github.com/contoso/gateway.git",
        "https://ada@github.com/contoso/gateway.git/",
        "git@github.com:contoso/gateway.git",
        "ssh://git@github.com/contoso/gateway",
    ],
)
def test_where_origin_leads(checkout: Path, remote: str) -> None:
    subprocess.run(["git", "-C", checkout, "remote", "add", "origin", remote], check=True)  # noqa: S607
    assert repository() == "contoso/gateway"


@pytest.mark.parametrize("remote", ["https://notgithub.com/contoso/gateway", "/srv/github.com/contoso/gateway/more"])
def test_another_origin_is_none(checkout: Path, remote: str) -> None:
    subprocess.run(["git", "-C", checkout, "remote", "add", "origin", remote], check=True)  # noqa: S607
    with pytest.raises(Failed, match="Say which repository: --repository OWNER/NAME"):
        repository()


def test_what_is_said_comes_before_what_a_runner_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "contoso/runner")
    assert repository() == "contoso/runner"
    assert repository("contoso/said") == "contoso/said"


@pytest.mark.parametrize("name", ["gateway", "a/b/c", "https://github.com/contoso/gateway", "a/b c"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Failed, match="must be OWNER/NAME"):
        repository(name)
