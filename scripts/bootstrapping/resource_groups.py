"""The resource group of each environment, which its stack reads and fills. Roles on it need it before the stack.

The caller gets the role to write secrets, which no Owner has; people who deploy from a laptop need it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scripts.bootstrapping import access
from scripts.bootstrapping.delete_lock import ensure_lock
from scripts.bootstrapping.progress import Progress
from scripts.bootstrapping.role_assignments import RoleAssignments
from scripts.bootstrapping.targets import Target
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Stack


def ensure_resource_groups(az: CommandLine, progress: Progress, *, targets: Sequence[Target]) -> None:
    """Create what is missing, and give a group the stack's tags; its own further tags stay.

    One that somebody else has made must exist, and keeps its tags.
    """
    roles = RoleAssignments(az, progress)
    for target in targets:
        with progress.step(f"Resource group of {target.env}"):
            _ensure_group(target.az, progress, target.stack, scope=target.group)
            for grant in access.own_secrets(target):
                roles.ensure(target.account.caller, grant)
            ensure_lock(progress, target)


def _ensure_group(az: CommandLine, progress: Progress, stack: Stack, *, scope: str) -> None:
    name = stack.resource_group
    found = az.find("group", "show", "--name", name)
    if stack.has_existing_resource_group:
        if found is None:
            raise ScriptError(
                f"The resource group {name} (existing.resource_group of {stack.env}) does not exist in the "
                f"subscription {az.subscription}. Let its owner create it, or correct the settings."
            )
        progress.ok(f"resource group {name}, of somebody else")
    elif found is None:
        az.change("group", "create", "--name", name, "--location", stack.location, "--tags", *_words(stack.tags))
        progress.created(f"resource group {name} in {stack.location}")
    elif missing := _missing(stack.tags, found.get("tags") or {}):
        az.change("tag", "update", "--resource-id", scope, "--operation", "Merge", "--tags", *_words(missing))
        progress.changed(f"resource group {name}: tags {', '.join(missing)}")
    else:
        progress.ok(f"resource group {name}")


def _missing(wanted: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """Azure compares the names of tags without regard to case."""
    values = {name.lower(): value for name, value in found.items()}
    return {name: value for name, value in wanted.items() if values.get(name.lower()) != value}


def _words(tags: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in tags.items()]
