"""Deleted vaults and AI accounts, which keep their names for a while: purging them frees the names and the quota.

A deleted workspace frees its name at once, and keeps the logs: nobody purges them here.
"""

from __future__ import annotations

from scripts.azure.ai_accounts import find_deleted
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandLine
from scripts.terraform.stacks import Stack


def purge_vault(az: CommandLine, progress: Progress, stack: Stack) -> str | None:
    """Purge the stack's deleted vault. If it is protected or somebody else's, what stays of it, in words."""
    vault = stack.find("resource").get("azurerm_key_vault", {}).get("gateway")
    if vault is None:
        return f"Deleted secrets in Key Vault {stack.key_vault}, which its owner can recover or purge."
    name = str(vault["name"])
    with progress.step(f"Deleted Key Vault {name}"):
        deleted = az.query("keyvault", "list-deleted", "--resource-type", "vault")
        found = next((each["properties"] for each in deleted if each["name"].lower() == name.lower()), None)
        if found is None and az.dry_run and not vault.get("purge_protection_enabled"):
            found = {"location": stack.location}  # what this would find if it had deleted the vault
        if found is None:
            progress.ok("none to purge")
        elif found.get("purgeProtectionEnabled"):
            until = str(found["scheduledPurgeDate"])[:10]
            progress.note(f"protected from purging until {until}")
            return (
                f"Key Vault {name}, deleted, until {until} (purge protection): its name is taken, and a deployment of "
                "the same name recovers it with its secrets."
            )
        else:
            az.change("keyvault", "purge", "--name", name, "--location", found["location"])
            progress.deleted(f"the deleted vault {name}")
    return None


def purge_ai_accounts(az: CommandLine, progress: Progress, stack: Stack) -> None:
    """Purge those of the stack."""
    made = stack.find("resource").get("azurerm_cognitive_account", {}).values()
    if not made:
        return
    with progress.step("Deleted Azure AI accounts"):
        deleted = {str(each["name"]).lower() for each in find_deleted(az)}
        for account in made:
            if account["name"].lower() in deleted or az.dry_run:
                which = ("--name", account["name"], "--resource-group", stack.resource_group)
                az.change("cognitiveservices", "account", "purge", *which, "--location", account["location"])
                progress.deleted(f"the deleted account {account['name']}")


def find_deleted_logs(az: CommandLine, progress: Progress, stack: Stack) -> str | None:
    """That of the stack's workspace, in words; None if there is none, or if somebody else made its workspace.

    https://learn.microsoft.com/azure/azure-monitor/logs/delete-workspace
    """
    workspace = stack.find("resource").get("azurerm_log_analytics_workspace", {}).get("gateway")
    if workspace is None:
        return None
    name = str(workspace["name"])
    with progress.step(f"Deleted workspace {name}"):
        deleted = az.query("monitor", "log-analytics", "workspace", "list-deleted-workspaces")
        if not any(str(each["name"]).lower() == name.lower() for each in deleted) and not az.dry_run:
            progress.ok("none")
            return None
        progress.note("its logs can be recovered for 14 days")
    return (
        f"Log Analytics workspace {name}, deleted, with the logs, for 14 days: a deployment of the same "
        "name recovers it."
    )
