"""Role assignments: each is made once, and its condition kept as it should be."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from scripts.bootstrapping.account import Principal
from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandLine

_NOT_YET = ("PrincipalNotFound",)


class Assignments:
    """The role assignments of everybody to whom this bootstrap gives any; each is asked for once."""

    def __init__(self, az: CommandLine, steps: Steps) -> None:
        self._az = az
        self._steps = steps
        self._of: dict[str, list[dict[str, Any]]] = {}

    def ensure(self, principal: Principal, role: str, *, scope: str, condition: str | None = None) -> None:
        """Give the role, unless it is there; one with another condition gets this one."""
        where = "the subscription" if scope.count("/") == 2 else scope.rsplit("/", 1)[1]
        text = f"{principal.name}: {role} on {where}"
        given = self._find(principal, role, scope)
        if given is None:
            self._create(principal, role, scope=scope, condition=condition)
            self._steps.created(text)
        elif condition is not None and _plain(given.get("condition")) != _plain(condition):
            new = {**given, "condition": condition, "conditionVersion": "2.0"}
            self._az.change("role", "assignment", "update", "--role-assignment", json.dumps(new))
            self._steps.changed(f"{text}, its condition")
        else:
            self._steps.found(text)

    def _find(self, principal: Principal, role: str, scope: str) -> dict[str, Any] | None:
        for given in self._all(principal):
            if given["roleDefinitionName"] == role and given["scope"].lower() == scope.lower():
                return given
        return None

    def _all(self, principal: Principal) -> list[dict[str, Any]]:
        if principal.id not in self._of:
            self._of[principal.id] = (
                []
                if principal.is_new
                else self._az.ask(
                    *("role", "assignment", "list", "--all", "--assignee-object-id", principal.id),
                    *("--fill-principal-name", "false"),
                )
            )
        return self._of[principal.id]

    def _create(self, principal: Principal, role: str, *, scope: str, condition: str | None) -> None:
        conditional = ("--condition", condition, "--condition-version", "2.0") if condition else ()
        self._az.change(
            *("role", "assignment", "create", "--role", role, "--scope", scope),
            # With the type, Azure does not look the principal up, which may not have reached it yet.
            *("--assignee-object-id", principal.id, "--assignee-principal-type", principal.type),
            *conditional,
            not_yet=_NOT_YET,
        )


def only_roles(ids: Collection[str]) -> str:
    """The condition by which a role administrator gives and takes these roles and no others, and to no person.

    https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-examples
    """
    kind = "Microsoft.Authorization/roleAssignments"
    roles = f"[{kind}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{', '.join(sorted(ids))}}}"
    principals = f"[{kind}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {{'ServicePrincipal'}}"
    return " AND ".join(
        f"((!(ActionMatches{{'{kind}/{action}'}})) OR (@{source}{roles} AND @{source}{principals}))"
        for action, source in (("write", "Request"), ("delete", "Resource"))
    )


def _plain(condition: str | None) -> str:
    return "".join((condition or "").split())
