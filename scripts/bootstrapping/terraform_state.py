"""The storage of Terraform's state: resource group, storage account, container, as the stacks' backends name them.

Everything goes through Azure Resource Manager, so it needs no data role and no access key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scripts.bootstrapping import access
from scripts.bootstrapping.progress import Progress
from scripts.bootstrapping.role_assignments import RoleAssignments
from scripts.bootstrapping.targets import Target
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Backend

RETENTION_DAYS = "30"
# Property, option, acceptable values; a new account gets the first value.
# https://learn.microsoft.com/azure/storage/blobs/security-recommendations
SETTINGS: dict[str, tuple[str, tuple[object, ...]]] = {
    "minimumTlsVersion": ("--min-tls-version", ("TLS1_2", "TLS1_3")),
    "allowBlobPublicAccess": ("--allow-blob-public-access", (False,)),
    "allowSharedKeyAccess": ("--allow-shared-key-access", (False,)),
    "allowCrossTenantReplication": ("--allow-cross-tenant-replication", (False,)),
    "enableHttpsTrafficOnly": ("--https-only", (True,)),
}
# Without and with zones in the region; each with more copies than the one before it.
_REPLICATIONS = (
    ("Standard_LRS", "Standard_GRS", "Standard_RAGRS"),
    ("Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS"),
)


def ensure_state(az: CommandLine, progress: Progress, *, targets: Sequence[Target]) -> None:
    """Create or correct the storage of every environment, and give the caller the roles to deploy."""
    roles = RoleAssignments(az, progress)
    for target in targets:
        az, backend, location = target.az, target.stack.backend, target.stack.location
        sku = f"Standard_{target.stack.replication}"
        with progress.step(f"Terraform state of {target.env}: {backend.storage_account_name}"):
            _ensure_group(az, progress, backend, location=location)
            is_new = _ensure_account(az, progress, backend, location=location, sku=sku)
            _ensure_soft_delete(az, progress, backend, is_new=is_new)
            _ensure_container(az, progress, backend, name=backend.container_name)
            for grant in access.own_state(target):
                roles.ensure(target.account.caller, grant)


def find_account(az: CommandLine, backend: Backend) -> dict[str, Any] | None:
    """The storage account, or None."""
    missing = {"ResourceNotFound", "ResourceGroupNotFound", "NotFound"}
    found: dict[str, Any] | None = az.find("storage", "account", "show", *_options(backend), missing=missing)
    return found


def _ensure_group(az: CommandLine, progress: Progress, backend: Backend, *, location: str) -> None:
    name = backend.resource_group_name
    if az.query("group", "exists", "--name", name):
        progress.ok(f"resource group {name}")
        return
    az.change("group", "create", "--name", name, "--location", location)
    progress.created(f"resource group {name} in {location}")


def _ensure_account(az: CommandLine, progress: Progress, backend: Backend, *, location: str, sku: str) -> bool:
    """Whether the account is new."""
    name = backend.storage_account_name
    found = find_account(az, backend)
    if found is None:
        _check_name(az, name)
        kind = ("--location", location, "--sku", sku, "--kind", "StorageV2")
        az.change("storage", "account", "create", *_options(backend), *kind, *_secure(*SETTINGS))
        progress.created(f"storage account {name}, {sku}")
        return True
    insecure = [key for key, (_, accepted) in SETTINGS.items() if found.get(key) not in accepted]
    if insecure:
        az.change("storage", "account", "update", *_options(backend), *_secure(*insecure))
        before = ", ".join(f"{key} was {_text(found.get(key))}" for key in insecure)
        progress.changed(f"storage account {name}: {before}")
    else:
        progress.ok(f"storage account {name}, with secure settings")
    _ensure_replication(az, progress, backend, found=found["sku"]["name"], wanted=sku)
    return False


def _ensure_replication(az: CommandLine, progress: Progress, backend: Backend, *, found: str, wanted: str) -> None:
    """Add copies in another region, which begin at once. What removes copies, or is slow, is left to a person.

    https://learn.microsoft.com/azure/storage/common/redundancy-migration
    """
    name, group = backend.storage_account_name, backend.resource_group_name
    if found == wanted:
        progress.ok(f"replication {wanted}")
        return
    family = next((kinds for kinds in _REPLICATIONS if found in kinds), ())
    if wanted in family and family.index(wanted) > family.index(found):
        az.change("storage", "account", "update", *_options(backend), "--sku", wanted)
        progress.changed(f"storage account {name}: {found} -> {wanted}")
        return
    text = f"storage account {name} is {found}, and the settings want {wanted}."
    if wanted in family:
        command = f"az storage account update --name {name} --resource-group {group} --sku {wanted}"
        progress.note(f"{text} To remove copies: {command}")
    elif family:
        others = next(kinds for kinds in _REPLICATIONS if kinds is not family)
        across = others[family.index(found)]  # Azure converts one thing at a time
        command = f"az storage account migration start --account-name {name} --resource-group {group} --sku {across}"
        progress.note(
            f"{text} Azure converts it without an interruption, mostly within days. Start that, and run the bootstrap "
            f"again when it is done:\n    {command} --name default --no-wait"
        )
    else:
        progress.note(f"{text} Azure cannot convert it.")


def _options(backend: Backend) -> tuple[str, ...]:
    return "--name", backend.storage_account_name, "--resource-group", backend.resource_group_name


def _secure(*keys: str) -> list[str]:
    """The options that set these properties."""
    return [word for key in keys for word in (SETTINGS[key][0], _text(SETTINGS[key][1][0]))]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_name(az: CommandLine, name: str) -> None:
    answer = az.query("storage", "account", "check-name", "--name", name)
    if not answer["nameAvailable"]:
        raise ScriptError(
            f"The storage account name {name} is not available ({answer['reason']}): {answer['message']}\n"
            "These names are globally unique. If the account is yours, it is in another resource group or "
            "subscription: use --subscription, or `[backend] resource_group_name` in the environment's file. Otherwise "
            "choose another name there: `[backend] storage_account_name`."
        )


def _ensure_soft_delete(az: CommandLine, progress: Progress, backend: Backend, *, is_new: bool) -> None:
    """Blob versions, and time to restore what was deleted."""
    command = ("storage", "account", "blob-service-properties")
    options = ("--account-name", backend.storage_account_name, "--resource-group", backend.resource_group_name)
    if not is_new and _has_soft_delete(az.query(*command, "show", *options)):
        progress.ok("blob versioning and soft delete")
        return
    az.change(
        *(*command, "update", *options, "--enable-versioning", "true"),
        *("--enable-delete-retention", "true", "--delete-retention-days", RETENTION_DAYS),
        *("--enable-container-delete-retention", "true", "--container-delete-retention-days", RETENTION_DAYS),
    )
    progress.changed(f"blob versioning, and soft delete for {RETENTION_DAYS} days")


def _has_soft_delete(properties: dict[str, Any]) -> bool:
    policies = [properties.get(key) or {} for key in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy")]
    retains = all(policy.get("enabled") and (policy.get("days") or 0) >= int(RETENTION_DAYS) for policy in policies)
    return bool(properties.get("isVersioningEnabled")) and retains


def _ensure_container(az: CommandLine, progress: Progress, backend: Backend, *, name: str) -> None:
    options = (
        *("--name", name, "--storage-account", backend.storage_account_name),
        *("--resource-group", backend.resource_group_name),
    )
    if az.query("storage", "container-rm", "exists", *options)["exists"]:
        progress.ok(f"container {name}")
        return
    az.change("storage", "container-rm", "create", *options)
    progress.created(f"container {name}")
