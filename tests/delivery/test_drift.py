"""The drift check: GitHub has one open issue per environment as long as its plan is not empty."""

from typing import Any

import pytest

from tests.cloud.fixtures import Ran
from tests.cloud.gh.github import ROBOT, issue
from tests.delivery.stand_ins import SECRETS, UPDATED_APP, Delivery, change


@pytest.fixture(autouse=True)
def github(delivery: Delivery) -> None:
    """As a workflow sees it, with other issues."""
    with delivery.cloud.edit("gh") as gh:
        gh["login"] = ROBOT
        gh["permissions"] = ["issues"]
        gh["issues"] = [
            issue(1, body="<!-- aigateway drift dev -->\nMine", user="grace"),
            issue(2, body="<!-- aigateway drift prod -->\nOf another environment", user=ROBOT),
            *(issue(number, body="Something else", user=ROBOT) for number in range(3, 40)),
        ]


def drift(delivery: Delivery) -> Ran:
    """Run it without secrets."""
    return delivery.run("drift", "--env", "dev", GITHUB_REPOSITORY="contoso/gateway", **dict.fromkeys(SECRETS, ""))


def issues(delivery: Delivery, *, own: bool) -> list[dict[str, Any]]:
    """Those that the check opened, or the others."""
    return [each for each in delivery.cloud.state("gh")["issues"] if (each["number"] > 1000) is own]


def test_drift_opens_an_issue_and_updates_it_and_its_end_closes_it(delivery: Delivery) -> None:
    others = issues(delivery, own=False)
    first = drift(delivery)
    assert first.code == 0, first.err
    [opened] = issues(delivery, own=True)
    assert (opened["title"], opened["state"]) == ("Drift: dev differs from main", "open")
    assert "### Plan for dev: 1 to update" in opened["body"]
    assert "### Plan for dev: 1 to update" in delivery.summary

    delivery.plans(UPDATED_APP, change("azurerm_key_vault.gateway", "update"))
    assert drift(delivery).code == 0
    [updated] = issues(delivery, own=True)
    assert updated["number"] == opened["number"]
    assert "### Plan for dev: 2 to update" in updated["body"]

    delivery.plans()
    assert drift(delivery).code == 0
    [closed] = issues(delivery, own=True)
    assert closed["state"] == "closed"
    assert [comment["body"] for comment in closed["comments"]] == ["No drift any more, according to a local run."]
    assert issues(delivery, own=False) == others


def test_without_drift_nothing_is_written(delivery: Delivery) -> None:
    delivery.plans()
    ran = drift(delivery)
    assert ran.code == 0, ran.err
    assert "dev has not drifted." in ran.err
    assert delivery.cloud.changes() == []


def test_a_plan_that_fails_is_no_drift(delivery: Delivery) -> None:
    delivery.fails("diff", "Error: broken")
    ran = drift(delivery)
    assert ran.code == 1
    assert delivery.cloud.changes() == []


def test_it_compares_with_azure_and_not_with_the_state_alone(delivery: Delivery) -> None:
    drift(delivery)
    assert delivery.calls() == ["diff dev -lock=false"]
