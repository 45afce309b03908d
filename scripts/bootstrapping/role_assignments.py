"""Azure roles: each assignment is created once, and its condition kept up to date."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from scripts.bootstrapping.access import Grant
from scripts.bootstrapping.account import Principal
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandLine

# A custom role is missing under its name at first.
_NOT_REPLICATED = ("PrincipalNotFound", "RoleDefinitionDoesNotExist", "' doesn't exist")


class RoleAssignments:
    """The role assignments of each principal that needs one; listed once per principal and subscription."""

    def __init__(self, az: CommandLine, progress: Progress) -> None:
        self._az = az
        self._progress = progress
        self._by_principal: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def ensure_all(self, principal: Principal, grants: Iterable[Grant], *, is_shared: bool = False) -> None:
        """The same for each, and a note of every other role that the principal has in these subscriptions.

        A principal that several environments share has more than these grants: only roles on whole subscriptions, which
        no identity needs, are told then.
        """
        granted = list(dict.fromkeys(grants))
        with self._progress.step(f"Roles of {principal.name}"):
            for grant in granted:
                self.ensure(principal, grant)
            for scope in dict.fromkeys(_subscription_in(grant.scope) for grant in granted):
                for each in self._all(principal, scope):
                    is_known = any(_is(each, grant) for grant in granted)
                    if not is_known and (not is_shared or "/resourcegroups/" not in each["scope"].lower()):
                        self._note_other(principal, each)

    def ensure(self, principal: Principal, grant: Grant) -> None:
        """Assign the role unless it is assigned, and give an existing assignment this condition."""
        role, scope, condition = grant.role, grant.scope, grant.condition
        resource = "the subscription" if scope.count("/") == 2 else scope.rsplit("/", 1)[1]
        text = f"{principal.name}: {role} on {resource}"
        existing = next((each for each in self._all(principal, scope) if _is(each, grant)), None)
        if existing is None:
            self._create(principal, role, scope=scope, condition=condition)
            self._progress.created(text)
        elif condition is not None and _without_spaces(existing.get("condition")) != _without_spaces(condition):
            updated = {**existing, "condition": condition, "conditionVersion": "2.0"}
            az = in_subscription_of(self._az, scope)
            az.change("role", "assignment", "update", "--role-assignment", json.dumps(updated))
            self._progress.changed(f"{text}, its condition")
        else:
            self._progress.ok(text)

    def _note_other(self, principal: Principal, assignment: dict[str, Any]) -> None:
        delete = f"az role assignment delete --ids {assignment['id']}"
        self._progress.note(
            f"{principal.name} also has {assignment['roleDefinitionName']} on {assignment['scope']}, which the "
            f"settings do not need. To remove it: {delete}"
        )

    def _all(self, principal: Principal, scope: str) -> list[dict[str, Any]]:
        az = in_subscription_of(self._az, scope)
        key = principal.id, str(az.subscription)
        if key not in self._by_principal:
            self._by_principal[key] = [] if principal.is_new else list_assignments(az, principal.id)
        return self._by_principal[key]

    def _create(self, principal: Principal, role: str, *, scope: str, condition: str | None) -> None:
        conditional = ("--condition", condition, "--condition-version", "2.0") if condition else ()
        in_subscription_of(self._az, scope).change(
            *("role", "assignment", "create", "--role", role, "--scope", scope),
            # With its type, Azure does not look up a principal, which may not be replicated yet.
            *("--assignee-object-id", principal.id, "--assignee-principal-type", principal.type),
            *conditional,
            retry_on=_NOT_REPLICATED,
        )


def _is(assignment: dict[str, Any], grant: Grant) -> bool:
    same_scope: bool = assignment["scope"].lower() == grant.scope.lower()
    return same_scope and assignment["roleDefinitionName"] == grant.role


def _subscription_in(scope: str) -> str:
    return "/".join(scope.split("/")[:3])


def in_subscription_of(az: CommandLine, scope: str) -> CommandLine:
    """`az` for the subscription in this scope."""
    return replace(az, subscription=scope.split("/")[2])


def list_assignments(az: CommandLine, principal_id: str) -> list[dict[str, Any]]:
    """The roles of a principal in the subscription of `az`, on it and on all that is in it."""
    found: list[dict[str, Any]] = az.query(
        *("role", "assignment", "list", "--all", "--assignee-object-id", principal_id),
        *("--fill-principal-name", "false"),
    )
    return found


def _without_spaces(condition: str | None) -> str:
    return "".join((condition or "").split())
