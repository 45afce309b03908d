"""What a plan does to each resource, read from `terraform show -json`.

https://developer.hashicorp.com/terraform/internals/json-format#change-representation
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scripts.terraform.attribute_changes import UNKNOWN, AttributeChange, attribute_changes, readable_path


class Action(StrEnum):
    """What happens to a resource, the most dangerous first."""

    DESTROY = "destroy"
    REPLACE = "replace"
    UPDATE = "update"
    CREATE = "create"


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """What happens to one resource; `forced_by` is why it is replaced."""

    address: str
    resource_type: str
    action: Action
    attributes: tuple[AttributeChange, ...] = ()
    forced_by: tuple[str, ...] = ()

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


def _resource_change(entry: Mapping[str, Any]) -> ResourceChange | None:
    change = entry["change"]
    action = _action(change["actions"])
    if action is None:
        return None
    attributes = attribute_changes(change) if action in {Action.UPDATE, Action.REPLACE} else ()
    forced_by = _forced_by(entry) if action is Action.REPLACE else ()
    if forced_by:  # of a new resource, everything that Azure decides is unknown
        attributes = tuple(attribute for attribute in attributes if attribute.description != UNKNOWN)
    return ResourceChange(
        address=entry["address"],
        resource_type=entry["type"],
        action=action,
        attributes=attributes,
        forced_by=forced_by,
    )


def _action(actions: Sequence[str]) -> Action | None:
    if not set(actions) - {"no-op", "read"}:
        return None
    if "delete" in actions:
        return Action.REPLACE if "create" in actions else Action.DESTROY
    return Action.CREATE if actions == ["create"] else Action.UPDATE


def _forced_by(entry: Mapping[str, Any]) -> tuple[str, ...]:
    if entry.get("action_reason") == "replace_because_tainted":
        return ("tainted: its creation failed",)
    before = entry["change"].get("before")
    return tuple(dict.fromkeys(readable_path(path, within=before) for path in entry["change"].get("replace_paths", [])))
