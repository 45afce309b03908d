"""What a principal may do in Azure: its role assignments, and what their roles allow.

https://learn.microsoft.com/azure/role-based-access-control/role-definitions
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal

from scripts.cli.command_line import CommandLine

Json = Mapping[str, Any]

_NOT = {"actions": "notActions", "dataActions": "notDataActions"}


def find_assignments(az: CommandLine, principal: str, *, scope: str) -> list[Json]:
    """The roles that the principal has there, inherited ones and those of its groups among them."""
    found: list[Json] = az.query(
        *("role", "assignment", "list", "--assignee-object-id", principal, "--scope", scope),
        *("--include-inherited", "--include-groups", "--fill-principal-name", "false"),
    )
    return found


def find_permissions(az: CommandLine, role: str) -> list[Json]:
    """Those of a role, by its name or the GUID in its id."""
    definitions = az.query("role", "definition", "list", "--name", role)
    return [permission for definition in definitions for permission in definition["permissions"]]


def allow(permissions: Iterable[Json], action: str, *, kind: Literal["actions", "dataActions"] = "actions") -> bool:
    """Whether one of them allows the action. Whoever may change a resource may not therefore use its data."""
    return any(
        _matches(permission.get(kind), action) and not _matches(permission.get(_NOT[kind]), action)
        for permission in permissions
    )


def _matches(patterns: Sequence[str] | None, action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns or [])
