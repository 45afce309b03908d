"""The script against the gateway that works: all passes, and what a person can do wrong."""

import signal
import subprocess
import time

import pytest

from local.runner.session import Session
from scripts.smoke import LOCAL, patience, where
from scripts.smoke_test import WAIT_S

from .azure import free_port
from .script import ROOT, command, environ, smoke

CHECKS = [
    "gateway",
    "models",
    "no key",
    "wrong key",
    "unknown model",
    "responses",
    "responses, streamed",
    "chat completions",
    "embeddings",
]


def test_the_local_gateway_passes_every_check(session: Session) -> None:
    ran = smoke("--base-url", session.base_url, "--json", GATEWAY_KEY=session.key)
    assert (ran.code, ran.stderr) == (0, "")
    assert list(ran.statuses) == CHECKS
    assert set(ran.statuses.values()) == {"passed"}
    assert ran.report["passed"] is True
    assert all(result["ms"] > 0 for result in ran.report["results"])
    notes = {result["check"]: result["note"] for result in ran.report["results"]}
    assert notes["embeddings"] == "3072 numbers"
    assert notes["responses, streamed"].startswith("first event after ")
    assert session.key not in ran.stdout


def test_people_read_a_table_with_the_host_alone_and_the_key_of_terraform(session: Session) -> None:
    ran = smoke("--base-url", f"{session.host_url}/", TF_VAR_gateway_key=session.key)
    assert (ran.code, ran.stderr) == (0, "")
    assert f"{session.base_url}, project default of dev: 9 passed." in ran.stdout
    header, *rows = ran.stdout.splitlines()
    assert header.split() == ["check", "model", "status", "ms", "note"]
    assert all(f" {name} " in row and " passed " in row for name, row in zip(CHECKS, rows, strict=False))
    assert session.key not in ran.stdout


def test_a_wrong_key_is_the_key_and_what_needs_one_is_not_asked(session: Session) -> None:
    key = "this-is-no-key-of-the-gateway"
    ran = smoke("--base-url", session.base_url, "--json", GATEWAY_KEY=key)
    assert ran.code == 1
    assert ran.layers == {"models": "key"}
    assert [name for name, status in ran.statuses.items() if status == "skipped"] == CHECKS[4:]
    assert "that of project default in dev: the terminal of scripts/up.py" in ran.look_at("key")
    assert key not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        ([], {}, "A key is needed: set GATEWAY_KEY or TF_VAR_gateway_key."),
        ([], {"GATEWAY_KEY": "a\nb"}, "The key is empty, or has spaces or characters that no HTTP header can hold."),
        (
            ["--base-url", ""],
            {"GATEWAY_KEY": "x"},
            "--base-url : must be http(s)://HOST/v1, without anything after it.",
        ),
        (
            ["--base-url", "https://u:p@h/v1"],
            {"GATEWAY_KEY": "x"},
            "--base-url https://u:p@h/v1: must be http(s)://HOST/v1, without anything after it.",
        ),
        (["--env", "nope"], {}, "There is no environment 'nope'; there are dev, prod, staging."),
        (["--project", "x"], {}, "There is no project 'x' in dev; there are default."),
    ],
)
def test_a_mistake_of_the_caller_is_a_line_and_exit_code_2(
    arguments: list[str], variables: dict[str, str], message: str
) -> None:
    if "--base-url" not in arguments:
        arguments = ["--base-url", "https://gateway.example", *arguments]
    ran = smoke(*arguments, **variables)
    assert (ran.code, ran.stdout, ran.stderr) == (2, "", f"{message}\n")


def test_another_environment_without_its_address_is_not_this_machine() -> None:
    ran = smoke("--env", "prod", GATEWAY_KEY="x")
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("Which gateway of prod? Its address: --base-url https://HOST; ")


def test_without_any_address_it_says_first_that_it_is_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert where(None, env="dev") == LOCAL
    assert capsys.readouterr().err.startswith(f"The gateway on this machine, {LOCAL}; ")
    assert where("https://h", env="prod") == "https://h"
    assert capsys.readouterr().err == ""


def test_a_start_elsewhere_may_take_minutes_and_what_is_asked_for_counts() -> None:
    assert patience(None, is_local=False) == WAIT_S
    assert patience(60.0, is_local=True) == 60.0


def test_a_time_that_nobody_would_wait_is_refused() -> None:
    ran = smoke("--base-url", "https://gateway.example", "--wait-s", "nan", GATEWAY_KEY="x")
    assert ran.code == 2
    assert "'nan' is not a number from 0 to 3600" in ran.stderr


def test_ctrl_c_ends_a_wait_at_once_and_without_a_traceback() -> None:
    words = command("--base-url", f"http://127.0.0.1:{free_port()}")
    with subprocess.Popen(
        words, cwd=ROOT, env=environ(GATEWAY_KEY="x"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert first.startswith("Waiting for http://127.0.0.1:")
        assert "up to 20 s" in first
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, "", "Stopped.\n")
    assert time.monotonic() - started < 10  # of the 20 s that it would go on
