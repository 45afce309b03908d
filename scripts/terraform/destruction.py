"""What the destruction of a stack would remove: all that is in its state."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.terraform.cdktf import plan_json
from scripts.terraform.plan import Plan
from scripts.terraform.stacks import Stack


@dataclass(frozen=True, kw_only=True)
class Destruction:
    """The plan for people, and the ids of the resources, in lower case: Azure and the provider differ in that."""

    plan: Plan
    ids: frozenset[str]


def plan_destruction(stack: Stack) -> Destruction:
    """From the state alone, because `cdktf diff` has no plan of a destruction; `ScriptError` if it cannot be read."""
    entries = plan_json(stack, refresh=False, needs_state=True).get("resource_changes", [])
    existing = [each for each in entries if each.get("mode", "managed") == "managed" and each["change"]["before"]]
    changes = [{**each, "change": {**each["change"], "actions": ["delete"], "after": None}} for each in existing]
    return Destruction(
        plan=Plan.from_json(stack.env, {"resource_changes": changes}),
        ids=frozenset(str(each["change"]["before"].get("id")).lower() for each in existing),
    )
