"""`up.py` in a fresh copy of the tree; the tests build on each other's copy, the first one sets it up."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from scripts.setup.settings_files import litellm_versions
from scripts.up import parse, runner_arguments
from tests.scripts.conftest import Tree, command_lines

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="signals and process lists are POSIX's here"),
    pytest.mark.timeout(420),
]


@pytest.fixture(scope="session")
def interrupted(tree: Tree) -> tuple[int, str, list[str]]:
    """Ctrl-C while the copy is being set up: exit code, what was told, what still runs."""
    with tree.start("--once", "--port", "0") as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        told += process.communicate(timeout=90)[1]
    return process.returncode, told, tree.left()


@pytest.fixture(scope="session")
def first(tree: Tree, interrupted: tuple[int, str, list[str]]) -> subprocess.CompletedProcess[str]:
    """The first run that is left alone: it finds what the interrupted one left, and has to set up everything."""
    del interrupted
    return tree.up("--once", "--port", "0")


@pytest.fixture
def ready(tree: Tree, first: subprocess.CompletedProcess[str]) -> tuple[Tree, dict[str, str]]:
    """The copy, set up, and the secrets that it made up."""
    assert first.returncode == 0, first.stderr
    secrets: dict[str, str] = json.loads((tree.path / ".local/secrets.json").read_text(encoding="utf-8"))
    return tree, secrets


@contextlib.contextmanager
def running(tree: Tree, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`up.py --json` and its line; killed if the test does not end it."""
    with tree.start("--json", *arguments) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_ctrl_c_while_it_sets_up_ends_cleanly(interrupted: tuple[int, str, list[str]]) -> None:
    returncode, told, processes = interrupted
    assert returncode == 130
    assert told.startswith("Installing")
    assert told.rstrip().endswith("Stopped.")
    assert "Traceback" not in told
    assert processes == []


def test_up_once_from_a_fresh_copy_answers_on_every_endpoint(
    tree: Tree, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == 0, first.stderr
    for endpoint in ("models", "responses", "chat completions", "embeddings"):
        assert endpoint in first.stdout
    assert "http://127.0.0.1:" in first.stdout
    assert "Traceback" not in first.stdout + first.stderr
    assert tree.left() == []


def test_the_first_run_tells_what_takes_the_time_and_makes_no_more(
    tree: Tree, first: subprocess.CompletedProcess[str]
) -> None:
    (version,) = litellm_versions()
    for step in (
        "A virtual environment",
        "Python packages: ",
        f"LiteLLM {version}: ",
        "Terraform JSON of all stacks: ",
    ):
        assert step in first.stderr
    assert [folder.name for folder in (tree.path / ".image").iterdir()] == [f"litellm-{version}"]


def test_it_leaves_settings_for_the_clients_that_are_nobody_elses(ready: tuple[Tree, dict[str, str]]) -> None:
    tree, secrets = ready
    roo = tree.path / ".local/clients/roo-settings.json"
    assert secrets["gateway_key"] in roo.read_text(encoding="utf-8")
    assert {path.stat().st_mode & 0o777 for path in (roo, tree.path / ".local/secrets.json")} == {0o600}


def test_the_keys_of_azure_are_in_no_output(
    ready: tuple[Tree, dict[str, str]], first: subprocess.CompletedProcess[str]
) -> None:
    assert ready[1]["azure_openai_api_key"] not in first.stdout + first.stderr


def test_ctrl_c_stops_everything_and_frees_the_port(ready: tuple[Tree, dict[str, str]]) -> None:
    tree, secrets = ready
    with running(tree, "--port", "0") as (process, told):
        assert told["key"] == secrets["gateway_key"]
        assert told["models"] == ["gpt-5.3-codex", "text-embedding-3-large"]
        answer = httpx.post(
            f"{told['base_url']}/responses",
            headers={"Authorization": f"Bearer {told['key']}"},
            json={"model": "gpt-5.3-codex", "input": "echo: still here"},
            timeout=60,
        )
        assert "still here" in answer.raise_for_status().text
        assert len(tree.processes()) >= 4
        assert not [line for line in command_lines() for secret in secrets.values() if secret in line]

        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=90)
    assert process.returncode == 130
    assert stdout == ""
    assert "Traceback" not in stderr
    assert tree.left() == []
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", int(told["base_url"].split(":")[2].split("/")[0])))


def test_a_busy_port_is_told_before_anything_starts(ready: tuple[Tree, dict[str, str]]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = ready[0].up("--once", "--port", str(port))
    assert ran.returncode == 1
    assert f"Port {port} cannot be used" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_mistake_in_the_settings_is_the_message_alone(ready: tuple[Tree, dict[str, str]]) -> None:
    ran = ready[0].up("--once", AIGATEWAY_SCALE__MAX_REPLICAS="0")
    assert ran.returncode == 2
    assert "scale.max_replicas" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stdout == ""


def test_options_reach_the_runner() -> None:
    words = [
        "--env",
        "prod",
        "--port",
        "0",
        "--azure",
        "--upstream",
        "a=http://b",
        "--upstream",
        "c=http://d",
        "--json",
    ]
    assert runner_arguments(parse(words)) == [
        *("--env", "prod", "--port", "0", "--upstream", "a=http://b", "--upstream", "c=http://d", "--azure", "--json")
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--env", "nope"], "choose from"),
        (["--port", "99999"], "'99999' is no port"),
        (["--port", "-1"], "is no port"),
        (["--upstream", "azure-openai"], "is not NAME=URL"),
    ],
)
def test_a_mistake_in_the_arguments_is_told_before_anything_is_set_up(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
