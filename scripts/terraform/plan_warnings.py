"""What it means in practice that a plan destroys, replaces or updates a resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from scripts.terraform.attribute_changes import printable
from scripts.terraform.plan_changes import TAINTED, Action, ResourceChange

_DESTROY = {
    "azurerm_application_insights": "Deletes Application Insights. Metrics and traces up to now stay in the workspace.",
    "azurerm_application_insights_standard_web_test": "Deletes the web test: nobody calls the gateway from outside.",
    "azurerm_application_insights_workbook": "Deletes the workbook, with what people have changed in it.",
    "azurerm_cognitive_account": (
        "Deletes an Azure AI account with all its deployments. Azure keeps it, and its name, for 48 hours."
    ),
    "azurerm_cognitive_account_project": "Deletes a Foundry project with what people have made in it.",
    "azurerm_cognitive_deployment": (
        "Deletes the deployment of a model. Its quota is free for others, who may take it before it is wanted again."
    ),
    "azurerm_consumption_budget_resource_group": "Deletes the budget: nobody is told what a month costs.",
    "azurerm_container_app": "Deletes the gateway: its address stops answering, and its revisions are lost.",
    "azurerm_container_app_environment": "Deletes the Container Apps environment, and the gateway's address with it.",
    "azurerm_key_vault": (
        "Deletes the Key Vault with all secrets. Azure keeps it, and its name, for soft_delete_retention_days, unless "
        "somebody purges it."
    ),
    "azurerm_key_vault_secret": "Deletes a secret of the Key Vault; a client or a region that still needs it fails.",
    "azurerm_log_analytics_workspace": "Deletes the logs. Azure can recover a deleted workspace for 14 days.",
    "azurerm_monitor_action_group": "Deletes the receivers of alerts.",
    "azurerm_monitor_diagnostic_setting": "Stops a log of who uses the Key Vault or changes an Azure AI account.",
    "azurerm_monitor_metric_alert": "Deletes the alert of the web test.",
    "azurerm_monitor_scheduled_query_rules_alert_v2": "Deletes an alert.",
    "azurerm_role_assignment": (
        "Removes a role: the gateway can no longer read secrets, pull its image, call models or send telemetry."
    ),
    "azurerm_user_assigned_identity": "Deletes the gateway's identity and all its roles.",
}
_REPLACE = {
    "azurerm_application_insights": (
        "Recreates Application Insights: its pages begin anew, and data up to now stays in the workspace."
    ),
    "azurerm_application_insights_standard_web_test": "Recreates the web test: its history begins anew.",
    "azurerm_application_insights_workbook": "Recreates the workbook: what people have changed in it is lost.",
    "azurerm_cognitive_account": (
        "Deletes and recreates an Azure AI account with all its deployments: no model in that region until it is done, "
        "and perhaps no quota. With the same name it fails until the deleted account is purged."
    ),
    "azurerm_cognitive_account_project": "Recreates a Foundry project: what people have made in it is lost.",
    "azurerm_cognitive_deployment": (
        "Deletes and recreates the deployment of a model: until it is done, requests for it need another region, whose "
        "deployment this plan must leave alone."
    ),
    "azurerm_consumption_budget_resource_group": "Recreates the budget.",
    "azurerm_container_app": (
        "Deletes and recreates the gateway: an outage until it runs again, and no revision to roll back to. Its "
        "address stays the same if its name and its environment do."
    ),
    "azurerm_container_app_environment": (
        "Recreates the Container Apps environment and the gateway in it: an outage of many minutes, and a new address, "
        "which every client needs."
    ),
    "azurerm_key_vault": (
        "Recreates the Key Vault and writes its secrets from TF_VAR_...; the deployment stops if the clients' keys "
        "there differ. With the same name it fails: delete and purge the old one before."
    ),
    "azurerm_key_vault_secret": (
        "Deletes a secret and writes it again from TF_VAR_...; the deployment stops if a client's key there differs."
    ),
    "azurerm_log_analytics_workspace": "Recreates the workspace: it no longer contains the logs up to now.",
    "azurerm_monitor_action_group": "Recreates the receivers of alerts.",
    "azurerm_monitor_diagnostic_setting": "Recreates a log of who uses the Key Vault or changes an Azure AI account.",
    "azurerm_monitor_metric_alert": "Recreates the alert of the web test.",
    "azurerm_monitor_scheduled_query_rules_alert_v2": "Recreates an alert, which may fire once more.",
    "azurerm_role_assignment": "Assigns a role again: until it is in effect, some minutes, the gateway cannot use it.",
    "azurerm_user_assigned_identity": (
        "Replaces the gateway's identity: assign again the roles that it has elsewhere, for example on an Azure AI "
        "account."
    ),
}
_KEPT = frozenset(
    {
        "azurerm_container_app",
        "azurerm_container_app_environment",
        "azurerm_key_vault",
        "azurerm_log_analytics_workspace",
    }
)
"""What an environment cannot lose without an outage, a new address, or the end of its secrets or logs."""
_SECRETS = (
    "Writes these secrets again: {names}. The keys of clients keep the values of the vault; the others get those of "
    "TF_VAR_..., whatever the vault has."
)
_RETENTION = (
    "Azure cannot change soft_delete_retention_days of an existing Key Vault ({change}): every deployment fails until "
    "the setting has its old value again."
)
_PURGE_PROTECTION = (
    "Azure cannot turn off purge protection of an existing Key Vault: every deployment fails until key_vault."
    "purge_protection is true again."
)
_BUDGET = "azurerm_consumption_budget_resource_group"
_BUDGET_START = (
    "Azure makes no budget that begins on {start}: every deployment fails until observability.budget.start is {first}, "
    "the first of this month, or one of the next twelve months."
)
_TURNED_OFF = ("true → false", "true → null")


def plan_warnings(changes: Sequence[ResourceChange]) -> tuple[str, ...]:
    """What to read before confirming; empty when nothing is lost."""
    texts = {change: text for change in changes if (text := _loss(change) or failure(change))}
    found = [_with_names(text, [change for change in texts if texts[change] == text]) for text in texts.values()]
    rewritten = [change.address.partition(".")[2] for change in changes if _is_rewritten(change)]
    if rewritten:
        found.append(_SECRETS.format(names=", ".join(rewritten)))
    return tuple(dict.fromkeys(found))


def refused_budgets(plan: Mapping[str, Any], *, today: date) -> Mapping[str, str]:
    """Budgets that the plan, of `terraform show -json`, creates and Azure refuses: by address, with the reason.

    Azure compares a budget's start with the month of its creation, and never again: one that exists may have any.
    https://learn.microsoft.com/rest/api/consumption/budgets/create-or-update
    """
    first = today.replace(day=1)
    created = {
        entry["address"]: entry["change"]["after"]
        for entry in plan.get("resource_changes", [])
        if entry["type"] == _BUDGET and "create" in entry["change"]["actions"]
    }
    starts = {
        address: date.fromisoformat(budget["time_period"][0]["start_date"][:10]) for address, budget in created.items()
    }
    return {
        address: _BUDGET_START.format(start=start, first=first)
        for address, start in starts.items()
        if not first <= start <= first.replace(year=first.year + 1)
    }


def kept_resources(changes: Sequence[ResourceChange]) -> Mapping[str, str]:
    """Addresses of what no deployment deletes or replaces without being told to, and what that would mean.

    What a failed deployment left unfinished is not among them, nor what a replacement has left: nobody uses it.
    """
    lost = [change for change in changes if change.action in {Action.DESTROY, Action.REPLACE}]
    used = [change for change in lost if change.forced_by != (TAINTED,) and not change.is_deposed]
    kept = [change for change in used if change.resource_type in _KEPT]
    return {change.address: _reason(change) for change in kept}


def _reason(change: ResourceChange) -> str:
    """What is lost, and by which attribute."""
    forced = f" It is replaced because these change: {', '.join(change.forced_by)}." if change.forced_by else ""
    return f"{_loss(change)}{forced}"


def _with_names(text: str, changes: Sequence[ResourceChange]) -> str:
    names = ", ".join(printable(change.name) for change in changes if change.name)
    return f"{text} ({names})" if names else text


def _loss(change: ResourceChange) -> str | None:
    if change.is_deposed:
        return f"Deletes what an earlier replacement has left: {change.address}."
    if change.action is Action.DESTROY:
        return _DESTROY.get(change.resource_type, f"Deletes {change.address}.")
    if change.action is Action.FORGET:
        return f"Terraform forgets {change.address}: it stays in Azure, and nothing here manages it any more."
    if change.action is Action.REPLACE:
        return _REPLACE.get(change.resource_type, f"Deletes and recreates {change.address}.")
    return None


def failure(change: ResourceChange) -> str | None:
    """Why it is sure to fail: the provider plans an update in place, and it or Azure refuses to apply it."""
    if change.resource_type != "azurerm_key_vault" or change.action is not Action.UPDATE:
        return None
    changed = {attribute.path: attribute.description for attribute in change.attributes}
    texts = []
    if retention := changed.get("soft_delete_retention_days"):
        texts.append(_RETENTION.format(change=retention))
    if changed.get("purge_protection_enabled") in _TURNED_OFF:
        texts.append(_PURGE_PROTECTION)
    return " ".join(texts) or None


def _is_rewritten(change: ResourceChange) -> bool:
    return change.resource_type == "azurerm_key_vault_secret" and change.updates("value_wo_version")
