"""Azure roles: each assignment is created once, and its condition kept up to date."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from scripts.bootstrapping.account import Principal
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandLine

STATE_READER = "Storage Blob Data Reader"
STATE_WRITER = "Storage Blob Data Contributor"
SECRETS_WRITER = "Key Vault Secrets Officer"
ROLE_ADMINISTRATOR = "Role Based Access Control Administrator"
_NOT_REPLICATED = ("PrincipalNotFound",)


class RoleAssignments:
    """The role assignments of each principal that needs one; listed once per principal."""

    def __init__(self, az: CommandLine, progress: Progress) -> None:
        self._az = az
        self._progress = progress
        self._by_principal: dict[str, list[dict[str, Any]]] = {}

    def ensure(self, principal: Principal, role: str, *, scope: str, condition: str | None = None) -> None:
        """Assign the role unless it is assigned, and give an existing assignment this condition."""
        resource = "the subscription" if scope.count("/") == 2 else scope.rsplit("/", 1)[1]
        text = f"{principal.name}: {role} on {resource}"
        existing = self._find(principal, role, scope)
        if existing is None:
            self._create(principal, role, scope=scope, condition=condition)
            self._progress.created(text)
        elif condition is not None and _without_spaces(existing.get("condition")) != _without_spaces(condition):
            updated = {**existing, "condition": condition, "conditionVersion": "2.0"}
            self._az.change("role", "assignment", "update", "--role-assignment", json.dumps(updated))
            self._progress.changed(f"{text}, its condition")
        else:
            self._progress.ok(text)

    def _find(self, principal: Principal, role: str, scope: str) -> dict[str, Any] | None:
        for assignment in self._all(principal):
            if assignment["roleDefinitionName"] == role and assignment["scope"].lower() == scope.lower():
                return assignment
        return None

    def _all(self, principal: Principal) -> list[dict[str, Any]]:
        if principal.id not in self._by_principal:
            self._by_principal[principal.id] = (
                []
                if principal.is_new
                else self._az.query(
                    *("role", "assignment", "list", "--all", "--assignee-object-id", principal.id),
                    *("--fill-principal-name", "false"),
                )
            )
        return self._by_principal[principal.id]

    def _create(self, principal: Principal, role: str, *, scope: str, condition: str | None) -> None:
        conditional = ("--condition", condition, "--condition-version", "2.0") if condition else ()
        self._az.change(
            *("role", "assignment", "create", "--role", role, "--scope", scope),
            # With its type, Azure does not look up a principal, which may not be replicated yet.
            *("--assignee-object-id", principal.id, "--assignee-principal-type", principal.type),
            *conditional,
            retry_on=_NOT_REPLICATED,
        )


def delegation_condition(role_ids: Collection[str]) -> str:
    """The condition that lets a role administrator assign and remove only these roles, only for service principals.

    https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-examples
    """
    kind = "Microsoft.Authorization/roleAssignments"
    roles = f"[{kind}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{', '.join(sorted(role_ids))}}}"
    principals = f"[{kind}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {{'ServicePrincipal'}}"
    return " AND ".join(
        f"((!(ActionMatches{{'{kind}/{action}'}})) OR (@{source}{roles} AND @{source}{principals}))"
        for action, source in (("write", "Request"), ("delete", "Resource"))
    )


def _without_spaces(condition: str | None) -> str:
    return "".join((condition or "").split())
