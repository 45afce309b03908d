"""The GitHub repository of a checkout."""

import subprocess
from pathlib import Path

import pytest

from scripts.cli.error_handling import ScriptError
from scripts.github import repository as module
from scripts.github.repository import repository


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository without a remote, outside of GitHub Actions."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)  # noqa: S607
    monkeypatch.setattr(module, "ROOT", tmp_path)
    for name in ("GITHUB_REPOSITORY", "GITHUB_SERVER_URL", "GH_HOST"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/contoso/gateway",
        "https://github.com/contoso/gateway.git",
        "https://ada@github.com/contoso/gateway.git/",
        "git@github.com:contoso/gateway.git",
        "github.com:contoso/gateway",
        "ssh://git@github.com/contoso/gateway",
        "ssh://git@github.com:22/contoso/gateway.git",
        "ssh://git@ssh.github.com:443/contoso/gateway.git",
        "https://GitHub.com:443/contoso/gateway",
    ],
)
def test_the_repository_is_read_from_origin(checkout: Path, remote: str) -> None:
    subprocess.run(["git", "-C", checkout, "remote", "add", "origin", remote], check=True)  # noqa: S607
    assert repository() == "contoso/gateway"


@pytest.mark.parametrize(
    "remote",
    [
        "https://notgithub.com/contoso/gateway",
        "https://mirror.example/github.com/contoso/gateway",
        "https://hush-hush@contoso.ghe.com/contoso/gateway",
        "git@github.contoso.example:contoso/gateway.git",
        "ssh://git@evil.example/git@github.com:contoso/gateway",
        "/srv/github.com/contoso/gateway",
        "https://github.com/contoso/gateway/more",
    ],
)
def test_an_origin_on_another_host_is_refused_and_not_shown(checkout: Path, remote: str) -> None:
    subprocess.run(["git", "-C", checkout, "remote", "add", "origin", remote], check=True)  # noqa: S607
    with pytest.raises(ScriptError, match="Name the repository: --repository OWNER/NAME") as refusal:
        repository()
    assert str(refusal.value).startswith("The remote `origin` is not on github.com.")
    assert "hush" not in str(refusal.value)
    assert repository("contoso/given") == "contoso/given"


def test_without_an_origin_the_repository_must_be_given() -> None:
    with pytest.raises(ScriptError, match=r"^This checkout has no remote `origin`. Name the repository"):
        repository()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("GH_HOST", "contoso.ghe.com"), ("GITHUB_SERVER_URL", "https://github.contoso.example")],
)
def test_another_github_host_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ScriptError, match=f"{variable} is {value}: only repositories on github.com are supported"):
        repository("contoso/given")


@pytest.mark.parametrize(
    ("variable", "value"),
    [("GH_HOST", "github.com"), ("GITHUB_SERVER_URL", "https://github.com"), ("GH_HOST", "")],
)
def test_variables_may_name_github_com(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    assert repository("contoso/given") == "contoso/given"


def test_a_given_repository_comes_before_github_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "contoso/runner")
    assert repository() == "contoso/runner"
    assert repository("contoso/given") == "contoso/given"


@pytest.mark.parametrize("name", ["gateway", "a/b/c", "https://github.com/contoso/gateway", "a/b c"])
def test_an_invalid_name_is_refused(name: str) -> None:
    with pytest.raises(ScriptError, match="must be OWNER/NAME"):
        repository(name)
