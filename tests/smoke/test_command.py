"""The command line of scripts/smoke.py, in this process."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.cli.error_handling import ScriptError
from scripts.setup.entry import run_main
from scripts.smoke import LOCAL_URL, find_key, url_of
from scripts.smoke_test import target_of, targets_of
from tests.smoke.stub_gateway import KEY

Main = Callable[..., tuple[int, str, str]]


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Main:
    """Run the command: exit code, stdout, stderr."""
    for name in ("GATEWAY_KEY", "TF_VAR_gateway_key"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    def main(*arguments: str, key: str | None = "x") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["smoke.py", *arguments])
        if key is not None:
            monkeypatch.setenv("GATEWAY_KEY", key)
        with pytest.raises(SystemExit) as ended:
            run_main(venv=False)
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    return main


@pytest.mark.parametrize(
    ("arguments", "key", "message"),
    [
        ([], None, "The gateway's key is missing: set GATEWAY_KEY or TF_VAR_gateway_key."),
        ([], "a\nb", "The key is empty, or has spaces or characters that an HTTP header cannot hold."),
        (["--base-url", ""], "x", "--base-url : must be http(s)://HOST/v1, without anything after it."),
        (["--base-url", "https://u:p@h/v1"], "x", "--base-url https://u:p@h/v1: must be http(s)://HOST/v1, "),
        (["--env", "nope"], "x", "There is no environment 'nope'; there are dev, prod, staging."),
        (["--project", "x"], "x", "There is no project 'x' in dev; there are default."),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    main: Main, arguments: list[str], key: str | None, message: str
) -> None:
    code, out, err = main("--base-url", "https://gateway.example", *arguments, key=key)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(message)


@pytest.mark.parametrize("given", ["nan", "-1", "3601", "x"])
def test_a_number_of_seconds_that_is_none_is_refused(main: Main, given: str) -> None:
    code, _, err = main("--wait-s", given)
    assert code == 2
    assert f"{given!r} is not a number from 0 to 3600" in err


def test_another_environment_needs_its_address(main: Main) -> None:
    code, out, err = main("--env", "prod")
    assert (code, out) == (2, "")
    assert err.startswith("Add the address of prod: --base-url https://HOST ")


def test_without_an_address_it_says_that_it_is_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert url_of(None, env="dev") == LOCAL_URL
    assert f"this machine, {LOCAL_URL}." in capsys.readouterr().err
    assert url_of("https://h", env="prod") == "https://h"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "wait_s"),
    [
        (["--base-url", "https://gateway.example"], 240.0),
        (["--base-url", LOCAL_URL], 20.0),
        (["--base-url", LOCAL_URL, "--wait-s", "60"], 60.0),
        (["--base-url", LOCAL_URL, "--wait-s", "0"], 0.0),
    ],
)
def test_a_gateway_elsewhere_may_take_minutes_to_start(
    main: Main, monkeypatch: pytest.MonkeyPatch, arguments: list[str], wait_s: float
) -> None:
    given: dict[str, object] = {}

    def run(**options: object) -> None:
        given.update(options)
        raise ScriptError("enough", code=3)

    monkeypatch.setattr("scripts.smoke.run", run)
    assert main(*arguments, key=KEY)[0] == 3
    assert given["wait_s"] == wait_s
    assert given["key"] == KEY


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What scripts/up.py writes, and nothing in the environment."""
    monkeypatch.delenv("GATEWAY_KEY", raising=False)
    monkeypatch.delenv("TF_VAR_gateway_key", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({"gateway_key": "saved"}), encoding="utf-8")
    return file


def test_the_key_comes_from_the_environment_first(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_key("gateway_key", secrets=secrets) == "saved"
    monkeypatch.setenv("TF_VAR_gateway_key", "of terraform")
    assert find_key("gateway_key", secrets=secrets) == "of terraform"
    monkeypatch.setenv("GATEWAY_KEY", "given")
    assert find_key("gateway_key", secrets=secrets) == "given"


def test_the_local_key_goes_to_the_local_gateway_only(secrets: Path) -> None:
    assert secrets.is_file()
    with pytest.raises(ScriptError, match="set GATEWAY_KEY or TF_VAR_gateway_key"):
        find_key("gateway_key", secrets=None)


@pytest.mark.parametrize("content", ["[]", "no json", "{}"])
def test_a_file_of_something_else_has_no_key(secrets: Path, content: str) -> None:
    secrets.write_text(content, encoding="utf-8")
    with pytest.raises(ScriptError, match="key is missing"):
        find_key("gateway_key", secrets=secrets)


PROJECTS = {
    "other": {"models": ["gpt-5.3-codex"]},
    "team": {"models": ["gpt-5.3-codex"], "default": True},
    "code-search": {"models": ["text-embedding-3-large"]},
}


def test_each_project_has_its_own_key_and_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_PROJECTS", json.dumps(PROJECTS))
    target = target_of("dev", project="code-search")
    assert target.key.name == "gateway_key_code_search"
    assert [deployment.model.name for deployment in target.deployments] == ["text-embedding-3-large"]
    assert target_of("dev").key.name == "gateway_key"


def test_every_model_is_tested_with_as_few_projects_as_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [target.project for target in targets_of("dev")] == ["default"]
    monkeypatch.setenv("AIGATEWAY_PROJECTS", json.dumps(PROJECTS))
    assert [target.project for target in targets_of("dev")] == ["team", "code-search"]
