"""The lock of an environment's resource group: nobody deletes it or anything in it by mistake.

A lock holds for whoever deploys, too, who has no right to remove it: a person with Owner or User Access Administrator
does (https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources).
"""

from __future__ import annotations

from scripts.bootstrapping.progress import Progress
from scripts.bootstrapping.targets import Target

NAME = "aigateway"
_NOTES = "Set by scripts/bootstrap.py, because delete_lock is true in the settings of the environment."


def ensure_lock(progress: Progress, target: Target) -> None:
    """Create it if the settings want it. One that they do not want stays: to remove it is a person's decision."""
    group = target.stack.resource_group
    options = ("--resource-group", group)
    # In a dry run, Azure does not find a group that a real run would have created.
    found = target.az.find("lock", "list", *options) or []
    prefix = f"{target.group}/providers/Microsoft.Authorization/locks/".lower()
    locks = [str(lock["name"]) for lock in found if lock["id"].lower().startswith(prefix)]
    if target.stack.delete_lock and not locks:
        kind = ("--lock-type", "CanNotDelete", "--notes", _NOTES)
        target.az.change("lock", "create", "--name", NAME, *options, *kind)
        progress.created(f"lock {NAME} of {group}")
    elif target.stack.delete_lock:
        progress.ok(f"lock {', '.join(locks)} of {group}")
    elif NAME in locks:
        delete = f"az lock delete --name {NAME} --resource-group {group}"
        progress.note(f"{group} is locked, and the settings want no lock. To remove it: {delete}")
