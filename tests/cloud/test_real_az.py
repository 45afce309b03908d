"""The real azure-cli's parser against the stand-in's vocabulary and the command lines that the scripts issue."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from scripts import preflight, teardown
from scripts.cli.settings import settings_of
from scripts.terraform.stacks import Stack, load
from settings.loading import load_environment
from tests.bootstrap.runs import bootstrap
from tests.cloud.az import program as stand_in  # noqa: F401 - registers every command
from tests.cloud.az.commands import COMMANDS, WITHOUT_SUBSCRIPTION, flags_of
from tests.cloud.az.containerapp import app, revision
from tests.cloud.az.keyvault import deleted_vault, version
from tests.cloud.az.log_analytics import workspace
from tests.cloud.fixtures import Cloud
from tests.cloud.gateway import serve
from tests.gateway.whole.stacks import ENVIRONMENTS

VAULT = "pvc-dev-aigateway-kv-san"
EXISTING = Path(__file__).parents[1] / "synth/environments/existing.toml"


def test_the_stand_in_knows_no_command_and_no_flag_that_az_does_not(real_az: Callable[..., Any]) -> None:
    names = {name: name.partition(" --")[0] for name in COMMANDS}  # one for each kind of `az rest`
    known: dict[str, list[str] | None] = real_az(sorted(set(names.values())), what="flags")
    for name, real in names.items():
        flags = known[real]
        assert flags is not None, f"az has no command {real}"
        unknown = set(flags_of(COMMANDS[name])) - set(flags)
        assert not unknown, f"az {real} does not take {unknown}"
        takes_subscription = "--subscription" in flags
        assert takes_subscription != real.startswith(WITHOUT_SUBSCRIPTION), f"az {real}: {takes_subscription}"


def test_az_takes_every_line_that_the_scripts_issue(
    real_az: Callable[..., Any], cloud: Cloud, dev_prepared: Cloud
) -> None:
    for run in (
        _first_bootstrap,
        _second_bootstrap,
        _robots_bootstrap,
        _rotation,
        _rollback,
        _preflights,
        _report,
        _teardown,
    ):
        run(cloud, dev_prepared)
    lines = [call.words for call in cloud.calls("az")]
    assert {" ".join(line[:2]) for line in lines} >= {
        "ad app",
        "role assignment",
        "storage account",
        "keyvault secret",
        "containerapp revision",
        "cognitiveservices account",
        "cognitiveservices model",
        "cognitiveservices usage",
        "identity show",
        "group delete",
        "keyvault purge",
        "lock list",
        "resource list",
        "role definition",
        "monitor log-analytics",
    }
    objections = [(line, said) for line, said in zip(lines, real_az(lines), strict=True) if said]
    assert not objections


def test_az_refuses_what_is_invented(real_az: Callable[..., Any]) -> None:
    answers = real_az(
        [
            ["group", "create", "--name", "x", "--location", "y", "--invented", "z"],
            ["storage", "account", "create", "--name", "x", "--resource-group", "y", "--min-tls-version", "TLS9"],
            ["group", "create", "--name", "x"],
            ["group", "exists", "--name", "x", "--subscription", "s"],
        ]
    )
    assert [bool(answer) for answer in answers] == [True, True, True, False]


def _first_bootstrap(cloud: Cloud, _dev_done: Cloud) -> None:
    with cloud.edit() as azure:
        azure["providers"]["Microsoft.App"] = "NotRegistered"
        azure["allowed_to_create_apps"] = False
        azure["directory_roles"] = ["Application Developer"]
    assert bootstrap(cloud, "--env", "dev", "--subscription", "Gateway").code == 0


def _second_bootstrap(cloud: Cloud, dev_prepared: Cloud) -> None:
    """With something weak, stale or else in everything that can be mended."""
    text = json.dumps(dev_prepared.state()).replace("gateway@4321:", "other:").replace("TLS1_2", "TLS1_0")
    state = json.loads(text.replace("GuidEquals {", "GuidEquals {0"))
    state["storage"]["pvcdevaigatewaystsan"]["blob"]["isVersioningEnabled"] = False
    state["groups"]["pvc-dev-aigateway-rg-san"]["tags"] = {}
    state["custom_roles"][0]["actions"] = []
    cloud.restore(state)
    before = len(cloud.changes())
    assert bootstrap(cloud, "--env", "dev").code == 0
    assert {" ".join(call.words[:4]).partition(" --")[0] for call in cloud.changes()[before:]} == {
        "ad app federated-credential update",
        "role assignment update",
        "role definition update",
        "storage account update",
        "storage account blob-service-properties update",
        "tag update",
    }


def _robots_bootstrap(cloud: Cloud, dev_prepared: Cloud) -> None:
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        robot = azure["service_principals"][0]
        azure["user"] = {"name": robot["appId"], "type": "servicePrincipal"}
        azure["role_assignments"][0]["principalId"] = robot["id"]
    assert bootstrap(cloud, "--env", "dev").code == 0


def _rotation(cloud: Cloud, dev_prepared: Cloud) -> None:
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        azure["vaults"][VAULT] = {
            name: [version(f"the {name}'s value", tags={})]
            for name in ("gateway-key", "gateway-key-secondary", "inner-key")
        }
    with serve(cloud, VAULT, delay_s=0.1) as url:
        for half in ("add", "retire"):
            quick = ("--skip-synth", "--no-smoke", "--wait-s", "20", "--every-s", "0.05")
            ran = cloud.run("scripts/rotate.py", "--env", "dev", "--base-url", url, *quick, half)
            assert ran.code == 0, ran.err


def _rollback(cloud: Cloud, dev_prepared: Cloud) -> None:
    name, group = "pvc-dev-aigateway-ca-san", "pvc-dev-aigateway-rg-san"
    revisions = [revision(f"{name}--1", "2026-11-20"), revision(f"{name}--2", "2026-11-21", active=True)]
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        azure["container_apps"][name] = app(name, group, fqdn="gateway.invalid", revisions=revisions)
    quick = ("--skip-synth", "--no-smoke", "--every-s", "0.05", "--yes")
    ran = cloud.run("scripts/rollback.py", "--env", "dev", *quick)
    assert ran.code == 0, ran.err


def _preflights(cloud: Cloud, dev_prepared: Cloud) -> None:
    """Of accounts that exist or not, in regions that lack every model, and of somebody else's account."""
    cloud.restore(dev_prepared.state())
    shared = cloud.folder / "shared.toml"
    endpoint = "https://pvc-keyless-aigateway-ai-swc.cognitiveservices.azure.com"
    shared.write_text(f'keyless = true\nenv = "shared"\n[azure_openai]\nendpoint = "{endpoint}"\n', encoding="utf-8")
    with cloud.edit() as azure:
        account = {"name": "pvc-keyless-aigateway-ai-swc", "location": "swedencentral", "deployments": []}
        azure["ai_accounts"] = [{**account, "resourceGroup": "pvc-keyless-aigateway-rg-san"}]
        azure["identities"] = {"pvc-shared-aigateway-id-san": "44444444-0000-4000-8000-000000000000"}
    for file in (ENVIRONMENTS / "keyless.toml", shared, EXISTING):
        settings = load_environment(file).model_copy(update={"subscription_id": None})  # whichever az uses
        with patch.object(preflight, "settings_of", return_value=settings):
            ran = cloud.call(preflight.main, "--env", file.stem)
            assert ran.code == 1, ran.err
            assert f"Failed: preflight of {file.stem}" in ran.err


def _teardown(cloud: Cloud, dev_prepared: Cloud) -> None:
    """Of an environment that Terraform has left already, with a vault and an account to purge."""
    cloud.restore(dev_prepared.state())
    stack = load("dev", Path(cloud.environ["CDKTF_OUTDIR"]))
    accounts = {"own": {"name": "pvc-dev-aigateway-ai-swc", "location": "swedencentral"}}
    content = {**stack.content, "resource": {**stack.find("resource"), "azurerm_cognitive_account": accounts}}
    with cloud.edit() as azure:
        azure["vaults_deleted"] = [deleted_vault(VAULT, location="southafricanorth")]
        azure["ai_deleted"] = [{**accounts["own"], "resourceGroup": stack.resource_group}]
        azure["storage"].pop(stack.backend.storage_account_name)
    with patch.object(teardown, "prepare", return_value=(Stack(stack.folder, content),)):
        ran = cloud.call(teardown.main, "--env", "dev", "--yes", "--repository", "contoso/gateway")
    assert ran.code == 0, ran.err


def _report(cloud: Cloud, dev_prepared: Cloud) -> None:
    naming = settings_of("dev").naming
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        azure["workspaces"][naming.name("log_analytics_workspace")] = workspace(naming.name("resource_group"), lines=[])
    ran = cloud.run("scripts/report.py", "--env", "dev", "--output", cloud.folder / "report.html")
    assert ran.code == 0, ran.err
