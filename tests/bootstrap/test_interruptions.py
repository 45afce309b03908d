"""Killed at every change; repeated, it comes to what an uninterrupted run comes to."""

import signal
from pathlib import Path
from typing import Any

from tests.bootstrap.runs import bootstrap, without_names
from tests.cloud.stand_ins import Cloud

ONE_ENV = ("--env", "dev")
CHANGES = 20  # of a run for one environment, with a resource provider to register


def test_interrupted_after_every_change_and_repeated_it_comes_to_the_same(stacks: Path, tmp_path: Path) -> None:
    """Each run begins where the one before was killed, and is killed after its own first change.

    To be killed before a change took effect is to be killed after the one before it: nothing but Azure keeps anything.
    """
    whole, killed = _cloud(tmp_path / "whole", stacks), _cloud(tmp_path / "killed", stacks)
    assert bootstrap(whole, *ONE_ENV).code == 0
    assert len(whole.changes()) == CHANGES

    def repeat(number: int, state: dict[str, Any]) -> None:
        cloud = _cloud(tmp_path / f"repeated-{number}", stacks)
        cloud.restore(state)
        again = bootstrap(cloud, *ONE_ENV)
        assert again.code == 0, again.err
        assert len(cloud.changes()) == CHANGES - number, again.err
        assert without_names(cloud.state()) == without_names(whole.state())

    for number in range(1, CHANGES + 1):
        killed.kill(change=1, when="after")
        assert bootstrap(killed, *ONE_ENV).code == -signal.SIGKILL
        repeat(number, killed.state())
    assert bootstrap(killed, *ONE_ENV).err.endswith("Nothing to change.\n")
    assert without_names(killed.state()) == without_names(whole.state())


def _cloud(folder: Path, stacks: Path) -> Cloud:
    folder.mkdir()
    cloud = Cloud(folder, stacks=stacks)
    with cloud.scene() as azure:
        azure["providers"]["Microsoft.App"] = "NotRegistered"
    return cloud
