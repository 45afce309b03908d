"""A deployment keeps the clients' keys of the vault, whatever TF_VAR_... says."""

from pathlib import Path
from typing import Any

import pytest

from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.terraform.client_keys import check_new_names, client_keys, stored_secrets
from scripts.terraform.plan_changes import Action, ResourceChange
from scripts.terraform.stacks import Stack
from settings.secret_names import derived_second_key
from tests.cloud import store
from tests.cloud.az.keyvault import version
from tests.cloud.fixtures import Cloud

VAULT = "vault-of-dev"
KEY_VAULT_ID = f"/subscriptions/s/resourceGroups/r/providers/Microsoft.KeyVault/vaults/{VAULT}"
GIVEN, ROTATED, OF_TEAM = "key-of-the-variable-1", "key-of-the-rotation-1", "key-of-the-team-itself"
FIRST, SECOND = "TF_VAR_gateway_key", "TF_VAR_gateway_key_secondary"


def plan(*names: str, actions: tuple[str, ...] = ("update",)) -> dict[str, Any]:
    """What `terraform show -json` writes of secrets that are in the vault."""
    before, kind = {"key_vault_id": KEY_VAULT_ID, "value_wo_version": 1}, "azurerm_key_vault_secret"
    return {
        "resource_changes": [
            {
                "address": f"{kind}.{name.replace('-', '_')}",
                "type": kind,
                "name": name.replace("-", "_"),
                "change": {
                    "actions": list(actions),
                    "before": {"name": name, **before},
                    "after": {"name": name, **before, "value_wo_version": 2},
                },
            }
            for name in names
        ]
    }


@pytest.fixture
def cloud(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """With its `az` on PATH."""
    monkeypatch.setenv("PATH", cloud.environ["PATH"])
    monkeypatch.setenv(store.FOLDER, str(cloud.folder))
    return cloud


def put(cloud: Cloud, **secrets: str) -> None:
    """Put these into the vault."""
    with cloud.edit() as azure:
        azure["vaults"][VAULT] = {name.replace("_", "-"): [version(value)] for name, value in secrets.items()}


@pytest.fixture
def stack() -> Stack:
    """With two projects, the second of which is `team`."""
    names = ("gateway_key", "gateway_key_secondary", "gateway_key_team", "gateway_key_team_secondary")
    of = {name: {"description": "", **({"default": ""} if "secondary" in name else {})} for name in names}
    return Stack(Path("stacks/aigateway-dev"), {"variable": {**of, "azure_openai_api_key": {"description": ""}}})


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of a first deployment."""
    monkeypatch.setenv(FIRST, GIVEN)
    monkeypatch.delenv(SECOND, raising=False)
    monkeypatch.setenv("TF_VAR_gateway_key_team", OF_TEAM)
    monkeypatch.delenv("TF_VAR_gateway_key_team_secondary", raising=False)


def keys(stack: Stack, *there: str, actions: tuple[str, ...] = ("update",)) -> dict[str, str]:
    """What a deployment hands to Terraform, with these in the vault."""
    return client_keys(stack, stored_secrets(plan(*there, actions=actions)), CommandLine("az"))


@pytest.mark.usefixtures("given")
def test_a_first_deployment_uses_the_given_keys_and_reads_no_vault(cloud: Cloud, stack: Stack) -> None:
    assert keys(stack) == {
        FIRST: GIVEN,
        SECOND: "",
        "TF_VAR_gateway_key_team": OF_TEAM,
        "TF_VAR_gateway_key_team_secondary": "",
    }
    assert cloud.calls() == []


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("second", [derived_second_key(ROTATED), ROTATED, "a key of its own"])
def test_a_key_of_the_vault_stays_in_every_phase_of_a_rotation(
    cloud: Cloud, stack: Stack, capsys: pytest.CaptureFixture[str], second: str
) -> None:
    put(cloud, gateway_key=ROTATED, gateway_key_secondary=second, azure_openai_api_key="Azure's")
    taken = keys(stack, "gateway-key", "gateway-key-secondary", "azure-openai-api-key")
    assert (taken[FIRST], taken[SECOND]) == (ROTATED, second)
    assert "TF_VAR_azure_openai_api_key" not in taken
    message = capsys.readouterr().err
    assert "TF_VAR_gateway_key differs from gateway-key in the vault and is ignored." in message
    assert "secondary" not in message
    assert not [key for key in (GIVEN, ROTATED, second) if key in message]


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("actions", [("delete", "create"), ("create", "delete")])
def test_a_key_that_is_deleted_before_it_is_written_must_be_given_too(
    cloud: Cloud, stack: Stack, monkeypatch: pytest.MonkeyPatch, actions: tuple[str, ...]
) -> None:
    there = ("gateway-key", "gateway-key-secondary")
    put(cloud, gateway_key=ROTATED, gateway_key_secondary=derived_second_key(ROTATED))
    with pytest.raises(ScriptError) as failure:
        keys(stack, *there, actions=actions)
    message = str(failure.value)
    show = f"az keyvault secret show --vault-name {VAULT} --name gateway-key --query value --output tsv"
    assert message.startswith(f"The plan deletes gateway-key of {VAULT} and writes it again")
    assert f'  {show} | gh secret set AIGATEWAY_KEY --env dev\n  export TF_VAR_gateway_key="$({show})"' in message
    assert "secondary" not in message
    assert ROTATED not in message
    monkeypatch.setenv(FIRST, ROTATED)
    assert keys(stack, *there, actions=actions)[FIRST] == ROTATED
    put(cloud, gateway_key=ROTATED, gateway_key_secondary="of a rotation")
    with pytest.raises(ScriptError, match="deletes gateway-key-secondary of vault-of-dev and writes it again"):
        keys(stack, *there, actions=actions)


@pytest.mark.usefixtures("given")
def test_a_given_key_that_equals_the_vaults_is_not_reported(
    cloud: Cloud, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    put(cloud, gateway_key=GIVEN)
    assert keys(stack, "gateway-key")[FIRST] == GIVEN
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("given")
def test_the_key_of_a_new_project_is_given_while_the_others_stay(cloud: Cloud, stack: Stack) -> None:
    put(cloud, gateway_key=ROTATED, gateway_key_secondary=derived_second_key(ROTATED))
    taken = keys(stack, "gateway-key", "gateway-key-secondary")
    assert (taken[FIRST], taken["TF_VAR_gateway_key_team"]) == (ROTATED, OF_TEAM)


def test_a_key_that_is_neither_in_the_vault_nor_given_is_reported(
    cloud: Cloud, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cloud, gateway_key=ROTATED, gateway_key_secondary=derived_second_key(ROTATED))
    monkeypatch.delenv(FIRST, raising=False)
    monkeypatch.setenv("TF_VAR_gateway_key_team", " ")
    with pytest.raises(ScriptError) as failure:
        keys(stack, "gateway-key", "gateway-key-secondary")
    assert failure.value.code == 2
    assert str(failure.value).startswith("TF_VAR_gateway_key_team is not set.")
    assert "TF_VAR_gateway_key:" not in str(failure.value)


@pytest.mark.usefixtures("given")
def test_a_new_key_that_could_be_guessed_is_refused(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_VAR_gateway_key_team", "x" * 19)
    with pytest.raises(ScriptError, match="TF_VAR_gateway_key_team must have at least 20 characters"):
        keys(stack)
    monkeypatch.setenv("TF_VAR_gateway_key_team", "x" * 20)
    assert keys(stack)["TF_VAR_gateway_key_team"] == "x" * 20


def test_a_secret_that_is_not_stored_yet_is_not_read() -> None:
    content = plan("gateway-key")
    content["resource_changes"][0]["change"]["before"] = None
    assert stored_secrets(content) == ()
    content["resource_changes"][0]["type"] = "azurerm_key_vault"
    assert stored_secrets(content) == ()


def secret_change(name: str, action: Action, *forced_by: str) -> ResourceChange:
    """What a plan does to a secret."""
    address = f"azurerm_key_vault_secret.{name.replace('-', '_')}"
    return ResourceChange(
        address=address, resource_type="azurerm_key_vault_secret", action=action, name=name, forced_by=forced_by
    )


def stack_with(vault: str) -> Stack:
    """With secrets in the vault of this id, or of this reference."""
    secrets = {"gateway_key": {"key_vault_id": vault}, "inner_key": {"key_vault_id": vault}}
    of = {"azurerm_key_vault_secret": secrets, "azurerm_key_vault": {"gateway": {"name": VAULT}}}
    return Stack(Path("stacks/aigateway-dev"), {"resource": of})


@pytest.mark.parametrize(
    ("change", "is_refused"),
    [
        (secret_change("gateway-key", Action.CREATE), True),
        (secret_change("gateway-key", Action.REPLACE, "key_vault_id"), True),
        (secret_change("gateway-key", Action.REPLACE, "tainted"), False),
        (secret_change("gateway-key", Action.UPDATE), False),
        (secret_change("inner-key", Action.CREATE), False),
    ],
)
def test_a_name_that_an_existing_vault_has_already_is_refused_before_anything_is_made(
    cloud: Cloud, change: ResourceChange, *, is_refused: bool
) -> None:
    put(cloud, gateway_key="of somebody else")
    stack = stack_with(KEY_VAULT_ID)
    assert stack.key_vault == VAULT
    if not is_refused:
        check_new_names(stack, [change], CommandLine("az"))
        return
    with pytest.raises(ScriptError) as failure:
        check_new_names(stack, [change], CommandLine("az"))
    assert f"{VAULT}, which exists already, has secrets that the plan would create: gateway-key." in str(failure.value)
    assert "of somebody else" not in str(failure.value)


def test_the_stacks_own_vault_is_not_asked_for_names(cloud: Cloud) -> None:
    stack = stack_with("${azurerm_key_vault.gateway.id}")
    assert stack.key_vault == VAULT
    check_new_names(stack, [secret_change("gateway-key", Action.CREATE)], CommandLine("az"))
    assert cloud.calls() == []
