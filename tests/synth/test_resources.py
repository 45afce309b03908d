"""Every stack has the resources of an environment, related to each other as they must be."""

import re

from settings.naming import ResourceKind
from tests.synth.stack import Stack, strings

RESOURCES = {
    "azurerm_log_analytics_workspace.gateway",
    "azurerm_container_app_environment.gateway",
    "azurerm_container_app.gateway",
    "azurerm_user_assigned_identity.gateway",
    "azurerm_key_vault.gateway",
    "azurerm_role_assignment.secrets_reader",
    "azurerm_key_vault_secret.gateway_key",
    "azurerm_key_vault_secret.gateway_key_secondary",
    "azurerm_key_vault_secret.inner_key",
    "azurerm_key_vault_secret.azure_openai_api_key",
    "data.azurerm_client_config.caller",
    "data.azurerm_resource_group.gateway",
}
TYPES: dict[str, ResourceKind] = {
    "azurerm_log_analytics_workspace": "log_analytics_workspace",
    "azurerm_container_app_environment": "container_app_environment",
    "azurerm_container_app": "container_app",
    "azurerm_user_assigned_identity": "user_assigned_identity",
    "azurerm_key_vault": "key_vault",
}


def test_nothing_is_missing_and_nothing_is_extra(known_stack: Stack) -> None:
    has_audit_log = known_stack.settings.key_vault.audit_log
    assert has_audit_log is (known_stack.settings.env == "prod")
    optional = {"azurerm_monitor_diagnostic_setting.key_vault"} if has_audit_log else set()
    assert set(known_stack.resources) == RESOURCES | optional


def test_names_follow_the_convention(stack: Stack) -> None:
    names = {kind: stack.resources[f"{kind}.gateway"]["name"] for kind in TYPES}
    assert names == {kind: stack.settings.naming.name(name) for kind, name in TYPES.items()}


def test_the_apps_name_is_one_that_azure_takes(stack: Stack) -> None:
    assert re.fullmatch(r"(?!.*--)[a-z][a-z0-9-]{0,30}[a-z0-9]", stack.app["name"])


def test_everything_that_takes_tags_has_them(any_stack: Stack) -> None:
    without_tags = (
        "azurerm_cognitive_deployment.",
        "azurerm_consumption_budget_resource_group.",
        "azurerm_monitor_diagnostic_setting.",
        "azurerm_role_assignment.",
        "data.",
    )
    tags = {
        address: resource.get("tags")
        for address, resource in any_stack.resources.items()
        if not address.startswith(without_tags)
    }
    expected = {"env": any_stack.settings.env, "project": any_stack.settings.projname}
    assert {address: found for address, found in tags.items() if found != expected} == {}


def test_everything_lies_in_the_environments_resource_group_and_region(stack: Stack) -> None:
    assert stack.resources["data.azurerm_resource_group.gateway"]["name"] == stack.settings.naming.name(
        "resource_group"
    )
    for kind in TYPES:
        name = stack.resources[f"{kind}.gateway"]["resource_group_name"]
        assert name == "${data.azurerm_resource_group.gateway.name}"
    for kind in TYPES.keys() - {"azurerm_container_app"}:  # an app lies where its environment does
        assert stack.resources[f"{kind}.gateway"]["location"] == stack.settings.location


def test_the_app_runs_in_the_environments_only_workload_profile(any_stack: Stack) -> None:
    """Adding the first profile later replaces the environment; Azure refuses counts of nodes for this one."""
    environment = any_stack.resources["azurerm_container_app_environment.gateway"]
    assert environment["workload_profile"] == [{"name": "Consumption", "workload_profile_type": "Consumption"}]
    assert any_stack.app["workload_profile_name"] == "Consumption"


def test_the_environment_lies_in_a_network_of_azures_own(known_stack: Stack) -> None:
    """The provider wants a subnet beside `zone_redundancy_enabled`, also if that is false."""
    environment = known_stack.resources["azurerm_container_app_environment.gateway"]
    assert not {"infrastructure_subnet_id", "zone_redundancy_enabled"} & environment.keys()


def test_a_zone_redundant_environment_lies_in_the_subnet_of_the_settings(complete: Stack) -> None:
    """The group of its load balancer has Azure's name: with the workload profile, a plan leaves it alone."""
    environment = complete.resources["azurerm_container_app_environment.gateway"]
    assert environment["infrastructure_subnet_id"] == complete.settings.network.infrastructure_subnet_id
    assert environment["zone_redundancy_enabled"] is True
    assert not {"infrastructure_resource_group_name", "internal_load_balancer_enabled"} & environment.keys()


def test_logs_go_to_the_workspace(stack: Stack) -> None:
    environment = stack.resources["azurerm_container_app_environment.gateway"]
    assert environment["logs_destination"] == "log-analytics"
    assert environment["log_analytics_workspace_id"] == "${azurerm_log_analytics_workspace.gateway.id}"
    workspace = stack.resources["azurerm_log_analytics_workspace.gateway"]
    assert workspace["retention_in_days"] == stack.settings.logs.retention_days
    assert workspace["daily_quota_gb"] == stack.settings.logs.daily_quota_gb


def test_who_uses_a_secret_of_prod_is_logged(known_stack: Stack) -> None:
    found = known_stack.resources.get("azurerm_monitor_diagnostic_setting.key_vault")
    if known_stack.settings.env == "prod":
        assert found is not None
        assert found["target_resource_id"] == "${azurerm_key_vault.gateway.id}"
        assert found["log_analytics_workspace_id"] == "${azurerm_log_analytics_workspace.gateway.id}"
        assert found["enabled_log"] == [{"category": "AuditEvent"}]
    else:
        assert found is None


def test_roles_alone_open_the_vault(stack: Stack) -> None:
    vault = stack.resources["azurerm_key_vault.gateway"]
    assert vault["rbac_authorization_enabled"] is True
    assert "access_policy" not in vault
    assert vault["tenant_id"] == "${data.azurerm_client_config.caller.tenant_id}"


def test_the_vault_keeps_what_was_deleted_as_long_as_the_settings_say(stack: Stack) -> None:
    vault = stack.resources["azurerm_key_vault.gateway"]
    assert vault["soft_delete_retention_days"] == stack.settings.key_vault.soft_delete_retention_days
    assert vault["purge_protection_enabled"] is stack.settings.key_vault.purge_protection


def test_the_identity_may_read_secrets_and_nothing_else(stack: Stack) -> None:
    role = stack.resources["azurerm_role_assignment.secrets_reader"]
    assert role["scope"] == "${azurerm_key_vault.gateway.id}"
    assert role["role_definition_name"] == "Key Vault Secrets User"
    assert role["principal_id"] == "${azurerm_user_assigned_identity.gateway.principal_id}"
    assert role["principal_type"] == "ServicePrincipal"


def test_nothing_depends_on_who_plans(any_stack: Stack) -> None:
    caller = r"azurerm_client_config\.caller\.(\w+)"
    asked = {name for text in strings(any_stack.document["resource"]) for name in re.findall(caller, text)}
    assert asked
    assert asked <= {"tenant_id", "subscription_id"}


def test_outputs_have_exactly_the_names_that_scripts_read(stack: Stack) -> None:
    fqdn = "${azurerm_container_app.gateway.ingress[0].fqdn}"
    assert {name: output["value"] for name, output in stack.document["output"].items()} == {
        "gateway_url": f"https://{fqdn}",
        "openai_base_url": f"https://{fqdn}/v1",
        "gateway_fqdn": fqdn,
        "resource_group_name": "${data.azurerm_resource_group.gateway.name}",
        "key_vault_name": "${azurerm_key_vault.gateway.name}",
        "container_app_name": "${azurerm_container_app.gateway.name}",
        "image": "${azurerm_container_app.gateway.template[0].container[0].image}",
    }
