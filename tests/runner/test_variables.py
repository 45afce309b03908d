"""Where a variable's value comes from on this machine."""

import json
import os
import stat
from pathlib import Path

import pytest

from local.runner.errors import RunnerError
from local.runner.variables import resolve_variables

NAMES = ("gateway_key", "azure_openai_api_key")


def test_what_is_set_wins_and_is_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    values = resolve_variables(NAMES, environ={"TF_VAR_gateway_key": "mine"}, file=file)
    assert values["gateway_key"] == "mine"
    assert "mine" not in file.read_text()


def test_what_is_unset_is_random_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "new/secrets.json"
    first = resolve_variables(NAMES, environ={}, file=file)
    assert first == resolve_variables(NAMES, environ={}, file=file)
    assert first["gateway_key"] != first["azure_openai_api_key"]
    assert first != resolve_variables(NAMES, environ={}, file=tmp_path / "other.json")
    assert all(len(value) >= 32 for value in first.values())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    resolve_variables(NAMES, environ={}, file=file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    resolve_variables(NAMES, environ={}, file=file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_new_variable_joins_those_that_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    first = resolve_variables(NAMES[:1], environ={}, file=file)
    both = resolve_variables(NAMES, environ={}, file=file)
    assert both["gateway_key"] == first["gateway_key"]
    assert json.loads(file.read_text()) == both


def test_nothing_is_written_when_nothing_is_unset(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    resolve_variables(NAMES, environ={f"TF_VAR_{name}": "x" for name in NAMES}, file=file)
    assert not file.exists()


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(RunnerError, match="TF_VAR_gateway_key is empty"):
        resolve_variables(NAMES, environ={"TF_VAR_gateway_key": value}, file=tmp_path / "secrets.json")


@pytest.mark.parametrize("value", ["key\n", "k\0", "schlüssel"])
def test_one_that_no_header_can_hold_is_refused_without_being_shown(tmp_path: Path, value: str) -> None:
    with pytest.raises(RunnerError, match="TF_VAR_gateway_key has characters that an HTTP header") as refused:
        resolve_variables(NAMES, environ={"TF_VAR_gateway_key": value}, file=tmp_path / "secrets.json")
    assert value not in str(refused.value)


@pytest.mark.parametrize("environ", [{}, {"TF_VAR_second": ""}])
def test_an_optional_variable_that_is_unset_has_no_value(tmp_path: Path, environ: dict[str, str]) -> None:
    file = tmp_path / "secrets.json"
    values = resolve_variables(NAMES, optional=("second",), environ=environ, file=file)
    assert values.keys() == set(NAMES)
    assert "second" not in file.read_text()


def test_one_that_is_set_is_as_carefully_read_as_the_others(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    environ = {"TF_VAR_second": "mine"}
    assert resolve_variables(NAMES, optional=("second",), environ=environ, file=file)["second"] == "mine"
    with pytest.raises(RunnerError, match="TF_VAR_second has characters"):
        resolve_variables(NAMES, optional=("second",), environ={"TF_VAR_second": "mine\n"}, file=file)
    with pytest.raises(RunnerError, match="TF_VAR_second is empty"):
        resolve_variables(NAMES, optional=("second",), environ={"TF_VAR_second": " "}, file=file)


@pytest.mark.parametrize("content", ["{", "[]", '{"gateway_key": 1}', '{"gateway_key": ""}'])
def test_a_damaged_file_is_reported_and_kept(tmp_path: Path, content: str) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(content)
    with pytest.raises(RunnerError, match=r"is damaged\. Delete it"):
        resolve_variables(NAMES, environ={}, file=file)
    assert file.read_text() == content
