"""What the caller may do in Azure: the roles that hold at the subscription, whoever they were given to.

Assignments to the caller's groups and at the management groups above count. https://learn.microsoft.com/azure/\
role-based-access-control/role-definitions tells how actions and their exceptions are read.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from scripts.bootstrapping.account import Account
from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandLine

NEEDED = {
    "Microsoft.Resources/subscriptions/resourceGroups/write": "create resource groups",
    "Microsoft.Storage/storageAccounts/write": "create storage accounts",
    "Microsoft.Authorization/roleAssignments/write": "assign roles",
}


def check_rights(az: CommandLine, steps: Steps, *, account: Account) -> list[str]:
    """What is wrong with them."""
    with steps.step("Your rights in the subscription"):
        assignments = az.ask(
            *("role", "assignment", "list", "--assignee-object-id", account.caller.id, "--scope", account.scope),
            *("--include-inherited", "--include-groups", "--fill-principal-name", "false"),
        )
        held = {each["roleDefinitionName"] or each["roleDefinitionId"].rsplit("/", 1)[1] for each in assignments}
        roles = {name: _permissions(az, name) for name in sorted(held)}
        steps.found(f"your roles: {', '.join(roles) or 'none'}")
        if any(each.get("condition") for each in assignments):
            steps.noted("a condition limits one of them; whether it is in the way shows later.")
        permissions = [permission for role in roles.values() for permission in role]
    return [
        f"You may not {what} in {account.subscription_name} ({action}). Owner may; so may Contributor together with "
        "User Access Administrator. If you are eligible for one, activate it (Privileged Identity Management); else "
        "ask an owner of the subscription."
        for action, what in NEEDED.items()
        if not allows(permissions, action)
    ]


def allows(permissions: list[dict[str, Any]], action: str) -> bool:
    """Whether one of the permissions names the action and does not except it."""
    return any(
        _names(permission.get("actions"), action) and not _names(permission.get("notActions"), action)
        for permission in permissions
    )


def _names(patterns: list[str] | None, action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns or [])


def _permissions(az: CommandLine, role: str) -> list[dict[str, Any]]:
    definitions = az.ask("role", "definition", "list", "--name", role)
    return [permission for definition in definitions for permission in definition["permissions"]]
