"""scripts/smoke.py as a process, against the real gateway and the real LiteLLM."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from local.runner.session import Session
from scripts.setup.paths import ROOT
from scripts.smoke_test import Target
from scripts.smoke_test.diagnosis import Context
from tests.smoke.conftest import PROXIES
from tests.smoke.test_run import CHECKS


def start(*arguments: str, key: str) -> subprocess.Popen[str]:
    """The script, without the caller's keys, settings and proxies."""
    ours = ("AIGATEWAY_", "TF_VAR_", "GATEWAY_KEY", *PROXIES)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "scripts/smoke.py"), *arguments],
        cwd=ROOT,
        env={**environ, "GATEWAY_KEY": key},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_local_gateway_passes_every_check(session: Session) -> None:
    with start("--base-url", session.base_url, "--json", key=session.key) as process:
        out, err = process.communicate(timeout=180)
    assert (process.returncode, err) == (0, "")
    assert session.key not in out
    report = json.loads(out)
    assert report["passed"] is True
    notes = {result["check"]: result["note"] for result in report["results"]}
    assert list(notes) == CHECKS
    assert notes["embeddings"] == "3072 numbers"
    assert notes["responses, streamed"].startswith("first event after ")
    assert all(result["ms"] > 0 for result in report["results"])


def test_ctrl_c_ends_a_wait_at_once_and_without_a_traceback() -> None:
    with socket.socket() as unused:  # bound, so that nobody else takes it, and not listening
        unused.bind(("127.0.0.1", 0))
        with start("--base-url", f"http://127.0.0.1:{unused.getsockname()[1]}", key="x") as process:
            assert process.stderr is not None
            first = process.stderr.readline()
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=15) == 130  # and not after the 20 s that it would wait
            assert process.stdout is not None
            out, err = process.stdout.read(), process.stderr.read()
    assert first.startswith("Waiting for http://127.0.0.1:")
    assert (out, err) == ("", "Stopped.\n")


def test_azure_cli_takes_every_command_of_a_diagnosis(real_az: Callable[..., Any], target: Target) -> None:
    words = Context(base_url="https://gateway.example/v1", target=target)._commands(None)
    lines = [line for line in words.values() if line.startswith("az ")]
    assert len(lines) == 5
    assert real_az([line.split()[1:] for line in lines]) == [None] * len(lines)
