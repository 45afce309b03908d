"""A key that was rotated is in the vault alone: no deployment writes the old one over it unasked."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.cloud.commands import CommandLine
from scripts.cloud.phases import derived
from scripts.delivery.keys import check_keys, rewritten
from scripts.stacks import Stack
from scripts.work import Failed
from tests.cloud import edge
from tests.cloud.az.keyvault import version
from tests.cloud.stand_ins import Cloud
from tests.delivery.conftest import SECRETS, Desk

VAULT = "vault-of-dev"
KEY_VAULT_ID = f"/subscriptions/s/resourceGroups/r/providers/Microsoft.KeyVault/vaults/{VAULT}"
GIVEN, ROTATED = "key-of-the-variable", "key-of-the-rotation"
UPDATED, REPLACED, NOTHING = ["update"], ["delete", "create"], ["no-op"]


def plan(*names: str, actions: list[str] = UPDATED, raised: bool = True) -> dict[str, Any]:
    """What `terraform show -json` writes of secrets whose version rises, or does not."""
    before = {"key_vault_id": KEY_VAULT_ID, "value_wo_version": 1, "tags": {}}
    after = {**before, "value_wo_version": 2 if raised else 1, "tags": {"new": "yes"}}
    kind = "azurerm_key_vault_secret"
    return {
        "resource_changes": [
            {
                "address": f"{kind}.{name.replace('-', '_')}",
                "type": kind,
                "name": name.replace("-", "_"),
                "change": {"actions": actions, "before": {"name": name, **before}, "after": {"name": name, **after}},
            }
            for name in names
        ]
    }


@pytest.fixture
def cloud(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Outside of the desk's folder, in which no secret may be."""
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    monkeypatch.setenv("PATH", cloud.environ["PATH"])
    monkeypatch.setenv(edge.FOLDER, str(cloud.folder))
    return cloud


def holds(cloud: Cloud, **secrets: str) -> None:
    """Let the vault have these."""
    with cloud.scene() as azure:
        azure["vaults"][VAULT] = {name.replace("_", "-"): [version(value)] for name, value in secrets.items()}


@pytest.fixture
def stack() -> Stack:
    """With two projects, the second of which is `team`."""
    keys = ("gateway_key", "gateway_key_secondary", "gateway_key_team", "gateway_key_team_secondary")
    of = {name: {"description": "", **({"default": ""} if "secondary" in name else {})} for name in keys}
    return Stack(Path("stacks/aigateway-dev"), {"variable": {**of, "azure_openai_api_key": {"description": ""}}})


def objections(stack: Stack, **given: str) -> str:
    """What is said against a deployment that writes everything anew; nothing if nothing is."""
    names = ["gateway-key", "gateway-key-secondary", "inner-key", "azure-openai-api-key"]
    names += [name for name in ("gateway-key-team", "gateway-key-team-secondary") if "gateway_key_team" in given]
    with pytest.MonkeyPatch.context() as environ:
        for name, value in given.items():
            environ.setenv(f"TF_VAR_{name}", value)
        try:
            check_keys(stack, rewritten(plan(*names)), CommandLine("az"))
        except Failed as failure:
            said, code = str(failure), failure.code
        else:
            return ""
    assert code == 2
    assert not [value for value in (GIVEN, ROTATED, derived(GIVEN), derived(ROTATED)) if value in said]
    return said


def test_keys_that_stay_what_they_are_may_be_written_and_azures_may_change(cloud: Cloud, stack: Stack) -> None:
    holds(cloud, gateway_key=GIVEN, gateway_key_secondary=derived(GIVEN), azure_openai_api_key="old")
    assert objections(stack, gateway_key=GIVEN, gateway_key_secondary="", azure_openai_api_key="new") == ""
    holds(cloud, gateway_key=GIVEN, gateway_key_secondary="second")
    assert objections(stack, gateway_key=GIVEN, gateway_key_secondary="second") == ""


def test_a_rotated_key_is_not_written_over(cloud: Cloud, stack: Stack) -> None:
    holds(cloud, gateway_key=ROTATED, gateway_key_secondary=derived(ROTATED))
    said = objections(stack, gateway_key=GIVEN)
    assert "The vault's gateway-key is another key than TF_VAR_gateway_key: it was rotated" in said
    show = f"az keyvault secret show --vault-name {VAULT} --name gateway-key --query value --output tsv"
    assert f"{show} | gh secret set AIGATEWAY_KEY --env dev" in said
    assert "--overwrite-keys" in said
    assert "secondary" not in said


@pytest.mark.parametrize("second", [ROTATED, GIVEN])
def test_the_second_key_of_a_rotation_that_goes_on_is_not_taken_away(cloud: Cloud, stack: Stack, second: str) -> None:
    holds(cloud, gateway_key=GIVEN, gateway_key_secondary=second)
    said = objections(stack, gateway_key=GIVEN)
    assert "The vault's gateway-key-secondary is a key of its own: a rotation is going on" in said
    assert "python3 scripts/rotate.py --env dev retire" in said


def test_a_given_second_key_is_compared_as_the_first_is(cloud: Cloud, stack: Stack) -> None:
    holds(cloud, gateway_key=GIVEN, gateway_key_secondary=ROTATED)
    said = objections(stack, gateway_key=GIVEN, gateway_key_secondary="second")
    assert "gh secret set AIGATEWAY_KEY_SECONDARY --env dev" in said


def test_each_project_has_its_own_keys_compared(cloud: Cloud, stack: Stack) -> None:
    ours = {"gateway_key": GIVEN, "gateway_key_secondary": derived(GIVEN)}
    holds(cloud, **ours, gateway_key_team="team", gateway_key_team_secondary=ROTATED)
    said = objections(stack, gateway_key=GIVEN, gateway_key_team="team")
    assert "python3 scripts/rotate.py --env dev --project team retire" in said
    holds(cloud, **ours, gateway_key_team=ROTATED, gateway_key_team_secondary=derived(ROTATED))
    said = objections(stack, gateway_key=GIVEN, gateway_key_team="team")
    assert "gh secret set AIGATEWAY_KEY_TEAM --env dev" in said


@pytest.mark.parametrize(
    ("actions", "raised", "found"),
    [(UPDATED, True, True), (UPDATED, False, False), (REPLACED, False, True), (NOTHING, False, False)],
)
def test_what_gets_a_value_again_is_what_is_made_anew_or_has_another_version(
    actions: list[str], *, raised: bool, found: bool
) -> None:
    assert bool(rewritten(plan("gateway-key", actions=actions, raised=raised))) is found


def test_what_is_not_there_yet_or_goes_is_not_written_over() -> None:
    content = plan("gateway-key", actions=["create"])
    content["resource_changes"][0]["change"]["before"] = None
    assert rewritten(content) == ()
    content = plan("gateway-key", actions=["delete"])
    content["resource_changes"][0]["change"]["after"] = None
    assert rewritten(content) == ()


@pytest.fixture
def raising(desk: Desk, cloud: Cloud) -> Desk:
    """A desk whose plan raises `secrets_version`, whatever the real Terraform plans; with `az`."""
    program = desk.folder / "bin/terraform"
    real = program.readlink()
    program.unlink()
    shown = desk.folder / "shown.json"
    edge_of_plan = f'case "$*" in *"show -json"*) exec cat {shown} ;; *) exec {real} "$@" ;; esac'
    program.write_text(f"#!/bin/sh\n{edge_of_plan}\n", encoding="utf-8")
    program.chmod(0o755)
    (desk.folder / "bin/az").symlink_to(cloud.bin / "az")
    desk.environ[edge.FOLDER] = str(cloud.folder)
    shown.write_text(json.dumps(plan("gateway-key")), encoding="utf-8")
    return desk


def test_a_deployment_refuses_before_it_begins_unless_it_is_told_otherwise(raising: Desk, cloud: Cloud) -> None:
    holds(cloud, gateway_key=ROTATED)
    ran = raising.run("deploy", "--env", "dev", "--yes", "--no-smoke")
    assert ran.returncode == 2
    assert "dev is not deployed.\nThe vault's gateway-key is another key" in ran.stderr
    assert ROTATED not in ran.stdout + ran.stderr
    assert not raising.state.contents
    asked = len(cloud.calls())
    ran = raising.run("deploy", "--env", "dev", "--yes", "--no-smoke", "--overwrite-keys")
    assert ran.returncode == 0, ran.stderr
    assert len(cloud.calls()) == asked
    assert raising.state.contents


def test_a_deployment_that_rotates_nothing_goes_on(raising: Desk, cloud: Cloud) -> None:
    holds(cloud, gateway_key=SECRETS["TF_VAR_gateway_key"])
    ran = raising.run("deploy", "--env", "dev", "--yes", "--no-smoke")
    assert ran.returncode == 0, ran.stderr
    assert cloud.calls()[0].words[:3] == ["keyvault", "secret", "show"]


def test_what_cannot_be_compared_is_not_written_over(raising: Desk, cloud: Cloud) -> None:
    holds(cloud, gateway_key=SECRETS["TF_VAR_gateway_key"])
    cloud.fail("keyvault secret show", message="Please run 'az login' to setup account.")
    ran = raising.run("deploy", "--env", "dev", "--yes", "--no-smoke")
    assert ran.returncode == 1
    assert "Log in with az; or --overwrite-keys" in ran.stderr
    assert not raising.state.contents
