"""The resource group of each environment, which its stack reads and fills. Roles on it need it before the stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scripts.bootstrapping.account import Account
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandLine
from scripts.terraform.stacks import Stack


def ensure_resource_groups(az: CommandLine, progress: Progress, *, account: Account, stacks: Sequence[Stack]) -> None:
    """Create what is missing, and give an existing group the stack's tags; its own further tags stay."""
    for stack in stacks:
        with progress.step(f"Resource group of {stack.env}"):
            _ensure_group(az, progress, stack, scope=group_scope(account, stack))


def group_scope(account: Account, stack: Stack) -> str:
    """The group's resource id."""
    return f"{account.scope}/resourceGroups/{stack.resource_group}"


def _ensure_group(az: CommandLine, progress: Progress, stack: Stack, *, scope: str) -> None:
    name = stack.resource_group
    found = az.find("group", "show", "--name", name, missing={"ResourceGroupNotFound"})
    if found is None:
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
