"""Whether the caller may register applications in Microsoft Entra ID.

Everybody may unless the tenant's policy says otherwise; then it takes one of four roles.
https://learn.microsoft.com/entra/identity/role-based-access-control/delegate-app-roles
"""

from __future__ import annotations

from scripts.bootstrapping.account import Account
from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandError, CommandLine

_GRAPH = "https://graph.microsoft.com/v1.0"
_MAY_NOT = (
    "You may not register applications in this tenant. Ask for the Entra role Application Developer, or run "
    "`scripts/bootstrap.py preflight state` and let somebody who has it run `scripts/bootstrap.py identities` then. To "
    "deploy from a laptop, the former is enough."
)
_ROLES = frozenset(
    {
        "Application Administrator",
        "Application Developer",
        "Cloud Application Administrator",
        "Global Administrator",
    }
)


def check_registration(az: CommandLine, steps: Steps, *, account: Account) -> list[str]:
    """What is wrong; nothing when it cannot be found out."""
    with steps.step("Your right to register applications"):
        try:
            if account.caller.type == "User" and _anybody_may(az):
                steps.found("everybody in this tenant may")
                return []
            roles = _directory_roles(az) if account.caller.type == "User" else None
        except CommandError:
            roles = None
        if roles is None:
            steps.noted("it cannot be found out with this login; going on.")
            return []
        if mine := sorted(roles & _ROLES):
            steps.found(f"your role in the directory: {', '.join(mine)}")
            return []
    return [_MAY_NOT]


def _anybody_may(az: CommandLine) -> bool:
    policy = az.ask("rest", "--method", "get", "--url", f"{_GRAPH}/policies/authorizationPolicy")
    return bool(policy["defaultUserRolePermissions"]["allowedToCreateApps"])


def _directory_roles(az: CommandLine) -> set[str]:
    url = f"{_GRAPH}/me/transitiveMemberOf/microsoft.graph.directoryRole"
    return {role["displayName"] for role in az.ask("rest", "--method", "get", "--url", url)["value"]}
