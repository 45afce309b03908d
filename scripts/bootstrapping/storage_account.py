"""The storage account of a state: closed to everything but Microsoft Entra ID, and able to bring back what was lost.

https://learn.microsoft.com/azure/storage/blobs/security-recommendations
"""

from __future__ import annotations

from typing import Any

from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Backend

DAYS = "30"
# What the account says, the flag that sets it, and what is good enough; the first is what a new one gets.
SETTINGS: dict[str, tuple[str, tuple[object, ...]]] = {
    "minimumTlsVersion": ("--min-tls-version", ("TLS1_2", "TLS1_3")),
    "allowBlobPublicAccess": ("--allow-blob-public-access", (False,)),
    "allowSharedKeyAccess": ("--allow-shared-key-access", (False,)),
    "allowCrossTenantReplication": ("--allow-cross-tenant-replication", (False,)),
    "enableHttpsTrafficOnly": ("--https-only", (True,)),
}


def ensure_account(az: CommandLine, steps: Steps, backend: Backend, *, location: str) -> bool:
    """Make it or mend its settings; whether it is new."""
    name = backend.storage_account_name
    words = _named(backend)
    found = find_account(az, backend)
    if found is None:
        _refuse_taken(az, name)
        settings = [word for flag, fine in SETTINGS.values() for word in (flag, _word(fine[0]))]
        kind = ("--location", location, "--sku", "Standard_LRS", "--kind", "StorageV2")
        az.change("storage", "account", "create", *words, *kind, *settings)
        steps.created(f"storage account {name}")
        return True
    weak = {key: (flag, fine) for key, (flag, fine) in SETTINGS.items() if found.get(key) not in fine}
    if weak:
        settings = [word for flag, fine in weak.values() for word in (flag, _word(fine[0]))]
        az.change("storage", "account", "update", *words, *settings)
        was = ", ".join(f"{key} was {_word(found.get(key))}" for key in weak)
        steps.changed(f"storage account {name}: {was}")
    else:
        steps.found(f"storage account {name}, closed as it should be")
    return False


def find_account(az: CommandLine, backend: Backend) -> dict[str, Any] | None:
    """The storage account, or None."""
    missing = {"ResourceNotFound", "ResourceGroupNotFound", "NotFound"}
    found: dict[str, Any] | None = az.find("storage", "account", "show", *_named(backend), missing=missing)
    return found


def _named(backend: Backend) -> tuple[str, ...]:
    return "--name", backend.storage_account_name, "--resource-group", backend.resource_group_name


def _refuse_taken(az: CommandLine, name: str) -> None:
    answer = az.ask("storage", "account", "check-name", "--name", name)
    if not answer["nameAvailable"]:
        raise ScriptError(
            f"The storage account name {name} cannot be had ({answer['reason']}): {answer['message']}\n"
            "These names are the world's. If the account is yours, it lies in another resource group or subscription: "
            "--subscription, or `[backend] resource_group_name` in the environment's file. If it is somebody else's, "
            "choose another name there: `[backend] storage_account_name`."
        )


def ensure_undelete(az: CommandLine, steps: Steps, backend: Backend, *, is_new: bool) -> None:
    """Versions, and thirty days to bring back what was deleted."""
    words = ("storage", "account", "blob-service-properties")
    which = ("--account-name", backend.storage_account_name, "--resource-group", backend.resource_group_name)
    if not is_new and _can_undelete(az.ask(*words, "show", *which)):
        steps.found("blob versioning and soft delete")
        return
    az.change(
        *(*words, "update", *which, "--enable-versioning", "true"),
        *("--enable-delete-retention", "true", "--delete-retention-days", DAYS),
        *("--enable-container-delete-retention", "true", "--container-delete-retention-days", DAYS),
    )
    steps.changed(f"blob versioning, and soft delete for {DAYS} days")


def _can_undelete(found: dict[str, Any]) -> bool:
    policies = [found.get(key) or {} for key in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy")]
    kept = all(policy.get("enabled") and (policy.get("days") or 0) >= int(DAYS) for policy in policies)
    return bool(found.get("isVersioningEnabled")) and kept


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
