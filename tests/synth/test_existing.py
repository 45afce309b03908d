"""A stack that uses what somebody else has made: it names it, and changes nothing in it but its own secrets."""

import json
from pathlib import Path

import pytest

from scripts.smoke_test.target import target_in
from scripts.terraform.stacks import load
from settings.roles import ACR_PULL
from tests.synth.conftest import Synthesize
from tests.synth.stack import Stack, strings

FILE = Path(__file__).parent / "environments/existing.toml"


@pytest.fixture
def existing(optional: dict[str, Stack]) -> Stack:
    """The stack of that file."""
    return optional["existing"]


def test_it_makes_neither_workspace_nor_vault_nor_reads_them(existing: Stack) -> None:
    kinds = {address.partition(".")[0] for address in existing.resources if not address.startswith("data.")}
    assert not kinds & {"azurerm_log_analytics_workspace", "azurerm_key_vault", "azurerm_monitor_diagnostic_setting"}
    assert existing.document["data"].keys() == {"azurerm_client_config", "azurerm_resource_group"}
    references = [text for text in strings(existing.document) if "${" in text]
    assert not [text for text in references if "azurerm_key_vault." in text or "azurerm_log_analytics" in text]


def test_everything_that_it_makes_lies_in_the_given_group(existing: Stack) -> None:
    assert existing.resources["data.azurerm_resource_group.gateway"]["name"] == "rg-ai-gateway"
    groups = {resource.get("resource_group_name") for resource in existing.resources.values()}
    assert groups == {None, "${data.azurerm_resource_group.gateway.name}"}


def test_logs_telemetry_alerts_and_workbook_use_the_given_workspace(existing: Stack) -> None:
    workspace = existing.settings.existing.log_analytics_workspace
    assert existing.resources["azurerm_container_app_environment.gateway"]["log_analytics_workspace_id"] == workspace
    assert existing.resources["azurerm_application_insights.gateway"]["workspace_id"] == workspace
    alerts = existing.document["resource"]["azurerm_monitor_scheduled_query_rules_alert_v2"].values()
    assert {scope for alert in alerts for scope in alert["scopes"]} == {workspace}
    content = json.loads(existing.resources["azurerm_application_insights_workbook.gateway"]["data_json"])
    assert content["fallbackResourceIds"] == [workspace]


def test_alerts_and_workbook_count_the_environments_app_alone(existing: Stack) -> None:
    """Others log into the same tables."""
    alerts = existing.document["resource"]["azurerm_monitor_scheduled_query_rules_alert_v2"]
    content = json.loads(existing.resources["azurerm_application_insights_workbook.gateway"]["data_json"])
    queries = [alert["criteria"][0]["query"] for name, alert in alerts.items() if name != "daily_cap"]
    queries += [item["content"]["query"] for item in content["items"] if item["type"] == 3]
    assert len(queries) > 20
    assert all('let container_app = "pvc-existing-aigateway-ca-san";' in query for query in queries)


def test_secrets_are_written_into_the_given_vault_and_stay_recoverable(existing: Stack) -> None:
    vault = existing.settings.existing.key_vault
    secrets = existing.document["resource"]["azurerm_key_vault_secret"].values()
    assert {secret["key_vault_id"] for secret in secrets} == {vault}
    assert existing.document["output"]["key_vault_name"]["value"] == "kv-ai-gateway"
    (features,) = existing.document["provider"]["azurerm"][0]["features"]
    assert features["key_vault"][0]["purge_soft_deleted_secrets_on_destroy"] is False


def test_the_identity_may_read_the_vault_and_pull_from_the_registry_before_the_app_needs_it(existing: Stack) -> None:
    reader = existing.resources["azurerm_role_assignment.secrets_reader"]
    puller = existing.resources["azurerm_role_assignment.image_puller"]
    assert existing.settings.registry
    assert reader["scope"] == existing.settings.existing.key_vault
    assert puller["scope"] == existing.settings.registry.id
    subscription = existing.settings.registry.id.split("/")[2]
    definition = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{ACR_PULL}"
    assert puller["role_definition_id"] == definition
    assert puller["principal_id"] == reader["principal_id"] == "${azurerm_user_assigned_identity.gateway.principal_id}"
    for role in ("secrets_reader", "image_puller"):
        before = existing.dependencies["azurerm_container_app_environment.gateway"]
        assert f"azurerm_role_assignment.{role}" in before


def test_the_app_pulls_with_its_own_identity(existing: Stack) -> None:
    identity = "${azurerm_user_assigned_identity.gateway.id}"
    assert existing.app["registry"] == [{"identity": identity, "server": "contosoimages.azurecr.io"}]
    assert {container["image"] for container in existing.containers} == {existing.settings.containers.image}


def test_scripts_name_what_is_given(existing: Stack, optional_stacks: Path) -> None:
    given = ("rg-ai-gateway", "kv-ai-gateway")
    target, stack = target_in(existing.settings), load("existing", optional_stacks.parent)
    assert (target.resource_group, target.key_vault) == (stack.resource_group, stack.key_vault) == given
    assert stack.existing_key_vault == existing.settings.existing.key_vault


def test_without_a_registry_there_is_none(stack: Stack) -> None:
    assert "registry" not in stack.app


def test_roles_that_owners_assign_are_not_the_stacks(synthesize_files: Synthesize) -> None:
    text = FILE.read_text(encoding="utf-8")
    text = text.replace("[registry]", "assign_role = false\n[registry]\nassign_role = false")
    stack = synthesize_files({"existing.toml": text})["existing"]
    assert stack.document["resource"]["azurerm_role_assignment"].keys() == {"metrics_publisher"}
    assert stack.app["registry"]
