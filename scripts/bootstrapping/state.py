"""The home of Terraform's state: resource group, storage account, container, exactly as the stacks' backends name them.

All of it by the management plane, so that no data role is needed first and no access key ever.
"""

from __future__ import annotations

from collections.abc import Sequence

from scripts.bootstrapping.account import Account
from scripts.bootstrapping.assignments import Assignments
from scripts.bootstrapping.steps import Steps
from scripts.bootstrapping.storage_account import ensure_account, ensure_undelete
from scripts.cli.command_line import CommandLine
from scripts.terraform.stacks import Backend, Stack

WRITES_STATE = "Storage Blob Data Contributor"
WRITES_SECRETS = "Key Vault Secrets Officer"


def state(az: CommandLine, steps: Steps, *, account: Account, stacks: Sequence[Stack]) -> None:
    """Make or mend it for every environment, some of which may share an account; and let the caller deploy."""
    assignments = Assignments(az, steps)
    for sharing in _by_account(stacks):
        backend, location = sharing[0].backend, sharing[0].location
        envs = ", ".join(stack.env for stack in sharing)
        with steps.step(f"State of {envs}: {backend.storage_account_name}"):
            _ensure_group(az, steps, backend, location=location)
            is_new = ensure_account(az, steps, backend, location=location)
            ensure_undelete(az, steps, backend, is_new=is_new)
            for container in dict.fromkeys(stack.backend.container_name for stack in sharing):
                _ensure_container(az, steps, backend, name=container)
            assignments.ensure(account.caller, WRITES_STATE, scope=account_scope(account, backend))
    with steps.step("Your role at the vaults"):
        assignments.ensure(account.caller, WRITES_SECRETS, scope=account.scope)


def _by_account(stacks: Sequence[Stack]) -> list[list[Stack]]:
    accounts: dict[str, list[Stack]] = {}
    for stack in stacks:
        accounts.setdefault(stack.backend.storage_account_name, []).append(stack)
    return list(accounts.values())


def account_scope(account: Account, backend: Backend) -> str:
    """The storage account's resource id."""
    return (
        f"{account.scope}/resourceGroups/{backend.resource_group_name}"
        f"/providers/Microsoft.Storage/storageAccounts/{backend.storage_account_name}"
    )


def _ensure_group(az: CommandLine, steps: Steps, backend: Backend, *, location: str) -> None:
    name = backend.resource_group_name
    if az.ask("group", "exists", "--name", name):
        steps.found(f"resource group {name}")
        return
    az.change("group", "create", "--name", name, "--location", location)
    steps.created(f"resource group {name} in {location}")


def _ensure_container(az: CommandLine, steps: Steps, backend: Backend, *, name: str) -> None:
    which = (
        *("--name", name, "--storage-account", backend.storage_account_name),
        *("--resource-group", backend.resource_group_name),
    )
    if az.ask("storage", "container-rm", "exists", *which)["exists"]:
        steps.found(f"container {name}")
        return
    az.change("storage", "container-rm", "create", *which)
    steps.created(f"container {name}")
