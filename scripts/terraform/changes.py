"""What a plan does to each resource, read from `terraform show -json`.

https://developer.hashicorp.com/terraform/internals/json-format#change-representation
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scripts.terraform.differences import LATER, Difference, differences
from scripts.terraform.paths import path_of


class Action(StrEnum):
    """What happens to a resource, in the order in which a reader wants it."""

    DESTROYED = "destroyed"
    REPLACED = "replaced"
    CHANGED = "changed"
    CREATED = "created"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One resource's; `forced_by` are the attributes that cannot change without a new one."""

    address: str
    kind: str
    action: Action
    differences: tuple[Difference, ...] = ()
    forced_by: tuple[str, ...] = ()


def changes(plan: Mapping[str, Any]) -> tuple[Change, ...]:
    """All of them, the gravest first; what Terraform only reads is none."""
    found = [change for entry in plan.get("resource_changes", []) if (change := _change(entry))]
    order = list(Action)
    return tuple(sorted(found, key=lambda change: (order.index(change.action), change.address)))


def changed_outputs(plan: Mapping[str, Any]) -> tuple[str, ...]:
    """The outputs that will say something else."""
    outputs = plan.get("output_changes", {})
    return tuple(sorted(name for name, change in outputs.items() if change["actions"] != ["no-op"]))


def _change(entry: Mapping[str, Any]) -> Change | None:
    change = entry["change"]
    action = _action(change["actions"])
    if action is None:
        return None
    found = differences(change) if action in {Action.CHANGED, Action.REPLACED} else ()
    forced_by = _forced_by(entry) if action is Action.REPLACED else ()
    if forced_by:  # of a new one everything that Azure decides is known later
        found = tuple(difference for difference in found if difference.words != LATER)
    return Change(address=entry["address"], kind=entry["type"], action=action, differences=found, forced_by=forced_by)


def _action(actions: Sequence[str]) -> Action | None:
    if not set(actions) - {"no-op", "read"}:
        return None
    if "delete" in actions:
        return Action.REPLACED if "create" in actions else Action.DESTROYED
    return Action.CREATED if actions == ["create"] else Action.CHANGED


def _forced_by(entry: Mapping[str, Any]) -> tuple[str, ...]:
    if entry.get("action_reason") == "replace_because_tainted":
        return ("its creation failed before",)
    before = entry["change"].get("before")
    return tuple(dict.fromkeys(path_of(path, within=before) for path in entry["change"].get("replace_paths", [])))
