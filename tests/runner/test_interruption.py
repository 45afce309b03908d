"""Ctrl-C at the two moments when it could do harm: while the program loads, and while it starts another."""

import os
import signal
import subprocess
import sys
import time
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


@pytest.mark.parametrize("after_s", [0.5, 1.0])
def test_while_the_program_loads_it_ends_without_a_traceback(after_s: float) -> None:
    command = [sys.executable, "-m", "local.runner", "--env", "nope"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(after_s)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=30)[1]
    assert "Traceback" not in told
    assert process.returncode in {130, 1}  # 1: on a fast machine it has ended by itself
