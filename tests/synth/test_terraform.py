"""Versions, provider and state."""

import re

from tests.synth.stack import Stack


def test_the_provider_is_pinned_to_one_version(stack: Stack) -> None:
    """A range would let the plan and the deployment use different ones."""
    terraform = stack.document["terraform"]
    assert terraform["required_version"] == ">= 1.11"
    assert terraform["required_providers"].keys() == {"azurerm"}
    assert terraform["required_providers"]["azurerm"]["source"] == "hashicorp/azurerm"
    assert re.fullmatch(r"4\.\d+\.\d+", terraform["required_providers"]["azurerm"]["version"])


def test_the_state_is_one_blob_opened_without_a_key(stack: Stack) -> None:
    backend = stack.settings.backend
    assert stack.document["terraform"]["backend"] == {
        "azurerm": {
            "resource_group_name": backend.resource_group_name,
            "storage_account_name": backend.storage_account_name,
            "container_name": backend.container_name,
            "key": backend.key,
            "use_azuread_auth": True,
            "use_oidc": True,
        }
    }


def test_the_provider_signs_in_with_entra_alone(stack: Stack) -> None:
    [provider] = stack.document["provider"]["azurerm"]
    assert provider["use_oidc"] is True
    assert not {"client_secret", "client_certificate", "subscription_id", "tenant_id"} & provider.keys()


def test_a_new_subscription_learns_the_services_that_the_stack_uses_and_no_others(any_stack: Stack) -> None:
    [provider] = any_stack.document["provider"]["azurerm"]
    services = {
        "azurerm_application_insights": "microsoft.insights",
        "azurerm_application_insights_standard_web_test": "microsoft.insights",
        "azurerm_application_insights_workbook": "microsoft.insights",
        "azurerm_cognitive_account": "Microsoft.CognitiveServices",
        "azurerm_cognitive_account_project": "Microsoft.CognitiveServices",
        "azurerm_cognitive_deployment": "Microsoft.CognitiveServices",
        "azurerm_container_app": "Microsoft.App",
        "azurerm_container_app_environment": "Microsoft.App",
        "azurerm_key_vault": "Microsoft.KeyVault",
        "azurerm_log_analytics_workspace": "Microsoft.OperationalInsights",
        "azurerm_monitor_action_group": "microsoft.insights",
        "azurerm_monitor_diagnostic_setting": "microsoft.insights",
        "azurerm_monitor_metric_alert": "microsoft.insights",
        "azurerm_monitor_scheduled_query_rules_alert_v2": "microsoft.insights",
        "azurerm_user_assigned_identity": "Microsoft.ManagedIdentity",
    }
    known_to_every_subscription = {
        "azurerm_consumption_budget_resource_group",
        "azurerm_resource_group",
        "azurerm_role_assignment",
    }
    in_the_data_plane = {"azurerm_key_vault_secret"}
    used = any_stack.document["resource"].keys() - known_to_every_subscription - in_the_data_plane
    assert provider["resource_provider_registrations"] == "none"
    assert provider["resource_providers_to_register"] == sorted({services[kind] for kind in used})


def test_only_a_vault_without_protection_is_purged_when_it_is_destroyed(stack: Stack) -> None:
    [provider] = stack.document["provider"]["azurerm"]
    [features] = provider["features"]
    [key_vault] = features["key_vault"]
    assert key_vault == {
        "purge_soft_delete_on_destroy": not stack.settings.key_vault.purge_protection,
        "recover_soft_deleted_key_vaults": True,
    }


def test_a_resource_group_with_foreign_resources_is_not_destroyed(stack: Stack) -> None:
    [provider] = stack.document["provider"]["azurerm"]
    [features] = provider["features"]
    assert features["resource_group"] == [{"prevent_deletion_if_contains_resources": True}]


def test_addresses_are_made_for_people(any_stack: Stack) -> None:
    names = [address.rpartition(".")[2] for address in any_stack.resources]
    assert not [name for name in names if re.search(r"[0-9A-F]{8}|-", name)]
