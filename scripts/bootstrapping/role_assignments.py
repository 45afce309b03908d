"""Azure roles: each assignment is created once, and its condition kept up to date."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from scripts.bootstrapping.access import Grant
from scripts.bootstrapping.account import Principal
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandError, CommandLine
from settings.resource_ids import subscription_of

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

        A principal that several environments share has more than these grants: only roles where these are, and on whole
        subscriptions, which no identity needs, are told then.
        """
        granted = list(dict.fromkeys(grants))
        with self._progress.step(f"Roles of {principal.name}"):
            for grant in granted:
                self.ensure(principal, grant)
            for each in self._known(principal):
                is_granted = any(_is(each, grant) for grant in granted)
                scope = f"{each['scope']}/".lower()
                is_here = "/resourcegroups/" not in scope or any(
                    scope.startswith(f"{grant.scope}/".lower()) for grant in granted
                )
                if not is_granted and (is_here or not is_shared):
                    self._note_other(principal, each)

    def ensure(self, principal: Principal, grant: Grant) -> None:
        """Assign the role unless it is assigned, and give an existing assignment this condition.

        What cannot be assigned on others' resources is told, for their owner.
        """
        try:
            self._ensure(principal, grant)
        except CommandError as failure:
            if not grant.is_on_others:
                raise
            command = shlex.join(["az", *_create(principal, grant)])
            self._progress.note(
                f"{_described(principal, grant)}: {failure.message}\n  If its owner has not given this right in "
                f"another way (docs/existing.md#rights), let them run:\n    {command}"
            )

    def _ensure(self, principal: Principal, grant: Grant) -> None:
        text, az = _described(principal, grant), in_subscription_of(self._az, grant.scope)
        existing = next((each for each in self._all(principal, grant.scope) if _is(each, grant)), None)
        condition = grant.condition
        if existing is None:
            az.change(*_create(principal, grant), retry_on=_NOT_REPLICATED)
            self._progress.created(text)
        elif condition is not None and _without_spaces(existing.get("condition")) != _without_spaces(condition):
            updated = {**existing, "condition": condition, "conditionVersion": "2.0"}
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

    def _known(self, principal: Principal) -> list[dict[str, Any]]:
        """Those that were listed."""
        return [each for (id_, _), found in self._by_principal.items() if id_ == principal.id for each in found]


def _create(principal: Principal, grant: Grant) -> tuple[str, ...]:
    conditional = ("--condition", grant.condition, "--condition-version", "2.0") if grant.condition else ()
    return (
        *("role", "assignment", "create", "--role", grant.role, "--scope", grant.scope),
        # With its type, Azure does not look up a principal, which may not be replicated yet.
        *("--assignee-object-id", principal.id, "--assignee-principal-type", principal.type),
        *conditional,
    )


def _described(principal: Principal, grant: Grant) -> str:
    resource = "the subscription" if grant.scope.count("/") == 2 else grant.scope.rsplit("/", 1)[1]
    return f"{principal.name}: {grant.role} on {resource}"


def _is(assignment: dict[str, Any], grant: Grant) -> bool:
    same_scope: bool = assignment["scope"].lower() == grant.scope.lower()
    return same_scope and assignment["roleDefinitionName"] == grant.role


def in_subscription_of(az: CommandLine, scope: str) -> CommandLine:
    """`az` for the subscription in this scope."""
    return replace(az, subscription=subscription_of(scope))


def list_assignments(az: CommandLine, principal_id: str) -> list[dict[str, Any]]:
    """The roles of a principal in the subscription of `az`, on it and on all that is in it."""
    found: list[dict[str, Any]] = az.query(*assignments_of(principal_id))
    return found


def assignments_of(principal_id: str) -> tuple[str, ...]:
    """The command that lists them, also after the principal is gone."""
    return (
        "role",
        "assignment",
        "list",
        "--all",
        "--assignee-object-id",
        principal_id,
        "--fill-principal-name",
        "false",
    )


def _without_spaces(condition: str | None) -> str:
    return "".join((condition or "").split())
