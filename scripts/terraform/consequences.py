"""In words, what it means for people that a plan destroys or replaces a resource, or writes a secret anew."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.terraform.changes import Action, Change

_DESTROYED = {
    "azurerm_container_app": "The gateway goes: its address answers no more, and its revisions are lost.",
    "azurerm_container_app_environment": "The Container Apps environment goes, and the gateway's address with it.",
    "azurerm_key_vault": (
        "The Key Vault goes, with every secret in it. With purge protection its name stays taken until the retention "
        "ends; without, the secrets are gone for good at once."
    ),
    "azurerm_key_vault_secret": "A secret goes from the Key Vault; a client or a region that still needs it fails.",
    "azurerm_log_analytics_workspace": "The logs go. Azure can bring a deleted workspace back for 14 days.",
    "azurerm_resource_group": "The resource group goes, and all of this environment with it.",
    "azurerm_role_assignment": "A role goes: without it the gateway cannot read its secrets.",
    "azurerm_user_assigned_identity": "The gateway's identity goes, with every role that it was given.",
}
_REPLACED = {
    "azurerm_container_app": (
        "The gateway is deleted and made anew: nobody is answered meanwhile, and there is no revision to go back to. "
        "Its address stays if its name and its environment do."
    ),
    "azurerm_container_app_environment": (
        "The Container Apps environment is made anew, and the gateway with it: nobody is answered for many minutes, "
        "and its address is another one afterwards. Every client has to be told."
    ),
    "azurerm_key_vault": (
        "The Key Vault is made anew, and its secrets are written again from TF_VAR_...: a deployment refuses where the "
        "keys of clients are others there. Under the same name it fails while the deleted one is kept (soft delete, "
        "purge protection)."
    ),
    "azurerm_key_vault_secret": (
        "A secret is deleted and written again from TF_VAR_...: a deployment refuses where a client's key is another "
        "one there."
    ),
    "azurerm_log_analytics_workspace": "The workspace is made anew: the logs up to now are no longer in it.",
    "azurerm_resource_group": "The resource group is made anew: all of this environment is deleted before.",
    "azurerm_role_assignment": "A role is given anew: until it is in effect, minutes later, secrets cannot be read.",
    "azurerm_user_assigned_identity": (
        "The gateway's identity is another one afterwards: roles that were given to it elsewhere, such as on an Azure "
        "AI account, have to be given again."
    ),
}
_ANEW = (
    "Secrets are written anew: {names}. The keys of clients stay as the vault has them; others are taken from "
    "TF_VAR_..., whatever the vault has."
)


def warnings(changes: Sequence[Change]) -> tuple[str, ...]:
    """What somebody should read before saying yes; empty when nothing is lost."""
    found = [text for change in changes if (text := _lost(change))]
    anew = [change.address.partition(".")[2] for change in changes if _is_written_anew(change)]
    if anew:
        found.append(_ANEW.format(names=", ".join(anew)))
    return tuple(dict.fromkeys(found))


def _lost(change: Change) -> str | None:
    if change.action is Action.DESTROYED:
        return _DESTROYED.get(change.kind, f"{change.address} goes.")
    if change.action is Action.REPLACED:
        return _REPLACED.get(change.kind, f"{change.address} is deleted and made anew.")
    return None


def _is_written_anew(change: Change) -> bool:
    return change.kind == "azurerm_key_vault_secret" and any(
        difference.path == "value_wo_version" for difference in change.differences
    )
