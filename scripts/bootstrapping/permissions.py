"""Whether the caller may create resources and role assignments in the subscription, and register applications.

For preflight.py: whether whoever deploys may assign a role.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from scripts.azure.role_permissions import allow, find_assignments, find_permissions
from scripts.bootstrapping.account import Account
from scripts.bootstrapping.app_registrations import find_app, find_principals
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandError, CommandLine

_ASSIGN_ROLES = "Microsoft.Authorization/roleAssignments/write"
REQUIRED_ACTIONS = {
    "Microsoft.Resources/subscriptions/resourceGroups/write": "create resource groups",
    "Microsoft.Storage/storageAccounts/write": "create storage accounts",
    _ASSIGN_ROLES: "assign roles",
}
_OF_IDENTITIES = {"Microsoft.Authorization/roleDefinitions/write": "create a custom role"}
_OF_LOCKS = {"Microsoft.Authorization/locks/write": "lock a resource group"}
# https://learn.microsoft.com/entra/identity/role-based-access-control/delegate-app-roles
REGISTERING_ROLES = frozenset(
    {
        "Application Administrator",
        "Application Developer",
        "Cloud Application Administrator",
        "Global Administrator",
    }
)
_MAY_NOT_REGISTER = (
    "You have no permission to register applications in this tenant. Ask for the Entra role Application Developer, or "
    "run `scripts/bootstrap.py preflight group state` and let someone with the role run `scripts/bootstrap.py "
    "identities`. To deploy from a laptop, the first command is enough."
)
_GRAPH = "https://graph.microsoft.com/v1.0"


def required_actions(*, makes_identities: bool, locks: bool) -> dict[str, str]:
    """What the bootstrap does in a subscription, by action."""
    return REQUIRED_ACTIONS | (_OF_IDENTITIES if makes_identities else {}) | (_OF_LOCKS if locks else {})


def check_azure_roles(
    az: CommandLine, progress: Progress, *, account: Account, actions: Mapping[str, str]
) -> list[str]:
    """A message for each missing permission. Roles of the caller's groups and of management groups count.

    https://learn.microsoft.com/azure/role-based-access-control/role-definitions
    """
    with progress.step(f"Your Azure roles in {account.subscription_name}"):
        assignments = find_assignments(az, account.caller.id, scope=account.scope)
        names = {each["roleDefinitionName"] or each["roleDefinitionId"].rsplit("/", 1)[1] for each in assignments}
        roles = {name: find_permissions(az, name) for name in sorted(names)}
        progress.ok(f"your roles: {', '.join(roles) or 'none'}")
        if any(each.get("condition") for each in assignments):
            progress.note("one of them has a condition, which may block a later step.")
        permissions = [permission for role in roles.values() for permission in role]
    return [
        f"You have no permission to {what} in {account.subscription_name} ({action}). You need Owner, or Contributor "
        "and User Access Administrator. Activate an eligible role (Privileged Identity Management), or ask an owner "
        "of the subscription."
        for action, what in actions.items()
        if not allow(permissions, action)
    ]


def check_deployer(
    az: CommandLine, progress: Progress, *, account: Account, group: str, identity: str, roles: Collection[str]
) -> list[str]:
    """A message if a deployment may not assign these roles, by id, in its group; none if this login cannot find out.

    With workflows the deployer is their `identity`, whose right has a condition with the roles that it may assign;
    without them it is the caller.
    """
    with progress.step("The deployer's right to assign roles"):
        scope = f"{account.scope}/resourceGroups/{group}"
        try:
            app = find_app(az, identity)
            principals = find_principals(az, app["appId"]) if app else []
            principal = principals[0] if principals else account.caller.id
            name = identity if principals else account.caller.name
            rights = [
                each.get("condition") or ""
                for each in find_assignments(az, principal, scope=scope)
                if each["roleDefinitionName"] and allow(find_permissions(az, each["roleDefinitionName"]), _ASSIGN_ROLES)
            ]
        except CommandError:
            progress.note("this login cannot read it; continuing.")
            return []
        missing = [role for role in roles if not any(not condition or role in condition for condition in rights)]
        if not missing:
            progress.ok(f"{name} may assign the stack's roles")
            return []
    do = "Run `python3 scripts/bootstrap.py identities`." if principals else "Ask an owner of the subscription."
    return [f"{name} deploys and may not assign roles of the stack ({', '.join(missing)}). {do}"]


def check_app_registration(az: CommandLine, progress: Progress, *, account: Account) -> list[str]:
    """A message if the caller may not register applications; none when this login cannot find out."""
    with progress.step("Your permission to register applications"):
        try:
            if account.caller.type == "User" and _all_users_may_register(az):
                progress.ok("every user in this tenant may register applications")
                return []
            roles = _directory_roles(az) if account.caller.type == "User" else None
        except CommandError:
            roles = None
        if roles is None:
            progress.note("this login cannot read it; continuing.")
            return []
        if suitable := sorted(roles & REGISTERING_ROLES):
            progress.ok(f"your Entra role: {', '.join(suitable)}")
            return []
    return [_MAY_NOT_REGISTER]


def _all_users_may_register(az: CommandLine) -> bool:
    policy = az.query("rest", "--method", "get", "--url", f"{_GRAPH}/policies/authorizationPolicy")
    return bool(policy["defaultUserRolePermissions"]["allowedToCreateApps"])


def _directory_roles(az: CommandLine) -> set[str]:
    url = f"{_GRAPH}/me/transitiveMemberOf/microsoft.graph.directoryRole"
    return {role["displayName"] for role in az.query("rest", "--method", "get", "--url", url)["value"]}
