"""What a plan does to each resource, read from `terraform show -json`.

https://developer.hashicorp.com/terraform/internals/json-format#change-representation
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scripts.terraform.attribute_changes import (
    UNKNOWN,
    AttributeChange,
    attribute_changes,
    exact_text,
    public_values,
    readable_path,
)
from scripts.terraform.created_resources import created, name_of

TAINTED = "tainted: its creation failed"
"""Why Terraform replaces what a failed deployment left unfinished."""
_DEPOSED = " (deposed)"
"""Ends the address of the old one of a replacement, which could not be deleted after the new one was made."""


class Action(StrEnum):
    """What happens to a resource, the most dangerous first."""

    DESTROY = "destroy"
    REPLACE = "replace"
    FORGET = "forget"
    UPDATE = "update"
    CREATE = "create"


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """What happens to one resource; `forced_by` is why it is replaced, `name` what Azure calls it."""

    address: str
    resource_type: str
    action: Action
    name: str = ""
    attributes: tuple[AttributeChange, ...] = ()
    forced_by: tuple[str, ...] = ()

    @property
    def is_deposed(self) -> bool:
        """Whether it is what a replacement has left, and nothing uses it any more."""
        return self.address.endswith(_DEPOSED)

    def updates(self, attribute: str) -> bool:
        """Whether the plan changes that attribute."""
        return any(attribute == change.path for change in self.attributes)


def resource_changes(plan: Mapping[str, Any]) -> tuple[ResourceChange, ...]:
    """All of them, the most dangerous first; without those that Terraform only reads."""
    found = [change for entry in plan.get("resource_changes", []) if (change := _resource_change(entry))]
    order = list(Action)
    return tuple(sorted(found, key=lambda change: (order.index(change.action), change.address)))


def changed_outputs(plan: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the outputs whose value changes."""
    outputs = plan.get("output_changes", {})
    return tuple(sorted(name for name, change in outputs.items() if change["actions"] != ["no-op"]))


def is_first(plan: Mapping[str, Any]) -> bool:
    """Whether the plan creates everything: there is nothing yet."""
    managed = [entry for entry in plan.get("resource_changes", []) if entry.get("mode", "managed") == "managed"]
    return all(entry["change"]["actions"] == ["create"] for entry in managed)


def digest_of(changes: Sequence[ResourceChange], *, outputs: Sequence[str], is_first: bool) -> str:
    """Identifies what a plan would change, in 32 hex digits, from values that are no secrets.

    Of a first deployment it covers which resources are created, not their values: whoever may only read cannot plan
    without a state, and nothing exists that could differ from what was reviewed.
    """
    if is_first:
        content = exact_text("first", sorted(change.address for change in changes))
    else:
        content = exact_text(sorted(_exact(change) for change in changes), sorted(outputs))
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _exact(change: ResourceChange) -> str:
    attributes = sorted((attribute.path, attribute.exact or attribute.description) for attribute in change.attributes)
    return exact_text(change.address, change.action, change.name, sorted(change.forced_by), attributes)


def _resource_change(entry: Mapping[str, Any]) -> ResourceChange | None:
    change = entry["change"]
    action = _action(change["actions"])
    if action is None:
        return None
    attributes = _attributes(change, action)
    forced_by = _forced_by(entry) if action is Action.REPLACE else ()
    if forced_by:  # of a new resource, everything that Azure decides is unknown
        attributes = tuple(attribute for attribute in attributes if attribute.description != UNKNOWN)
    return ResourceChange(
        address=entry["address"] + (_DEPOSED if "deposed" in entry else ""),
        resource_type=entry["type"],
        action=action,
        name=next(filter(None, map(name_of, public_values(change))), ""),
        attributes=attributes,
        forced_by=forced_by,
    )


def _attributes(change: Mapping[str, Any], action: Action) -> tuple[AttributeChange, ...]:
    if action is Action.CREATE:
        return created(change)
    return attribute_changes(change) if action in {Action.UPDATE, Action.REPLACE} else ()


def _action(actions: Sequence[str]) -> Action | None:
    if not set(actions) - {"no-op", "read"}:
        return None
    if "delete" in actions:
        return Action.REPLACE if "create" in actions else Action.DESTROY
    if "forget" in actions:
        return Action.REPLACE if "create" in actions else Action.FORGET
    return Action.CREATE if actions == ["create"] else Action.UPDATE


def _forced_by(entry: Mapping[str, Any]) -> tuple[str, ...]:
    if entry.get("action_reason") == "replace_because_tainted":
        return (TAINTED,)
    before = entry["change"].get("before")
    return tuple(dict.fromkeys(readable_path(path, within=before) for path in entry["change"].get("replace_paths", [])))
