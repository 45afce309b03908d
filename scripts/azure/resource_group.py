"""The resource group of an environment: what is in it, and what protects it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError

_OF_AZURE = {
    "microsoft.alertsmanagement/smartdetectoralertrules": "Failure Anomalies - ",
    "microsoft.insights/actiongroups": "Application Insights Smart Detection",
}
"""What Azure adds to an Application Insights by itself, by type: how its name begins.

https://learn.microsoft.com/azure/azure-monitor/alerts/proactive-failure-diagnostics
"""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource; its type and id in lower case, because Azure does not always write them the same way."""

    id: str
    type: str
    name: str

    @property
    def is_of_azure(self) -> bool:
        """Whether nobody made it."""
        return self.name.startswith(_OF_AZURE.get(self.type, "\0"))

    def __str__(self) -> str:
        return f"{self.type} {self.name}"


@dataclass(frozen=True, kw_only=True)
class ResourceGroup:
    """A group that exists."""

    az: CommandLine
    name: str
    id: str

    @classmethod
    def find(cls, az: CommandLine, name: str) -> ResourceGroup | None:
        """The group of that name."""
        found = az.find("group", "show", "--name", name)
        return cls(az=az, name=name, id=found["id"]) if found else None

    def resources(self) -> list[Resource]:
        """Everything in it."""
        return [
            Resource(id=each["id"].lower(), type=each["type"].lower(), name=each["name"])
            for each in self.az.query("resource", "list", "--resource-group", self.name)
        ]

    def require_no_lock(self) -> None:
        """`ScriptError` with the commands that remove its locks: somebody made them so that a person decides."""
        locks = self.az.query("lock", "list", "--resource-group", self.name)
        if locks:
            names = ", ".join(f"{each['name']} ({each['level']})" for each in locks)
            commands = "\n".join(f"  {shlex.join(['az', 'lock', 'delete', '--ids', each['id']])}" for each in locks)
            raise ScriptError(
                f"{self.name} is locked: {names}. Nothing was changed. If it may go, remove the lock:\n{commands}"
            )

    def delete(self) -> None:
        """With all that is in it; the answer comes when it is gone."""
        self.az.change("group", "delete", "--name", self.name, "--yes")
