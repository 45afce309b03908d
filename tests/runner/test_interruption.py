"""Ctrl-C while a process is started: it must not be left running."""

import os
import signal
from collections.abc import Iterator

import pytest

from local.runner.processes import signals_deferred

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
        with signals_deferred():
            os.kill(os.getpid(), signal.SIGINT)
            steps.append("started")

    with pytest.raises(KeyboardInterrupt):
        begin()
    assert steps == ["started"]
    assert signal.getsignal(signal.SIGINT) is handler


def test_without_it_nothing_happens(handler: object) -> None:
    with signals_deferred():
        pass
    assert signal.getsignal(signal.SIGINT) is handler
