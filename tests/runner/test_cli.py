"""The runner's command line."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from local.runner import cli
from local.runner.errors import RunnerError
from scripts.smoke_test import Diagnosis, Report, Result


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Put back what `main` sets."""
    names = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    handlers = [signal.getsignal(name) for name in names]
    yield
    for name, handler in zip(names, handlers, strict=True):
        signal.signal(name, handler)


@pytest.fixture
def call(stacks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let `main` read the synthesized stacks, and write into a folder of the test."""
    monkeypatch.setenv("CDKTF_OUTDIR", str(stacks.parent))
    monkeypatch.setattr(cli, "_STATE", tmp_path)
    return tmp_path


def arguments(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["up.py", *words])


def test_once_tests_every_endpoint_and_ends(
    call: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments(monkeypatch, "--once", "--json", "--port", "0", "--env", "prod")
    assert cli.main() == 0
    captured = capsys.readouterr()
    line = json.loads(captured.out)
    assert line["base_url"].startswith("http://127.0.0.1:")
    assert line["models"] == ["gpt-5.3-codex", "text-embedding-3-large"]
    for text in ("responses, streamed", "chat completions", "3072 numbers", "roo-settings.json", "curl ", line["key"]):
        assert text in captured.err
    roo = json.loads((call / "clients/roo-settings.json").read_text())
    profile = roo["providerProfiles"]["apiConfigs"]["gateway"]
    assert (profile["openAiBaseUrl"], profile["openAiApiKey"]) == (line["base_url"], line["key"])
    assert (call / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_failed_check_ends_with_its_diagnosis(capsys: pytest.CaptureFixture[str]) -> None:
    diagnosis = Diagnosis(id="x", layer="LiteLLM", meaning="It hangs.", actions=("Look.",))
    result = Result(check="chat completions", model="m", status="failed", ms=1.0, note="503", diagnosis=diagnosis)
    report = Report(base_url="http://h/v1", env="dev", project="p", results=(result,))
    with pytest.raises(RunnerError, match="LiteLLM: It hangs"):
        cli._print_tests(Console(), [report])
    assert "chat completions" in capsys.readouterr().out


def test_what_a_person_can_mend_is_a_message_and_exit_code_1(
    call: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del call
    arguments(monkeypatch, "--env", "qa")
    assert cli.main() == 1
    assert "Run `python main.py` to synthesize the stacks" in capsys.readouterr().err


def test_a_signal_ends_like_ctrl_c(call: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del call
    arguments(monkeypatch)

    def interrupted(**_: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(cli, "run", interrupted)
    assert cli.main() == 130


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--port", "x"], "no port"),
        (["--port", "70000"], "no port"),
        (["--upstream", "http://x"], "not NAME=URL"),
        (["--upstream", "a=ftp://x"], "not NAME=URL"),
        (["--upstream", "a=http://x/path"], "not NAME=URL"),
        (["--upstream", "a=http://x?y=1"], "not NAME=URL"),
        (["--upstream", "a=http://u:p@x"], "not NAME=URL"),
        (["--upstream", "a=http://x:port"], "not NAME=URL"),
        (["--nothing"], "unrecognized"),
    ],
)
def test_mistakes_in_the_arguments_are_told(
    words: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments(monkeypatch, *words)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_addresses_of_upstreams_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments(monkeypatch, "--upstream", "a=http://x:1/", "--upstream", "b=https://y")
    assert cli._arguments().upstream == [("a", "http://x:1"), ("b", "https://y")]
