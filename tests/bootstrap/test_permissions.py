"""Whether the caller's roles are sufficient, checked before any change."""

from pathlib import Path
from typing import Any

import pytest

from tests.bootstrap.runs import bootstrap, changed_stacks
from tests.cloud.az.azure import CALLER, SUBSCRIPTION, TEAM, assignment
from tests.cloud.fixtures import Cloud, Ran

SCOPE = f"/subscriptions/{SUBSCRIPTION}"
MANAGEMENT_GROUP = "/providers/Microsoft.Management/managementGroups/root"


def _preflight(cloud: Cloud, *held: tuple[str, str, str]) -> Ran:
    with cloud.edit() as azure:
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
    ],
    ids=["own", "of a group", "of a management group", "two together"],
)
def test_sufficient_roles_at_any_scope_and_by_groups(cloud: Cloud, held: list[tuple[str, str, str]]) -> None:
    ran = _preflight(cloud, *held)
    assert ran.code == 0, ran.err


def test_a_contributor_may_not_assign_roles(cloud: Cloud) -> None:
    ran = _preflight(cloud, (CALLER, "Contributor", SCOPE))
    assert ran.code == 1
    assert (
        "You have no permission to assign roles in Gateway (Microsoft.Authorization/roleAssignments/write)." in ran.err
    )
    assert "create storage accounts" not in ran.err


def test_whoever_may_assign_roles_may_not_define_one_which_a_laptop_does_not_need(cloud: Cloud) -> None:
    ran = _preflight(cloud, (CALLER, "Contributor", SCOPE), (CALLER, "Role Based Access Control Administrator", SCOPE))
    assert ran.code == 1
    [problem] = [line for line in ran.err.splitlines() if line.startswith("- ")]
    assert "no permission to create a custom role in Gateway (Microsoft.Authorization/roleDefinitions/write)" in problem
    ran = bootstrap(cloud, "--env", "dev", parts=("preflight", "group", "state"))
    assert ran.code == 0, ran.err


def test_a_lock_needs_a_permission_of_its_own(cloud: Cloud, stacks: Path, tmp_path: Path) -> None:
    with cloud.edit() as azure:
        azure["role_assignments"] = [
            assignment(CALLER, role, SCOPE, number=number)
            for number, role in enumerate(("Contributor", "Role Based Access Control Administrator"))
        ]

    def lock(_: str, content: dict[str, Any]) -> None:
        content["//"]["delete_lock"] = True

    environ = changed_stacks(stacks, tmp_path / "locked", lock)
    ran = bootstrap(cloud, parts=("preflight", "group"), env=environ)
    assert ran.code == 1
    assert (
        "You have no permission to lock a resource group in Gateway (Microsoft.Authorization/locks/write)." in ran.err
    )


def test_a_role_administrator_may_not_create_resources(cloud: Cloud) -> None:
    ran = _preflight(cloud, (CALLER, "Role Based Access Control Administrator", SCOPE))
    assert ran.code == 1
    for what in ("create resource groups", "create storage accounts"):
        assert f"You have no permission to {what} in Gateway" in ran.err
    assert "assign roles" not in ran.err


def test_a_role_on_a_resource_group_is_not_sufficient(cloud: Cloud) -> None:
    ran = _preflight(cloud, (CALLER, "Owner", f"{SCOPE}/resourceGroups/somewhere"))
    assert ran.code == 1
    assert "ok: your roles: none" in ran.err


def test_a_condition_on_a_role_is_noted(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        azure["role_assignments"][0]["condition"] = "@Request[...]"
    assert "note: one of them has a condition" in bootstrap(cloud, parts=("preflight",)).err


@pytest.mark.parametrize("role", ["Application Developer", "Cloud Application Administrator"])
def test_an_entra_role_permits_registration_where_the_policy_does_not(cloud: Cloud, role: str) -> None:
    with cloud.edit() as azure:
        azure["allowed_to_create_apps"] = False
        azure["directory_roles"] = ["Directory Readers", role]
    ran = bootstrap(cloud, parts=("preflight",))
    assert ran.code == 0, ran.err
    assert f"ok: your Entra role: {role}" in ran.err


def test_a_missing_permission_to_register_is_reported(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        azure["allowed_to_create_apps"] = False
    ran = bootstrap(cloud)
    assert ran.code == 1
    assert (
        "You have no permission to register applications in this tenant. Ask for the Entra role Application Developer"
        in ran.err
    )
    assert "run `scripts/bootstrap.py preflight group state` and let someone with the role run" in ran.err


def test_deploying_from_a_laptop_needs_no_permission_to_register(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        azure["allowed_to_create_apps"] = False
    ran = bootstrap(cloud, "--env", "dev", parts=("preflight", "group", "state"))
    assert ran.code == 0, ran.err
    assert set(cloud.state()["storage"]) == {"pvcdevaigatewaystsan"}
    assert not [call.words for call in cloud.calls() if call.words[:2] == ["ad", "app"] or call.words[0] == "rest"]


def test_existing_applications_need_no_permission_to_register(cloud: Cloud, dev_prepared: Cloud) -> None:
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        azure["allowed_to_create_apps"] = False
    assert bootstrap(cloud, "--env", "dev", parts=("preflight",)).code == 0


def test_an_unreadable_policy_is_no_failure(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        azure["allowed_to_create_apps"] = None
    ran = bootstrap(cloud, parts=("preflight",))
    assert ran.code == 0
    assert "note: this login cannot read it; continuing." in ran.err
