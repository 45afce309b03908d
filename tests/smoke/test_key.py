"""Where the key is looked for."""

import json
from pathlib import Path

import pytest

from scripts.cli.error_handling import ScriptError
from scripts.smoke import find_key
from scripts.smoke_test import offer_of


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What scripts/up.py keeps, and nothing in the environment."""
    monkeypatch.delenv("GATEWAY_KEY", raising=False)
    monkeypatch.delenv("TF_VAR_gateway_key", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({"gateway_key": "kept"}), encoding="utf-8")
    return file


def test_the_environment_wins_in_this_order(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_key("gateway_key", local=kept) == "kept"
    monkeypatch.setenv("TF_VAR_gateway_key", "of terraform")
    assert find_key("gateway_key", local=kept) == "of terraform"
    monkeypatch.setenv("GATEWAY_KEY", "given")
    assert find_key("gateway_key", local=kept) == "given"


def test_the_local_key_goes_to_the_local_gateway_alone(kept: Path) -> None:
    assert kept.is_file()
    with pytest.raises(ScriptError, match="set GATEWAY_KEY or TF_VAR_gateway_key"):
        find_key("gateway_key", local=None)


def test_a_file_of_something_else_holds_no_key(kept: Path) -> None:
    for content in ("[]", "no json", "{}"):
        kept.write_text(content, encoding="utf-8")
        with pytest.raises(ScriptError, match="A key is needed"):
            find_key("gateway_key", local=kept)


def test_another_project_has_another_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    projects = {"team": {}, "code-search": {"models": ["text-embedding-3-large"]}}
    monkeypatch.setenv("AIGATEWAY_PROJECTS", json.dumps(projects))
    offer = offer_of("dev", project="code-search")
    assert offer.key.name == "gateway_key_code_search"
    assert [served.model.name for served in offer.served] == ["text-embedding-3-large"]
    assert offer_of("dev").key.name == "gateway_key"
