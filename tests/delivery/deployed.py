"""An environment that Terraform has deployed: what is in Azure, and what its state says of it."""

from __future__ import annotations

from typing import Any

from scripts.terraform.stacks import Stack
from tests.cloud.az.containerapp import app, revision
from tests.cloud.az.keyvault import deleted_vault, version
from tests.cloud.az.resource import resource
from tests.delivery.stand_ins import Delivery, change

Json = dict[str, Any]
TYPES = {
    "azurerm_container_app": "Microsoft.App/containerApps",
    "azurerm_container_app_environment": "Microsoft.App/managedEnvironments",
    "azurerm_key_vault": "Microsoft.KeyVault/vaults",
    "azurerm_log_analytics_workspace": "Microsoft.OperationalInsights/workspaces",
    "azurerm_user_assigned_identity": "Microsoft.ManagedIdentity/userAssignedIdentities",
}
SMART_DETECTION = ("microsoft.insights/actiongroups", "Application Insights Smart Detection")
"""What Azure adds."""


def group_of(azure: Json, stack: Stack) -> str:
    """The id of the environment's resource group."""
    found: str = next(group["id"] for group in azure["groups"].values() if group["name"] == stack.resource_group)
    return found


def deploy(delivery: Delivery, stack: Stack, *, keys: tuple[str, str] = ("the-first-key", "the-second-key")) -> None:
    """Put it there, with two revisions and the clients' keys."""
    name = stack.container_app
    revisions = [revision(f"{name}--1", "2026-11-01"), revision(f"{name}--2", "2026-11-20", active=True)]
    with delivery.cloud.edit() as azure:
        group = group_of(azure, stack)
        made = _resources(stack, group=group)
        azure["resources"] += [
            resource(group, TYPES[each["type"]], each["change"]["before"]["name"])
            for each in made
            if each["type"] in TYPES
        ]
        azure["container_apps"][name] = app(
            name, stack.resource_group, fqdn=f"{stack.env}.example", revisions=revisions
        )
        names = ("gateway-key", "gateway-key-secondary")
        azure["vaults"][stack.key_vault] = {key: [version(value)] for key, value in zip(names, keys, strict=True)}
    delivery.plans(*made, env=stack.env)


def let_destroy(delivery: Delivery, stack: Stack) -> None:
    """Let `cdktf destroy` remove it from Azure as it is now; vault and workspace stay, deleted."""
    azure = delivery.cloud.state()
    group = group_of(azure, stack)
    terraforms = tuple(f"{group}/providers/{kind}/".lower() for kind in TYPES.values())
    azure["resources"] = [each for each in azure["resources"] if not each["id"].lower().startswith(terraforms)]
    azure["container_apps"].pop(stack.container_app, None)
    if azure["vaults"].pop(stack.key_vault, None) is not None:
        protected = bool(stack.find("resource", "azurerm_key_vault", "gateway").get("purge_protection_enabled"))
        azure["vaults_deleted"].append(
            deleted_vault(stack.key_vault, location=stack.location, purge_protection=protected)
        )
    workspaces = stack.find("resource").get("azurerm_log_analytics_workspace", {})
    azure["workspaces_deleted"] += [{"name": each["name"]} for each in workspaces.values()]
    delivery.leaves("destroy", azure, env=stack.env)


def _resources(stack: Stack, *, group: str) -> list[Json]:
    """What a plan without changes has of each resource."""
    vault = f"{group}/providers/{TYPES['azurerm_key_vault']}/{stack.key_vault}"
    return [
        change(
            f"{kind}.{key}",
            "no-op",
            before={
                "id": f"{group}/providers/{TYPES.get(kind, kind)}/{content.get('name', key)}",
                "name": content.get("name", key),
                **({"key_vault_id": vault} if kind == "azurerm_key_vault_secret" else {}),
            },
        )
        for kind, named in stack.find("resource").items()
        for key, content in named.items()
    ]
