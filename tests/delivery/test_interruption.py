"""Somebody stops a deployment: Terraform ends in order, its state is written and the lock is free."""

import os
import signal
import subprocess
import time

import pytest

from tests.delivery.conftest import Desk

SLOW = {"input": "s", "provisioner": [{"local-exec": {"command": "sleep 60"}}]}


@pytest.mark.parametrize(
    ("sent", "code", "times"),
    [(signal.SIGINT, 130, 1), (signal.SIGINT, 130, 3), (signal.SIGTERM, 143, 1), (signal.SIGHUP, 129, 1)],
)
def test_it_waits_for_terraform_to_write_its_state_and_free_the_lock(
    desk: Desk, sent: signal.Signals, code: int, times: int
) -> None:
    desk.state.slow_s = 2.0
    desk.scene["resources"]["slow"] = SLOW
    with desk.start("deploy", "--env", "dev", "--yes") as process:
        wait_for_work(process)
        for _ in range(times):
            os.killpg(process.pid, sent)
            time.sleep(0.3)
        stdout, stderr = process.communicate()
    assert process.returncode == code, stderr
    assert "the lock is free again" in stderr
    assert not desk.state.locks
    assert set(desk.state.resources()) >= {"app", "slow"}
    assert desk.state.resources()["slow"]["status"] == "tainted"
    assert desk.state.requests[-1] == "UNLOCK"
    desk.check_no_secret(stdout, stderr)


def test_the_next_deployment_goes_on_from_there(desk: Desk) -> None:
    desk.scene["resources"]["slow"] = SLOW
    with desk.start("deploy", "--env", "dev", "--yes") as process:
        wait_for_work(process)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate()
    desk.scene["resources"]["slow"] = {"input": "s"}
    ran = desk.run("deploy", "--env", "dev", "--yes", "--no-smoke")
    assert ran.returncode == 0, ran.stderr
    assert "Plan of dev: 1 replaced" in ran.stdout


def test_before_terraform_has_begun_nothing_is_done(desk: Desk) -> None:
    with desk.start("deploy", "--env", "dev", "--yes") as process:
        while "LOCK" not in desk.state.requests:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        stderr = process.communicate()[1]
    assert process.returncode == 130, stderr
    assert not desk.state.locks


def test_a_lock_that_stays_is_not_called_free(desk: Desk) -> None:
    desk.scene["resources"]["slow"] = SLOW
    desk.state.stuck.add("dev")
    with desk.start("deploy", "--env", "dev", "--yes") as process:
        wait_for_work(process)
        os.killpg(process.pid, signal.SIGINT)
        stderr = process.communicate()[1]
    assert process.returncode == 130, stderr
    assert "Stopped, but not in order: Error releasing the state lock" in stderr
    assert "free again" not in stderr


def test_a_plan_that_is_stopped_leaves_nothing_behind(desk: Desk) -> None:
    desk.state.slow_to_tell_s = 5.0  # so that it cannot be over before it is stopped
    with desk.start("plan", "--env", "dev") as process:
        while "GET" not in desk.state.requests:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    assert not desk.state.locks
    assert not (desk.out / "stacks/aigateway-dev/plan").exists()


def wait_for_work(process: subprocess.Popen[str]) -> None:
    """Until Terraform is in the middle of something."""
    for line in process.stderr or ():
        if "terraform_data.slow: Provisioning" in line:
            return
    raise AssertionError("Terraform did not begin")
