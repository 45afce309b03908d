"""The drift check: the real Terraform plans, and GitHub has one issue as long as there is a difference."""

import os
import subprocess
from typing import Any

import pytest

from tests.cloud import edge
from tests.cloud.gh.github import ROBOT, issue
from tests.cloud.stand_ins import Cloud
from tests.delivery.conftest import SECRETS, Desk


@pytest.fixture
def github(cloud: Cloud) -> Cloud:
    """As a workflow sees it, with other people's issues."""
    with cloud.scene("gh") as gh:
        gh["login"] = ROBOT
        gh["permissions"] = ["issues"]
        gh["issues"] = [
            issue(1, body="<!-- aigateway drift dev -->\nMine", user="grace"),
            issue(2, body="<!-- aigateway drift prod -->\nOf another environment", user=ROBOT),
            *(issue(number, body="Something else", user=ROBOT) for number in range(3, 40)),
        ]
    return cloud


def drift(desk: Desk, github: Cloud) -> subprocess.CompletedProcess[str]:
    """Run it, with Terraform on PATH and no secret at hand."""
    path = os.pathsep.join([str(github.bin), desk.environ["PATH"]])
    runners = {edge.FOLDER: str(github.folder), "PATH": path, "GITHUB_REPOSITORY": "contoso/gateway"}
    return desk.run("drift", "--env", "dev", **runners, **dict.fromkeys(SECRETS, ""))


def ours(github: Cloud) -> list[dict[str, Any]]:
    """The issues of the drift of dev."""
    return [each for each in github.state("gh")["issues"] if each["number"] > 1000]


def test_a_difference_opens_an_issue_renews_it_and_its_end_closes_it(
    desk: Desk, deployed: bytes, github: Cloud
) -> None:
    desk.state.contents["dev"] = deployed
    others = github.state("gh")["issues"]
    desk.scene["resources"]["app"] = {"input": "two"}
    first = drift(desk, github)
    assert first.returncode == 0, first.stderr
    [opened] = ours(github)
    assert (opened["title"], opened["state"]) == ("Drift: dev is not what main says", "open")
    assert "### Plan of dev: 1 changed" in opened["body"]
    assert "### Plan of dev: 1 changed" in desk.summary

    desk.scene["resources"]["logs"] = {"input": "more"}
    assert drift(desk, github).returncode == 0
    [renewed] = ours(github)
    assert renewed["number"] == opened["number"]
    assert "### Plan of dev: 2 changed" in renewed["body"]

    desk.scene["resources"] |= {"app": {"input": "one"}, "logs": {"input": "l"}}
    last = drift(desk, github)
    assert last.returncode == 0, last.stderr
    [closed] = ours(github)
    assert closed["state"] == "closed"
    assert [comment["body"] for comment in closed["comments"]] == [
        "No difference any more, as seen in the run that wrote this."
    ]
    assert [each for each in github.state("gh")["issues"] if each["number"] < 1000] == others


def test_without_a_difference_nothing_is_written(desk: Desk, deployed: bytes, github: Cloud) -> None:
    desk.state.contents["dev"] = deployed
    ran = drift(desk, github)
    assert ran.returncode == 0, ran.stderr
    assert "dev is what main says." in ran.stderr
    assert github.changes() == []


def test_a_plan_that_fails_is_no_drift(desk: Desk, github: Cloud) -> None:
    desk.state.broken.add("dev")
    ran = drift(desk, github)
    assert ran.returncode == 1
    assert github.changes() == []
    assert "Traceback" not in ran.stderr
