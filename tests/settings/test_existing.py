"""Resources that somebody else has made, and a private registry."""

from pathlib import Path

import pytest

from settings.environment import EnvironmentSettings
from settings.errors import SettingsError
from settings.image import DEFAULT_IMAGE
from settings.loading import load_environment, load_environments
from tests.settings.conftest import Refuses, WriteFile

SUBSCRIPTION = "22222222-bbbb-4bbb-8bbb-222222222222"
OTHER = "55555555-eeee-4eee-8eee-555555555555"
WORKSPACE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-Logs/providers/Microsoft.OperationalInsights/workspaces/law-x"
)
VAULT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-dev"
REGISTRY = (
    f"/subscriptions/{OTHER}/resourceGroups/images/providers/Microsoft.ContainerRegistry/registries/ContosoImages"
)
_, _TAG = DEFAULT_IMAGE.split(":", 1)
IMAGE = f"contosoimages.azurecr.io/ai/litellm:{_TAG}"
HERE = f'subscription_id = "{SUBSCRIPTION}"\n'


def load(write: WriteFile, content: str, name: str = "dev") -> EnvironmentSettings:
    return load_environment(write(f'env = "{name}"\n{content}', f"{name}.toml"))


def test_without_them_everything_has_the_conventions_name(write: WriteFile) -> None:
    settings = load(write, "")
    assert settings.resource_group == "pvc-dev-aigateway-rg-san"
    assert settings.key_vault_name == "pvc-dev-aigateway-kv-san"
    assert settings.workspace_name_and_group == ("pvc-dev-aigateway-law-san", "pvc-dev-aigateway-rg-san")


def test_existing_ones_have_their_own_names(write: WriteFile) -> None:
    given = f'resource_group = "rg-ai"\nlog_analytics_workspace = "{WORKSPACE}"\nkey_vault = "{VAULT}"'
    settings = load(write, f"{HERE}[existing]\n{given}")
    assert settings.resource_group == "rg-ai"
    assert settings.key_vault_name == "kv-dev"
    assert settings.workspace_name_and_group == ("law-x", "rg-Logs")


def test_an_id_gets_the_case_that_terraform_compares(write: WriteFile) -> None:
    """Its names keep theirs: az prints a workspace's id in lower case, and a group as it was made."""
    printed = WORKSPACE.replace("resourceGroups", "resourcegroups").replace(
        "Microsoft.Operational", "microsoft.operational"
    )
    settings = load(write, f'{HERE}existing.log_analytics_workspace = "{printed.replace("bbbb", "BBBB")}"')
    assert settings.existing.log_analytics_workspace == WORKSPACE


@pytest.mark.parametrize(
    ("content", "field", "value", "allowed"),
    [
        (
            'existing.key_vault = "kv-dev"',
            "existing.key_vault",
            '"kv-dev"',
            "must be the id of a Key Vault, as `az key",
        ),
        (
            f'existing.key_vault = "{VAULT}/secrets/gateway-key"',
            "existing.key_vault",
            f'"{VAULT}'[:100],
            "this one is that of a Microsoft.KeyVault/vaults/secrets$",
        ),
        (
            f'existing.key_vault = "{WORKSPACE}"',
            "existing.key_vault",
            f'"{WORKSPACE}'[:100],
            r"must be the id of a Key Vault \(Microsoft.KeyVault/vaults\); this one is that of a Microsoft.Operational",
        ),
        (
            f'existing.key_vault = "{VAULT}-"',
            "existing.key_vault",
            f'"{VAULT}-"',
            "the name of a Key Vault, which kv-dev-",
        ),
        (
            f'existing.log_analytics_workspace = "{VAULT}"',
            "existing.log_analytics_workspace",
            f'"{VAULT}"',
            "must be the id of a Log Analytics workspace",
        ),
        (
            f'existing.log_analytics_workspace = "https://portal.azure.com/#resource{WORKSPACE}"',
            "existing.log_analytics_workspace",
            '"https://portal.azure.com',
            "as `az monitor log-analytics workspace show",
        ),
        ('existing.resource_group = "rg."', "existing.resource_group", '"rg."', "without a final '.'"),
        (f'registry.id = "{VAULT}"', "registry.id", f'"{VAULT}"', "must be the id of a container registry"),
        ('registry.id = "contoso.azurecr.io"', "registry.id", '"contoso.azurecr.io"', "as `az acr show"),
        (
            f'registry = {{id = "{REGISTRY}", login_server = "https://a.azurecr.io"}}',
            "registry.login_server",
            '"https://a.azurecr.io"',
            "like name.azurecr.io$",
        ),
        ("registry.assign_role = false", "registry.id", "", "is missing; every table of this kind must give it"),
        (
            'delete_lock = true\nexisting.resource_group = "rg"',
            "existing.resource_group",
            '"rg"',
            "must be left out with delete_lock = true",
        ),
        (
            "existing.assign_role = false",
            "existing.assign_role",
            "false",
            "must be left out without existing.key_vault",
        ),
    ],
)
def test_what_is_no_such_resource_is_refused(
    refuses: Refuses, content: str, field: str, value: str, allowed: str
) -> None:
    refuses(content, field=field, value=value, allowed=allowed)


@pytest.mark.parametrize(("field", "resource"), [("key_vault", VAULT), ("log_analytics_workspace", WORKSPACE)])
def test_what_terraform_could_not_read_again_is_refused(refuses: Refuses, field: str, resource: str) -> None:
    """The provider looks in its own subscription alone."""
    given = f'existing.{field} = "{resource}"'
    place = {"field": f"existing.{field}", "value": f'"{resource}'[:110]}
    refuses(given, allowed="must be in the subscription of subscription_id, which must be given, too$", **place)
    refuses(
        f'subscription_id = "{OTHER}"\n{given}',
        allowed=f"must be in the subscription of subscription_id, which is {OTHER}$",
        **place,
    )


@pytest.mark.parametrize(
    ("field", "resource", "setting", "value"),
    [
        ("key_vault", VAULT, "key_vault.soft_delete_retention_days", "30"),
        ("key_vault", VAULT, "key_vault.purge_protection", "true"),
        ("key_vault", VAULT, "key_vault.purge_protection", "false"),
        ("key_vault", VAULT, "key_vault.audit_log", "true"),
        ("log_analytics_workspace", WORKSPACE, "logs.retention_days", "90"),
        ("log_analytics_workspace", WORKSPACE, "logs.daily_quota_gb", "2.5"),
    ],
)
def test_a_setting_of_what_somebody_else_has_made_is_refused(
    refuses: Refuses, field: str, resource: str, setting: str, value: str
) -> None:
    refuses(
        f'{HERE}existing.{field} = "{resource}"\n{setting} = {value}',
        field=setting,
        value=value,
        allowed=f"must be left out: the owner of existing.{field} decides that",
    )


def test_prods_defaults_are_not_of_an_existing_vault(write: WriteFile) -> None:
    settings = load(write, f'{HERE}existing.key_vault = "{VAULT}"', "prod")
    assert not settings.key_vault.model_fields_set
    assert not settings.key_vault.audit_log
    assert load(write, "", "prod").key_vault.audit_log


def test_what_is_logged_stays_a_setting_beside_an_existing_workspace(write: WriteFile) -> None:
    settings = load(write, f'{HERE}existing.log_analytics_workspace = "{WORKSPACE}"\nlogs.client_address = true')
    assert settings.logs.client_address


@pytest.mark.parametrize(
    ("setting", "value", "changed", "what"),
    [
        ("key_vault", VAULT, VAULT.upper().replace("/SUBSCRIPTIONS", "/subscriptions"), "a Key Vault"),
        ("resource_group", "rg-ai", "RG-AI", "a resource group"),
    ],
)
def test_two_environments_share_neither_a_vault_nor_a_group(
    write: WriteFile, tmp_path: Path, setting: str, value: str, changed: str, what: str
) -> None:
    for env, given in (("dev", value), ("staging", changed.replace("/RESOURCEGROUPS/", "/resourceGroups/"))):
        given = given.replace("/PROVIDERS/", "/providers/")
        write(f'env = "{env}"\n{HERE}existing.{setting} = "{given}"', f"{env}.toml")
    with pytest.raises(SettingsError) as refusal:
        load_environments(tmp_path)
    (mistake,) = refusal.value.mistakes
    assert f"existing.{setting} = " in mistake
    assert mistake.endswith(f"must differ from that of dev.toml: each environment needs {what} of its own")


def test_groups_of_one_name_in_two_subscriptions_are_two(write: WriteFile, tmp_path: Path) -> None:
    for env, subscription in (("dev", SUBSCRIPTION), ("prod", OTHER)):
        write(f'env = "{env}"\nsubscription_id = "{subscription}"\nexisting.resource_group = "rg"', f"{env}.toml")
    assert {settings.resource_group for settings in load_environments(tmp_path)} == {"rg"}


def test_a_registry_has_the_image(write: WriteFile) -> None:
    registry = load(write, f'registry.id = "{REGISTRY}"\ncontainers.image = "{IMAGE}"').registry
    assert registry
    assert (registry.login_server, registry.assign_role) == ("contosoimages.azurecr.io", True)
    image = IMAGE.replace("contosoimages", "contosoimages-a1b2c3")
    own = f'registry = {{id = "{REGISTRY}", login_server = "contosoimages-a1b2c3.azurecr.io"}}'
    assert load(write, f'{own}\ncontainers.image = "{image}"').containers.image == image


@pytest.mark.parametrize("image", [DEFAULT_IMAGE, f"contosoimages.azurecr.io.example.com/litellm:{_TAG}"])
def test_an_image_from_elsewhere_does_not_need_the_registry(refuses: Refuses, image: str) -> None:
    refuses(
        f'registry.id = "{REGISTRY}"\ncontainers.image = "{image}"',
        field="containers.image",
        value=f'"{image}'[:100],
        allowed=r"must come from contosoimages\.azurecr\.io, or \[registry\] be left out$",
    )
