"""What the caller may, found out before anything is made."""

import pytest

from tests.bootstrap.runs import bootstrap
from tests.cloud.az.azure import CALLER, SUBSCRIPTION, TEAM, assignment
from tests.cloud.stand_ins import Cloud, Ran

SCOPE = f"/subscriptions/{SUBSCRIPTION}"
MANAGEMENT_GROUP = "/providers/Microsoft.Management/managementGroups/root"


def _preflight(cloud: Cloud, *held: tuple[str, str, str]) -> Ran:
    with cloud.scene() as azure:
        azure["role_assignments"] = [
            assignment(principal, role, scope, number=number) for number, (principal, role, scope) in enumerate(held)
        ]
    return bootstrap(cloud, parts=("preflight",))


@pytest.mark.parametrize(
    "held",
    [
        [(CALLER, "Owner", SCOPE)],
        [(TEAM, "Owner", SCOPE)],
        [(CALLER, "Owner", MANAGEMENT_GROUP)],
        [(TEAM, "Contributor", MANAGEMENT_GROUP), (CALLER, "User Access Administrator", "/")],
        [(CALLER, "Contributor", SCOPE), (CALLER, "Role Based Access Control Administrator", SCOPE)],
    ],
    ids=["own", "of a group", "of a management group", "two together", "two others together"],
)
def test_enough_rights_wherever_they_come_from(cloud: Cloud, held: list[tuple[str, str, str]]) -> None:
    ran = _preflight(cloud, *held)
    assert ran.code == 0, ran.err


def test_a_contributor_may_not_assign_roles(cloud: Cloud) -> None:
    ran = _preflight(cloud, (CALLER, "Contributor", SCOPE))
    assert ran.code == 1
    assert (
        "You have no permission to assign roles in Gateway (Microsoft.Authorization/roleAssignments/write)." in ran.err
    )
    assert "create storage accounts" not in ran.err


def test_a_role_administrator_may_make_nothing_but_role_assignments(cloud: Cloud) -> None:
    ran = _preflight(cloud, (CALLER, "Role Based Access Control Administrator", SCOPE))
    assert ran.code == 1
    for what in ("create resource groups", "create storage accounts"):
        assert f"You have no permission to {what} in Gateway" in ran.err
    assert "assign roles" not in ran.err


def test_rights_in_one_resource_group_are_not_enough(cloud: Cloud) -> None:
    ran = _preflight(cloud, (CALLER, "Owner", f"{SCOPE}/resourceGroups/somewhere"))
    assert ran.code == 1
    assert "ok: your roles: none" in ran.err


def test_a_condition_on_the_callers_role_is_mentioned(cloud: Cloud) -> None:
    with cloud.scene() as azure:
        azure["role_assignments"][0]["condition"] = "@Request[...]"
    assert "note: one of them has a condition" in bootstrap(cloud, parts=("preflight",)).err


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_made(cloud: Cloud) -> None:
    with cloud.scene() as azure:
        azure["allowed_to_create_apps"] = False
        azure["container_apps_regions"] = ["West Europe"]
        azure["providers"]["Microsoft.App"] = "NotRegistered"
        azure["role_assignments"] = []
    ran = bootstrap(cloud)
    assert ran.code == 1
    problems = [line for line in ran.err.splitlines() if line.startswith("- ")]
    assert len(problems) == 3 + 1 + 3  # rights, registrations, an environment each
    assert ran.err.endswith("Nothing was changed.\n")
    assert cloud.changes() == []


@pytest.mark.parametrize("role", ["Application Developer", "Cloud Application Administrator"])
def test_a_role_in_the_directory_makes_up_for_its_policy(cloud: Cloud, role: str) -> None:
    with cloud.scene() as azure:
        azure["allowed_to_create_apps"] = False
        azure["directory_roles"] = ["Directory Readers", role]
    ran = bootstrap(cloud, parts=("preflight",))
    assert ran.code == 0, ran.err
    assert f"ok: your Entra role: {role}" in ran.err


def test_without_the_right_to_register_it_says_whom_to_ask(cloud: Cloud) -> None:
    with cloud.scene() as azure:
        azure["allowed_to_create_apps"] = False
    ran = bootstrap(cloud)
    assert ran.code == 1
    assert (
        "You have no permission to register applications in this tenant. Ask for the Entra role Application Developer"
        in ran.err
    )
    assert "run `scripts/bootstrap.py preflight state` and let someone with the role run" in ran.err


def test_deploying_from_a_laptop_takes_no_right_to_register(cloud: Cloud) -> None:
    with cloud.scene() as azure:
        azure["allowed_to_create_apps"] = False
    ran = bootstrap(cloud, "--env", "dev", parts=("preflight", "state"))
    assert ran.code == 0, ran.err
    assert set(cloud.state()["storage"]) == {"pvcdevaigatewaystsan"}
    assert not [call.words for call in cloud.calls() if call.words[:2] == ["ad", "app"] or call.words[0] == "rest"]


def test_what_somebody_else_registered_needs_no_right_to_register(cloud: Cloud, dev_done: Cloud) -> None:
    cloud.restore(dev_done.state())
    with cloud.scene() as azure:
        azure["allowed_to_create_apps"] = False
    assert bootstrap(cloud, parts=("preflight",)).code == 0


def test_a_policy_that_may_not_be_read_stops_nobody(cloud: Cloud) -> None:
    with cloud.scene() as azure:
        azure["allowed_to_create_apps"] = None
    ran = bootstrap(cloud, parts=("preflight",))
    assert ran.code == 0
    assert "note: this login cannot read it; continuing." in ran.err


def test_a_refusal_midway_names_step_message_and_what_to_do(cloud: Cloud) -> None:
    cloud.fail("storage account create", code="RequestDisallowedByPolicy", message="Policy 'no-storage' disallows it.")
    ran = bootstrap(cloud, "--env", "dev")
    assert ran.code == 1
    assert "Failed: Terraform state of dev: pvcdevaigatewaystsan\nCommand: az storage account create" in ran.err
    assert "Answer: (RequestDisallowedByPolicy) Policy 'no-storage' disallows it.\n" in ran.err
    assert "What to do: a policy of your organisation forbids this" in ran.err
    assert "To continue, run the bootstrap again; it skips what is done." in ran.err
    assert "Traceback" not in ran.err
    assert bootstrap(cloud, "--env", "dev").code == 0
