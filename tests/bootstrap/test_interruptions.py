"""Killed at every change; the next run has the result of an uninterrupted one."""

import signal
from pathlib import Path
from typing import Any

from tests.bootstrap.runs import bootstrap, normalized
from tests.cloud.fixtures import Cloud

DEV = ("--env", "dev")
CHANGES = 30  # of a run for one environment, with a resource provider to register


def test_a_run_after_an_interruption_at_any_change_completes_it(stacks: Path, tmp_path: Path) -> None:
    """Each run begins where the one before was killed, and is killed after its own first change.

    To be killed before a change took effect is to be killed after the one before it: nothing but Azure keeps anything.
    """
    whole, killed = _cloud(tmp_path / "whole", stacks), _cloud(tmp_path / "killed", stacks)
    assert bootstrap(whole, *DEV).code == 0
    assert len(whole.changes()) == CHANGES

    def repeat(number: int, state: dict[str, Any]) -> None:
        cloud = _cloud(tmp_path / f"repeated-{number}", stacks)
        cloud.restore(state)
        again = bootstrap(cloud, *DEV)
        assert again.code == 0, again.err
        assert len(cloud.changes()) == CHANGES - number, again.err
        assert normalized(cloud.state()) == normalized(whole.state())

    for number in range(1, CHANGES + 1):
        killed.kill(change=1, when="after")
        assert bootstrap(killed, *DEV).code == -signal.SIGKILL
        repeat(number, killed.state())
    assert bootstrap(killed, *DEV).err.endswith("Nothing to change.\n")
    assert normalized(killed.state()) == normalized(whole.state())


def _cloud(folder: Path, stacks: Path) -> Cloud:
    folder.mkdir()
    cloud = Cloud(folder, stacks=stacks)
    with cloud.edit() as azure:
        azure["providers"]["Microsoft.App"] = "NotRegistered"
    return cloud
