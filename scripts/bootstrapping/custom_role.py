"""The custom role of the plan identity: what `terraform plan` reads by POST, which Reader does not allow.

The provider refreshes a container app with its secrets, and a Log Analytics workspace with its keys.
"""

from __future__ import annotations

import json
from typing import Any

from scripts.bootstrapping.account import Account
from scripts.bootstrapping.steps import Steps
from scripts.cloud.commands import CommandLine

ACTIONS = (
    "Microsoft.App/containerApps/listSecrets/action",
    "Microsoft.OperationalInsights/workspaces/sharedKeys/action",
)


class CustomRole:
    """It, as Azure has it now."""

    def __init__(self, az: CommandLine, *, account: Account, name: str) -> None:
        self._az = az
        self._account = account
        self.name = name
        found = az.ask("role", "definition", "list", "--name", name, "--custom-role-only", "true")
        self._found: dict[str, Any] | None = found[0] if found else None

    @property
    def fits(self) -> bool:
        """Whether it is there and allows what it should, no more."""
        permissions = self._found["permissions"] if self._found else []
        actions = [action for each in permissions for action in each["actions"]]
        others = [name for each in permissions for key in ("notActions", "dataActions") for name in each.get(key) or []]
        return sorted(actions) == sorted(ACTIONS) and not others

    def ensure(self, steps: Steps) -> str:
        """Make or mend it; what to assign it by, for its name is not known everywhere at once."""
        with steps.step(f"Custom role {self.name}"):
            if self.fits and self._found:
                steps.found(self.name)
            elif self._found:
                self._az.change("role", "definition", "update", "--role-definition", json.dumps(self._wanted))
                steps.changed(f"{self.name} allows {' and '.join(ACTIONS)}")
            else:
                made = self._az.change("role", "definition", "create", "--role-definition", json.dumps(self._wanted))
                steps.created(f"{self.name}, which allows {' and '.join(ACTIONS)}")
                return str(made["name"]) if made else self.name
            return str(self._found["name"])

    @property
    def _wanted(self) -> dict[str, Any]:
        named = {"name": self.name}
        if self._found:  # an update finds it by id, and takes its name from here
            named = {"id": self._found["id"], "name": self._found["name"], "roleName": self.name}
        return {
            **named,
            "description": "What a plan of the gateway reads beyond Reader.",
            "actions": list(ACTIONS),
            "notActions": [],
            "assignableScopes": self._found["assignableScopes"] if self._found else [self._account.scope],
        }
