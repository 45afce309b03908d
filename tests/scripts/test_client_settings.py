"""The command that writes the clients' files: whose models, where, and readable by their owner alone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.cli.base_url import normalize
from scripts.cli.error_handling import ScriptError
from scripts.client_files import CLIENTS, access_to, write_all
from scripts.client_files.client import write
from settings.loading import environment_files

ROOT = Path(__file__).parents[2]
KEY = "a-key-that-is-in-no-argument"


def client_settings(output: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a person would."""
    return subprocess.run(
        [sys.executable, "scripts/client_settings.py", "--output", str(output), *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module", autouse=True)
def deployments() -> Iterator[None]:
    """Those of the defaults, whatever the settings of dev name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIGATEWAY_CODEX__DEPLOYMENT", "gpt-5.3-codex")
        patch.setenv("AIGATEWAY_EMBEDDINGS__DEPLOYMENT", "text-embedding-3-large")
        yield


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the files of the dev environment."""
    folder = tmp_path_factory.mktemp("clients") / "new"
    ran = client_settings(folder, "--base-url", "https://gateway.example/", GATEWAY_KEY=KEY)
    assert ran.returncode == 0, ran.stderr
    assert KEY not in ran.stdout + ran.stderr
    assert "Settings > Import" in ran.stdout
    return folder


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_the_owner_can_read_them(written: Path) -> None:
    modes = {
        path.relative_to(written).as_posix(): oct(path.stat().st_mode & 0o777)
        for path in written.rglob("*")
        if path.is_file()
    }
    assert modes == {client.file: "0o600" for client in CLIENTS}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_file_that_others_could_read_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "roo-settings.json"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o644)
    write(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("given", "base_url"),
    [
        ("https://gateway.example", "https://gateway.example/v1"),
        ("https://gateway.example/v1/", "https://gateway.example/v1"),
        ("http://127.0.0.1:4000/v1", "http://127.0.0.1:4000/v1"),
    ],
)
def test_every_form_of_the_address_ends_in_v1(given: str, base_url: str) -> None:
    assert normalize(given) == base_url


@pytest.mark.parametrize(
    "given",
    [
        "gateway.example",
        "ftp://gateway.example",
        "https://",
        "https://h/v2",
        "https://h/v1?x=1",
        "https://h:x",
        "https://u:p@h",
    ],
)
def test_what_is_no_base_url_is_refused(given: str) -> None:
    with pytest.raises(ScriptError, match=r"--base-url .*must be") as failure:
        normalize(given)
    assert failure.value.code == 2


def test_an_unknown_environment_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    ran = client_settings(tmp_path, "--base-url", "https://h", "--env", "nope", GATEWAY_KEY="")  # not asked for
    assert ran.returncode == 2
    names = ", ".join(file.stem for file in environment_files())
    assert ran.stderr.strip() == f"There is no environment 'nope'; there are {names}."
    assert not list(tmp_path.iterdir())


def test_without_a_terminal_nobody_is_asked_for_the_key(tmp_path: Path) -> None:
    ran = client_settings(tmp_path, "--base-url", "https://h", GATEWAY_KEY="")
    assert (ran.returncode, ran.stderr) == (2, "The gateway's key is missing: set GATEWAY_KEY.\n")


def test_a_folder_that_cannot_be_written_is_a_message(tmp_path: Path) -> None:
    file = tmp_path / "a-file"
    file.touch()
    ran = client_settings(file / "x", "--base-url", "https://h", GATEWAY_KEY=KEY)
    assert (ran.returncode, ran.stderr) == (2, f"{file / 'x'}: Not a directory\n")


PROJECTS = {
    "team": {"default": True},
    "chat": {"models": ["gpt-4o-mini"]},
    "index": {"models": ["text-embedding-3-large"]},
}


@pytest.fixture
def projects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings with a further model and several projects."""
    models = [{"name": "gpt-4o-mini", "kind": "chat"}, {"name": "small", "kind": "embeddings", "dimension": 512}]
    monkeypatch.setenv("AIGATEWAY_MODELS", json.dumps(models))
    monkeypatch.setenv("AIGATEWAY_PROJECTS", json.dumps(PROJECTS))


def models_of(project: str | None = None) -> tuple[list[str], str | None]:
    access = access_to("dev", base_url="https://h/v1", key=KEY, project=project)
    return [model.name for model in access.chat], access.embeddings.name if access.embeddings else None


@pytest.mark.usefixtures("projects")
def test_the_default_project_has_the_codex_model_first_and_the_embeddings() -> None:
    assert models_of() == (["gpt-5.3-codex", "gpt-4o-mini"], "text-embedding-3-large")


@pytest.mark.usefixtures("projects")
def test_another_project_has_its_own_models() -> None:
    assert models_of("chat") == (["gpt-4o-mini"], None)


@pytest.mark.usefixtures("projects")
def test_a_file_for_a_client_that_can_use_no_model_is_removed(tmp_path: Path) -> None:
    for project, expected in ((None, True), ("chat", False)):
        access = access_to("dev", base_url="https://h/v1", key=KEY, project=project)
        usage = write_all(tmp_path, access=access, clients=CLIENTS)
        assert ("Codex CLI" in usage, (tmp_path / "codex/config.toml").exists()) == (expected, expected)


@pytest.mark.usefixtures("projects")
def test_a_project_that_no_client_can_use_is_told() -> None:
    with pytest.raises(ScriptError, match="'index' has no model that answers a chat"):
        models_of("index")


@pytest.mark.usefixtures("projects")
def test_an_unknown_project_is_told_with_those_that_are_there() -> None:
    with pytest.raises(ScriptError, match="There is no project 'x' in dev; there are team, chat, index"):
        models_of("x")
