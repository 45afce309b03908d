"""Models of the stack's own: accounts without keys, deployments one after the other, roles on nothing else."""

from typing import Any

from gateway.secrets import build_secrets
from tests.synth.conftest import Synthesize
from tests.synth.stack import ROOT, Stack, strings

KEYLESS = ROOT / "tests/gateway/environments/keyless.toml"

OPENAI_USER = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"
METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
SUBSCRIPTION = "${data.azurerm_client_config.caller.subscription_id}"


def _of(stack: Stack, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = stack.document["resource"].get(f"azurerm_{kind}", {})
    return found


def test_each_owned_upstream_is_an_account_in_its_region(keyless: Stack) -> None:
    accounts = _of(keyless, "cognitive_account")
    assert {name: (account["location"], account["name"]) for name, account in accounts.items()} == {
        "swedencentral": ("swedencentral", "pvc-keyless-aigateway-ai-swc"),
        "eastus2": ("eastus2", "pvc-keyless-aigateway-ai-eus2"),
        "southafricanorth": ("southafricanorth", "pvc-keyless-aigateway-ai-san"),
    }
    for account in accounts.values():
        assert (account["kind"], account["sku_name"]) == ("AIServices", "S0")


def test_the_gateway_calls_each_account_at_its_subdomain(keyless: Stack) -> None:
    [gateway, _] = keyless.containers
    env = {entry["name"]: entry.get("value") for entry in gateway["env"]}
    for name, account in _of(keyless, "cognitive_account").items():
        assert (
            env[f"{name.upper()}_ENDPOINT"] == f"https://{account['custom_subdomain_name']}.cognitiveservices.azure.com"
        )


def test_no_account_has_keys(keyless: Stack, complete: Stack) -> None:
    for stack in (keyless, complete):
        for account in _of(stack, "cognitive_account").values():
            assert account["local_auth_enabled"] is False


def test_a_stack_without_keys_has_no_key_of_azure_anywhere(keyless: Stack) -> None:
    assert {secret.name for secret in build_secrets(keyless.settings)} == {
        "gateway-key",
        "gateway-key-secondary",
        "inner-key",
    }
    assert keyless.document["variable"].keys() == {"gateway_key", "gateway_key_secondary"}
    variables = [entry for container in keyless.containers for entry in container["env"]]
    keys = {entry["name"]: entry["secret_name"] for entry in variables if "KEY" in entry["name"]}
    assert set(keys.values()) == {"gateway-key", "gateway-key-secondary", "inner-key"}
    assert not [name for name in keys if name.endswith("API_KEY")]
    assert not [text for text in strings(keyless.document["resource"]) if text.endswith("_access_key}")]


def test_deployments_are_what_the_settings_say_and_stay_so(keyless: Stack) -> None:
    deployments = _of(keyless, "cognitive_deployment")
    assert deployments.keys() == {
        f"{region}_{model}"
        for region in ("swedencentral", "eastus2", "southafricanorth")
        for model in ("gpt_5_3_codex", "text_embedding_3_large")
    }
    codex = deployments["eastus2_gpt_5_3_codex"]
    assert codex["cognitive_account_id"] == "${azurerm_cognitive_account.eastus2.id}"
    assert codex["name"] == "gpt-5.3-codex"
    assert codex["model"] == {"format": "OpenAI", "name": "gpt-5.3-codex", "version": "2026-02-24"}
    assert codex["sku"] == {"name": "GlobalStandard", "capacity": 100}
    assert {one["version_upgrade_option"] for one in deployments.values()} == {"NoAutoUpgrade"}


def test_an_account_is_changed_by_one_resource_at_a_time(keyless: Stack, complete: Stack) -> None:
    """Azure answers 409 to two: https://github.com/hashicorp/terraform-provider-azurerm/issues/22607."""
    for stack in (keyless, complete):
        for account in _of(stack, "cognitive_account"):
            reference = f"${{azurerm_cognitive_account.{account}.id}}"
            changing = [
                address
                for address, resource in stack.resources.items()
                if resource.get("cognitive_account_id") == reference
            ]
            assert changing
            for one in changing:
                for other in changing:
                    chained = one in stack.dependencies[other] or other in stack.dependencies[one]
                    assert one == other or chained


def test_the_gateway_may_call_models_of_each_account_and_nothing_wider(keyless: Stack) -> None:
    roles = {name: role for name, role in _of(keyless, "role_assignment").items() if name.endswith("_openai_user")}
    assert {name: role["scope"] for name, role in roles.items()} == {
        f"{region}_openai_user": f"${{azurerm_cognitive_account.{region}.id}}"
        for region in ("swedencentral", "eastus2", "southafricanorth")
    }
    for role in roles.values():
        assert role["role_definition_id"] == _definition(OPENAI_USER)
        assert role["principal_id"] == "${azurerm_user_assigned_identity.gateway.principal_id}"
        assert role["principal_type"] == "ServicePrincipal"
    assert _of(keyless, "role_assignment").keys() - roles.keys() == {"secrets_reader", "metrics_publisher"}


def test_a_role_is_there_before_the_deployments_take_their_minutes(keyless: Stack) -> None:
    for name in _of(keyless, "cognitive_deployment"):
        account = name.partition("_")[0]
        before = keyless.dependencies[f"azurerm_cognitive_deployment.{name}"]
        assert f"azurerm_role_assignment.{account}_openai_user" in before


def test_existing_accounts_get_the_role_only_where_the_settings_name_them(complete: Stack) -> None:
    roles = {name for name in _of(complete, "role_assignment") if name.endswith("_openai_user")}
    assert roles == {"own_region_openai_user", "theirs_openai_user"}
    theirs = _of(complete, "role_assignment")["theirs_openai_user"]
    [upstream] = [one for one in complete.settings.upstreams if one.name == "theirs"]
    assert theirs["scope"] == getattr(upstream, "account_id", None)
    subscription = "11111111-2222-3333-4444-555555555555"
    assert theirs["role_definition_id"] == _definition(OPENAI_USER).replace(SUBSCRIPTION, subscription)


def test_any_address_may_call_unless_the_settings_list_networks(keyless: Stack, complete: Stack) -> None:
    for account in _of(keyless, "cognitive_account").values():
        assert account["network_acls"] == {"default_action": "Allow", "bypass": "None", "ip_rules": []}
    assert _of(complete, "cognitive_account")["own_region"]["network_acls"] == {
        "default_action": "Deny",
        "bypass": "None",
        # Azure takes no networks of one or two addresses.
        "ip_rules": ["203.0.113.0/24", "198.51.100.6", "198.51.100.7", "192.0.2.9"],
    }


def test_a_foundry_project_is_made_where_the_settings_want_one(keyless: Stack, complete: Stack) -> None:
    assert "cognitive_account_project" not in {kind.removeprefix("azurerm_") for kind in keyless.document["resource"]}
    account = _of(complete, "cognitive_account")["own_region"]
    project = _of(complete, "cognitive_account_project")["own_region"]
    assert account["project_management_enabled"] is True
    # The provider refuses a project in an account without an identity.
    assert account["identity"] == project["identity"] == {"type": "SystemAssigned"}
    assert project["location"] == account["location"]
    assert project["name"] == "pvc-complete-aigateway-proj-swc"


def test_who_changes_an_account_is_logged_and_requests_are_not_logged_twice(keyless: Stack) -> None:
    settings = _of(keyless, "monitor_diagnostic_setting")
    assert settings.keys() == {f"{name}_audit" for name in _of(keyless, "cognitive_account")}
    for address, setting in settings.items():
        name = address.removesuffix("_audit")
        assert setting["target_resource_id"] == f"${{azurerm_cognitive_account.{name}.id}}"
        assert setting["log_analytics_workspace_id"] == "${azurerm_log_analytics_workspace.gateway.id}"
        assert setting["enabled_log"] == [{"category": "Audit"}]
        assert "enabled_metric" not in setting


def test_an_upstream_called_like_the_vault_leaves_its_log(synthesize_files: Synthesize) -> None:
    text = KEYLESS.read_text(encoding="utf-8").replace('"swedencentral"', '"key-vault"', 1)
    files = {"keyless.toml": f"{text}\n[key_vault]\naudit_log = true\n"}
    settings = _of(synthesize_files(files)["keyless"], "monitor_diagnostic_setting")
    assert settings["key_vault"]["target_resource_id"] == "${azurerm_key_vault.gateway.id}"
    assert settings["key_vault_audit"]["target_resource_id"] == "${azurerm_cognitive_account.key_vault.id}"


def _definition(role: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"
