"""Ctrl-C at the two moments when it could do harm: while the program loads, and while it starts another."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from local.runner.processes import undisturbed

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")


@pytest.fixture
def handler() -> Iterator[object]:
    """Python's own reaction to Ctrl-C, whatever a test before has left."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_while_a_process_is_started_it_waits(handler: object) -> None:
    steps = []

    def begin() -> None:
        with undisturbed():
            os.kill(os.getpid(), signal.SIGINT)
            steps.append("started")

    with pytest.raises(KeyboardInterrupt):
        begin()
    assert steps == ["started"]
    assert signal.getsignal(signal.SIGINT) is handler


def test_without_it_nothing_happens(handler: object) -> None:
    with undisturbed():
        pass
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize("module", ["argparse", "httpx", "rich.console"])
def test_while_the_program_loads_it_ends_without_a_traceback(module: str) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "local.runner", "--env", "nope"]  # tells what it has loaded
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(line.rpartition("|")[2].strip() == module for line in process.stderr)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1]
    assert "Traceback" not in told
    assert process.returncode in {130, 1}  # 1: on a fast machine it has ended by itself
