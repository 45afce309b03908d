"""`az role`."""

from __future__ import annotations

import json
import re

from tests.cloud.az.azure import TEAM, Azure, guid_of, is_above
from tests.cloud.az.commands import AzError, Json, command, missing
from tests.cloud.az.group import found as found_group

Truth = bool


@command("role definition list")
def definition_list(azure: Azure, *, name: str, scope: str | None = None) -> list[Json]:  # noqa: ARG001
    """By the name that people read or by the GUID; all that can be assigned in the subscription."""
    return [role for role in azure.definitions() if name in {role["name"], role["roleName"]}]


@command("role definition create", changes=True)
def definition_create(azure: Azure, *, role_definition: str) -> Json:
    """A custom role; its name is unique in the tenant."""
    wanted = json.loads(role_definition)
    _check_definition(azure, wanted)
    if any(each["roleName"] == wanted["name"] for each in azure["custom_roles"]):
        raise AzError("RoleDefinitionWithSameNameExists", f"A custom role named '{wanted['name']}' exists already.")
    azure["custom_roles"].append(_custom(azure.guid(), wanted["name"], wanted))
    return _definition(azure, wanted["name"])


@command("role definition update", changes=True)
def definition_update(azure: Azure, *, role_definition: str) -> Json:
    """The one with this id."""
    wanted = json.loads(role_definition)
    _check_definition(azure, wanted)
    for each in azure["custom_roles"]:
        if each["name"] == guid_of(wanted["id"]):
            each.update(_custom(each["name"], wanted["roleName"], wanted))
            return _definition(azure, each["name"])
    raise missing("RoleDefinitionDoesNotExist", f"The role definition '{wanted['id']}' does not exist.")


@command("role definition delete", changes=True)
def definition_delete(azure: Azure, *, name: str, custom_role_only: Truth = False) -> None:
    """By its name or GUID; not while somebody has the role."""
    assert custom_role_only, "it could be a built-in role"
    for each in [each for each in azure["custom_roles"] if name in {each["name"], each["roleName"]}]:
        azure.require("Microsoft.Authorization/roleDefinitions/delete", azure.scope)
        if any(guid_of(given["roleDefinitionId"]) == each["name"] for given in azure["role_assignments"]):
            raise AzError("RoleDefinitionHasAssignments", f"There are existing role assignments of role {name}.")
        azure["custom_roles"].remove(each)


def _definition(azure: Azure, name: str) -> Json:
    return next(role for role in azure.definitions() if name in {role["name"], role["roleName"]})


def _check_definition(azure: Azure, wanted: Json) -> None:
    """Who defines a role must be allowed to wherever it can be assigned."""
    for scope in wanted["assignableScopes"]:
        azure.require("Microsoft.Authorization/roleDefinitions/write", scope)


def _custom(name: str, role: str, wanted: Json) -> Json:
    """One as it is kept."""
    return {
        "name": name,
        "roleName": role,
        "actions": wanted["actions"],
        "assignableScopes": wanted["assignableScopes"],
    }


@command("role assignment list")
def assignment_list(
    azure: Azure,
    *,
    scope: str | None = None,
    assignee_object_id: str | None = None,
    include_inherited: bool = False,
    include_groups: bool = False,
    all: bool = False,
    fill_principal_name: Truth = True,  # noqa: ARG001
) -> list[Json]:
    """At the scope itself unless told otherwise; `--all` is everything in the subscription, whatever the scope."""
    if all and scope:
        raise AzError("", "group or scope are not required when --all is used")
    at = scope or azure.scope
    who = {assignee_object_id, TEAM} if include_groups else {assignee_object_id}
    names = {role["name"]: role["roleName"] for role in azure.definitions()}
    return [
        {**given, "roleDefinitionName": names.get(guid_of(given["roleDefinitionId"]))}
        for given in azure["role_assignments"]
        if (assignee_object_id is None or given["principalId"] in who)
        and (
            (all and is_above(azure.scope, given["scope"]))
            or given["scope"].lower() == at.lower()
            or ((all or include_inherited) and is_above(given["scope"], at))
        )
    ]


@command("role assignment create", changes=True)
def assignment_create(
    azure: Azure,
    *,
    role: str,
    scope: str,
    assignee_object_id: str,
    assignee_principal_type: str,
    condition: str | None = None,
    condition_version: str | None = None,
) -> Json:
    """One that exists is answered as it is, whatever its condition."""
    azure.require("Microsoft.Authorization/roleAssignments/write", scope)
    _require_scope(azure, scope)
    definitions = definition_list(azure, name=guid_of(role))
    if not definitions:
        raise AzError("", f"Role '{role}' doesn't exist.")
    if assignee_principal_type not in {"User", "Group", "ServicePrincipal", "ForeignGroup"}:
        raise AzError("", f"argument --assignee-principal-type: invalid choice: '{assignee_principal_type}'")
    for given in azure["role_assignments"]:
        same = (given["principalId"], given["scope"], guid_of(given["roleDefinitionId"]))
        if same == (assignee_object_id, scope, definitions[0]["name"]):
            found: Json = given
            return found
    name = azure.guid()
    new = {
        "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
        "name": name,
        "principalId": assignee_object_id,
        "principalType": assignee_principal_type,
        "roleDefinitionId": definitions[0]["id"],
        "scope": scope,
        "condition": condition,
        "conditionVersion": (condition_version or "2.0") if condition else None,
    }
    azure["role_assignments"].append(new)
    return new


def _require_scope(azure: Azure, scope: str) -> None:
    """Azure's 404 unless it is the subscription, or a resource group or a resource that exists."""
    found = re.fullmatch(rf"{azure.scope}(/resourceGroups/([^/]+)(/providers/(.+)/([^/]+))?)?", scope)
    if not found:
        raise missing("InvalidScope", f"The scope '{scope}' is invalid.")
    _, group, of_resource, kind, name = found.groups()
    if scope in {each["id"] for each in azure["resources"]}:
        return
    if group:
        found_group(azure, group)
    if of_resource and scope not in {account["id"] for account in azure["storage"].values()}:
        raise missing("ResourceNotFound", f"The Resource '{kind}/{name}' under resource group '{group}' was not found.")


@command("role assignment delete", changes=True)
def assignment_delete(azure: Azure, *, ids: list[str]) -> None:
    """Whatever there is with these ids."""
    for given in [given for given in azure["role_assignments"] if given["id"] in ids]:
        azure.require("Microsoft.Authorization/roleAssignments/delete", given["scope"])
        azure["role_assignments"].remove(given)


@command("role assignment update", changes=True)
def assignment_update(azure: Azure, *, role_assignment: str) -> Json:
    """Found by scope and name."""
    wanted = json.loads(role_assignment)
    azure.require("Microsoft.Authorization/roleAssignments/write", wanted["scope"])
    for given in azure["role_assignments"]:
        if (given["scope"], given["name"]) == (wanted["scope"], wanted["name"]):
            given.update({"condition": wanted["condition"], "conditionVersion": wanted["conditionVersion"]})
            found: Json = given
            return found
    raise AzError("RoleAssignmentNotFound", f"The role assignment '{wanted['name']}' is not found.")
