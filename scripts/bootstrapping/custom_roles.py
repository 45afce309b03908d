"""Custom roles for what no built-in role allows alone; each is called after the identity that needs it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandLine
from settings.roles import LIST_DELETED_WORKSPACES

READING = (
    "Microsoft.App/containerApps/listSecrets/action",
    "Microsoft.OperationalInsights/workspaces/sharedKeys/action",
)
"""What azurerm calls in a refresh of the stacks, which return secrets, so Reader has them not."""
DEPLOYING = (LIST_DELETED_WORKSPACES,)
JOINING = ("Microsoft.Network/virtualNetworks/subnets/join/action",)
"""On a subnet: Network Contributor could also change it."""


def ensure_custom_role(az: CommandLine, progress: Progress, *, name: str, actions: Sequence[str], scope: str) -> None:
    """Create or correct it; it can be assigned in the subscription `scope`, which gives nobody a right there.

    The name of a custom role is unique in a tenant.
    """
    with progress.step(f"Custom role {name}"):
        wanted = {
            "description": f"What the identity {name} needs besides built-in roles. Made by scripts/bootstrap.py.",
            "actions": list(actions),
            "assignableScopes": [scope],
        }
        text = f"role {name}: {', '.join(actions)}"
        found: list[dict[str, Any]] = az.query("role", "definition", "list", "--name", name)
        if not found:
            az.change("role", "definition", "create", "--role-definition", json.dumps({"name": name, **wanted}))
            progress.created(text)
        elif _differs(found[0], actions, scope):
            content = {"id": found[0]["id"], "roleName": name, **wanted}
            az.change("role", "definition", "update", "--role-definition", json.dumps(content))
            progress.changed(text)
        else:
            progress.ok(text)


def _differs(role: dict[str, Any], actions: Sequence[str], scope: str) -> bool:
    """Whether it allows anything else, or cannot be assigned there."""
    allowed = [
        {kind: sorted(permission.get(kind) or []) for kind in ("actions", "notActions", "dataActions")}
        for permission in role["permissions"]
    ]
    wanted = [{"actions": sorted(actions), "notActions": [], "dataActions": []}]
    return allowed != wanted or scope.lower() not in {each.lower() for each in role["assignableScopes"]}
