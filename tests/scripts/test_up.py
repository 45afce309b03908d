"""`up.py`: its options, its parts with a gateway that runs already, and all of it once in a fresh copy of the tree."""

import contextlib
import json
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.runner.errors import RunnerError
from local.runner.session import Session
from scripts import up
from scripts.cli import settings
from scripts.cli.error_handling import ScriptError
from scripts.cli.terminal import console
from scripts.setup import entry
from scripts.setup.settings_files import litellm_versions
from scripts.setup.up_options import parse
from scripts.smoke_test import Diagnosis, Report, Result
from scripts.terraform import stacks
from settings.loading import load_environments
from tests import fixed_environments
from tests.scripts.conftest import Tree, command_lines

ENDPOINTS = ("models", "responses", "responses, streamed", "chat completions", "embeddings")
posix = pytest.mark.skipif(os.name == "nt", reason="signals and process lists are POSIX's here")


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--env", "nope"], "choose from"),
        (["--port", "99999"], "'99999' is no port"),
        (["--port", "-1"], "is no port"),
        (["--port", "x"], "is no port"),
        (["--upstream", "azure-openai"], "is not NAME=URL"),
        (["--upstream", "http://x"], "is not NAME=URL"),
        (["--upstream", "a=ftp://x"], "is not NAME=URL"),
        (["--upstream", "a=http://x/path"], "is not NAME=URL"),
        (["--upstream", "a=http://x?y=1"], "is not NAME=URL"),
        (["--upstream", "a=http://u:p@x"], "is not NAME=URL"),
        (["--upstream", "a=http://x:port"], "is not NAME=URL"),
        (["--nothing"], "unrecognized"),
    ],
)
def test_a_mistake_in_the_options_is_a_message(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_addresses_of_upstreams_are_read() -> None:
    words = ["--port", "0", "--upstream", "a=http://x:1/", "--upstream", "b=https://y"]
    assert parse(words).upstream == [("a", "http://x:1"), ("b", "https://y")]


def test_options_are_read_before_anything_is_installed(
    busy_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(entry, "enter", lambda **_: pytest.fail("it installed something"))
    monkeypatch.setattr("sys.argv", ["up.py", "--port", str(busy_port)])
    with pytest.raises(SystemExit) as ended:
        entry.run_main(first=parse, litellm=True)
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        f"Port {busy_port} cannot be used: Address already in use. Choose another with --port.\n"
    )


@pytest.fixture
def running_already(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The gateway of this test run in the place of one that `up.py` would start; where it writes."""
    monkeypatch.setattr(up, "run", lambda **_: contextlib.nullcontext(session))
    monkeypatch.setattr(up, "STATE", tmp_path)
    monkeypatch.setattr(stacks, "synthesize", lambda: None)
    return tmp_path


def test_once_tests_every_endpoint_says_how_to_connect_and_ends(
    running_already: Path, session: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["up.py", "--once", "--json", "--port", "0"])
    up.main()
    captured = capsys.readouterr()
    models = ["gpt-5.3-codex", "text-embedding-3-large"]
    assert json.loads(captured.out) == {"base_url": session.base_url, "key": session.key, "models": models}
    for text in (*ENDPOINTS, "3072 numbers", f"curl {session.base_url}/responses", session.key, "roo-settings.json"):
        assert text in captured.err
    roo = json.loads((running_already / "clients/roo-settings.json").read_text())
    profile = roo["providerProfiles"]["apiConfigs"]["gateway"]
    assert (profile["openAiBaseUrl"], profile["openAiApiKey"]) == (session.base_url, session.key)


def test_prompts_and_keys_do_not_go_to_the_default_azure_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "load_environments", partial(load_environments, fixed_environments.ENVIRONMENTS))
    monkeypatch.setattr(stacks, "synthesize", lambda: pytest.fail("it went on"))
    monkeypatch.setattr("sys.argv", ["up.py", "--azure", "--port", "0"])
    with pytest.raises(ScriptError, match=r"No Azure OpenAI is named for dev: .* in settings/environments/\.$"):
        up.main()


def test_the_log_is_followed_and_kept_until_a_container_ends(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "output.log"
    log.write_text('{"event": "request"}\n', encoding="utf-8")

    class Ended(Session):
        def check(self) -> None:
            raise RunnerError("ended")

    ended = Ended(**vars(replace(session, containers={"gateway": replace(session.gateway, log=log)})))
    with pytest.raises(RunnerError, match="ended"):
        up.follow(ended, console(), kept=tmp_path / "kept.log")
    assert capsys.readouterr().out == (tmp_path / "kept.log").read_text(encoding="utf-8") == '{"event": "request"}\n'


def test_a_failed_check_ends_with_its_diagnosis(capsys: pytest.CaptureFixture[str]) -> None:
    diagnosis = Diagnosis(id="x", layer="LiteLLM", meaning="It hangs.", actions=("Look.",))
    result = Result(check="chat completions", model="m", status="failed", ms=1.0, note="503", diagnosis=diagnosis)
    report = Report(base_url="http://h/v1", env="dev", project="p", results=(result,))
    with pytest.raises(ScriptError, match="LiteLLM: It hangs"):
        up.show_results(console(), [report])
    assert "chat completions" in capsys.readouterr().out


def test_what_keeps_the_gateway_from_starting_is_a_message(
    running_already: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del running_already

    def fail(**_: object) -> None:
        raise RunnerError("litellm was killed")

    monkeypatch.setattr(up, "run", fail)
    monkeypatch.setattr("sys.argv", ["up.py", "--once", "--port", "0"])
    with pytest.raises(ScriptError, match="litellm was killed"):
        up.main()


# From here on in the copy: the first test sets it up, the others go on with it.


@pytest.fixture(scope="session")
def interrupted(tree: Tree) -> tuple[int, str, list[str]]:
    """Ctrl-C while the copy is being set up: exit code, messages, and the processes that are left."""
    with tree.start("--port", "0") as process:
        assert process.stderr is not None
        messages = process.stderr.readline() + process.stderr.readline()  # the second one names what has begun
        process.send_signal(signal.SIGINT)
        messages += process.communicate(timeout=90)[1]
    return process.returncode, messages, tree.left()


@dataclass(frozen=True, kw_only=True)
class Run:
    """The output of a complete run, and what was observed while the gateway ran."""

    line: dict[str, Any]
    answer: httpx.Response
    processes: list[str]
    command_lines: list[str]
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(scope="session")
def complete(tree: Tree, interrupted: tuple[int, str, list[str]]) -> Run:
    """The first run that is not interrupted: it finds what the interrupted one left, and installs everything."""
    del interrupted
    with tree.start("--json", "--port", "0") as process:
        try:
            assert process.stdout is not None
            line = json.loads(process.stdout.readline() or "{}")
            answer = httpx.post(
                f"{line['base_url']}/responses",
                headers={"Authorization": f"Bearer {line['key']}"},
                json={"model": "gpt-5.3-codex", "input": "echo: still here"},
                timeout=60,
            )
            processes, lines = tree.processes(), command_lines()
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=90)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return Run(
        line=line,
        answer=answer,
        processes=processes,
        command_lines=lines,
        returncode=process.returncode,
        stdout=stdout,
        stderr=stderr,
    )


@pytest.fixture
def secrets(tree: Tree, complete: Run) -> dict[str, str]:
    """The secrets that the run generated."""
    del complete
    made: dict[str, str] = json.loads((tree.path / ".local/secrets.json").read_text(encoding="utf-8"))
    return made


@posix
@pytest.mark.timeout(1800)
def test_ctrl_c_while_it_installs_ends_cleanly(interrupted: tuple[int, str, list[str]]) -> None:
    returncode, messages, processes = interrupted
    assert returncode == 130
    first, *steps = messages.splitlines()
    assert first.startswith("Installing")
    assert steps == ["A virtual environment in .venv ...", "Stopped."]
    assert processes == []


@posix
@pytest.mark.timeout(1800)
def test_a_fresh_copy_answers_and_ctrl_c_stops_everything(tree: Tree, complete: Run) -> None:
    assert "still here" in complete.answer.raise_for_status().text
    for endpoint in ENDPOINTS:
        assert endpoint in complete.stderr
    assert len(complete.processes) >= 4
    assert complete.returncode == 130
    assert complete.stdout == ""
    assert "Traceback" not in complete.stderr
    assert tree.left() == []
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", int(complete.line["base_url"].split(":")[2].split("/")[0])))


@posix
def test_the_first_run_logs_each_step_and_installs_no_more_than_needed(tree: Tree, complete: Run) -> None:
    (version,) = litellm_versions()
    for step in (
        "A virtual environment",
        "Python packages: ",
        f"LiteLLM {version}: ",
        "Terraform JSON of all stacks: ",
    ):
        assert step in complete.stderr
    assert [folder.name for folder in (tree.path / ".image").iterdir()] == [f"litellm-{version}"]
    assert not (tree.path / "node_modules").exists()
    assert not [*tree.path.glob(".venv/**/pytest")]


@posix
def test_secrets_are_readable_by_their_owner_only(tree: Tree, complete: Run, secrets: dict[str, str]) -> None:
    roo = tree.path / ".local/clients/roo-settings.json"
    assert complete.line["key"] == secrets["gateway_key"]
    assert secrets["gateway_key"] in roo.read_text(encoding="utf-8")
    assert {path.stat().st_mode & 0o777 for path in (roo, tree.path / ".local/secrets.json")} == {0o600}
    assert secrets["azure_openai_api_key"] not in complete.stdout + complete.stderr
    assert not [line for line in complete.command_lines for secret in secrets.values() if secret in line]


@posix
def test_a_mistake_in_the_settings_is_the_message_alone(tree: Tree, complete: Run) -> None:
    del complete
    ran = tree.up("--once", "--port", "0", AIGATEWAY_SCALE__MAX_REPLICAS="0")
    assert ran.returncode == 2
    assert "scale.max_replicas" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stdout == ""


@posix
@pytest.mark.full
def test_once_ends_by_itself(tree: Tree, complete: Run) -> None:
    del complete
    ran = tree.up("--once", "--port", "0")
    assert ran.returncode == 0, ran.stderr
    for endpoint in ENDPOINTS:
        assert endpoint in ran.stdout
    assert tree.left() == []
