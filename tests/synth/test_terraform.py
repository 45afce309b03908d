"""Versions, provider and state."""

import re

from tests.synth.conftest import Synthesize
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


def test_subscription_and_tenant_of_the_settings_hold_for_resources_and_state(synthesize_files: Synthesize) -> None:
    subscription, tenant = "00000000-0000-4000-8000-00000000aaaa", "00000000-0000-4000-8000-00000000bbbb"
    text = f'env = "uat"\nsubscription_id = "{subscription}"\ntenant_id = "{tenant}"\n'
    stack = synthesize_files({"uat.toml": text})["uat"]
    [provider] = stack.document["provider"]["azurerm"]
    for found in (provider, stack.document["terraform"]["backend"]["azurerm"]):
        assert (found["subscription_id"], found["tenant_id"]) == (subscription, tenant)


def test_the_bootstrap_is_told_the_services_that_the_stack_uses_and_no_others(any_stack: Stack) -> None:
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
        "azurerm_role_assignment",
    }
    in_the_data_plane = {"azurerm_key_vault_secret"}
    used = any_stack.document["resource"].keys() - known_to_every_subscription - in_the_data_plane
    of_a_subnet = {"Microsoft.ContainerService", "Microsoft.Network"}
    wanted = {services[kind] for kind in used}
    wanted |= of_a_subnet if any_stack.settings.network.infrastructure_subnet_id else set()
    assert any_stack.document["//"]["resource_providers"] == sorted(wanted)


def test_the_provider_needs_no_right_on_the_subscription(any_stack: Stack) -> None:
    """Registering a resource provider and purging what was deleted are actions there."""
    [provider] = any_stack.document["provider"]["azurerm"]
    assert provider["resource_provider_registrations"] == "none"
    assert "resource_providers_to_register" not in provider
    [features] = provider["features"]
    assert features["cognitive_account"] == [{"purge_soft_delete_on_destroy": False}]
    # Without it the provider lists the subscription's services, and stops if it may not.
    assert features["enhanced_validation"] == [{"resource_providers": False}]
    [key_vault] = features["key_vault"]
    assert key_vault["purge_soft_delete_on_destroy"] is False


def test_addresses_are_made_for_people(any_stack: Stack) -> None:
    names = [address.rpartition(".")[2] for address in any_stack.resources]
    assert not [name for name in names if re.search(r"[0-9A-F]{8}|-", name)]
