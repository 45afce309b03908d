"""Environments in several subscriptions, and in two tenants: each is prepared where its settings say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bootstrap.runs import (
    ENVS,
    HAS_KEY,
    PLAN,
    REPOSITORY,
    bootstrap,
    deploy,
    environment_of,
    normalized,
    principal_of,
    read,
)
from tests.cloud.az.azure import CALLER, SUBSCRIPTION, TENANT, assignment, subscription
from tests.cloud.fixtures import Cloud

OTHER_TENANT = "66666666-ffff-4fff-8fff-666666666666"
IDS = {env: f"{number}0000000-0000-4000-8000-000000000000" for number, env in enumerate(ENVS, 1)}
WHERE = ("--repository", REPOSITORY)


def with_subscriptions(cloud: Cloud, *, prod_tenant: str = TENANT) -> None:
    """Three new ones, of which the caller is the owner."""
    with cloud.edit() as azure:
        for number, (env, id_) in enumerate(IDS.items()):
            tenant = prod_tenant if env == "prod" else TENANT
            azure["subscriptions"].append(subscription(id_, f"Gateway {env}", tenant=tenant))
            owner = assignment(CALLER, "Owner", f"/subscriptions/{id_}", number=9000 + number)
            azure["role_assignments"].append(owner)


def naming(stacks: Path, out: Path, *, envs: tuple[str, ...] = ENVS, tenant_of_prod: str = "") -> dict[str, str]:
    """The variables for stacks whose settings name their subscriptions."""
    for env in ENVS:
        content = json.loads((stacks / f"aigateway-{env}" / "cdk.tf.json").read_text(encoding="utf-8"))
        provider = content["provider"]["azurerm"][0]
        if env in envs:
            provider["subscription_id"] = IDS[env]
        if env == "prod" and tenant_of_prod:
            provider["tenant_id"] = tenant_of_prod
        folder = out / "stacks" / f"aigateway-{env}"
        folder.mkdir(parents=True)
        (folder / "cdk.tf.json").write_text(json.dumps(content), encoding="utf-8")
    return {"CDKTF_OUTDIR": str(out), **HAS_KEY}


@pytest.fixture
def three(cloud: Cloud, stacks: Path, tmp_path: Path) -> dict[str, str]:
    """Three environments in three subscriptions of one tenant; the variables that select their stacks."""
    with_subscriptions(cloud)
    return naming(stacks, tmp_path / "three")


def test_three_environments_in_three_subscriptions(cloud: Cloud, three: dict[str, str]) -> None:
    ran = bootstrap(cloud, *WHERE, parts=(), env=three)
    assert ran.code == 0, ran.err
    state, github = cloud.state(), cloud.state("gh")
    for each in state["subscriptions"][2:]:
        assert each["providers"]["Microsoft.App"] == each["providers"]["Microsoft.Storage"] == "Registered"
    clients = {app["displayName"]: app["appId"] for app in state["apps"]}
    for env in ENVS:
        scope = f"/subscriptions/{IDS[env]}/"
        assert state["groups"][f"pvc-{env}-aigateway-rg-san"]["id"].startswith(scope)
        assert state["storage"][f"pvc{env}aigatewaystsan"]["id"].startswith(scope)
        [role] = [role for role in state["custom_roles"] if role["roleName"] == read(env)]
        assert role["assignableScopes"] == [f"/subscriptions/{IDS[env]}"]
        for identity in (deploy(env), read(env)):
            principal = principal_of(cloud, identity)
            given = [each for each in state["role_assignments"] if each["principalId"] == principal]
            assert len(given) == (5 if identity == deploy(env) else 4)
            assert all(f"{each['scope']}/".startswith(scope) for each in given)
        assert environment_of(cloud, env)["variables"]["AZURE_SUBSCRIPTION_ID"] == IDS[env]
        assert github["variables"][f"AZURE_SUBSCRIPTION_ID_{env.upper()}"] == IDS[env]
        assert github["variables"][f"AZURE_PLAN_CLIENT_ID_{env.upper()}"] == clients[PLAN]


def test_a_second_run_in_three_subscriptions_changes_nothing(cloud: Cloud, three: dict[str, str]) -> None:
    assert bootstrap(cloud, *WHERE, parts=(), env=three).code == 0
    cloud.forget_calls()
    again = bootstrap(cloud, *WHERE, parts=(), env=three)
    assert again.err.endswith("Nothing to change.\n"), again.err
    assert cloud.changes() == []


def test_a_dry_run_in_three_subscriptions_shows_the_commands_and_changes_nothing(
    cloud: Cloud, three: dict[str, str]
) -> None:
    before = cloud.state()
    dry = bootstrap(cloud, *WHERE, "--dry-run", parts=(), env=three)
    assert dry.code == 0, dry.err
    assert cloud.state() == before
    assert cloud.changes() == []
    bootstrap(cloud, *WHERE, parts=(), env=three)
    assert f"{len(cloud.changes())} commands would run." in dry.err


def test_preflight_reports_the_missing_rights_in_each_subscription(cloud: Cloud, three: dict[str, str]) -> None:
    with cloud.edit() as azure:
        azure["role_assignments"] = [each for each in azure["role_assignments"] if IDS["staging"] not in each["scope"]]
    ran = bootstrap(cloud, env=three)
    assert ran.code == 1
    problems = [line for line in ran.err.splitlines() if line.startswith("- ")]
    assert len(problems) == 4
    assert all("in Gateway staging (" in problem for problem in problems)
    assert cloud.changes() == []


def test_settings_and_option_that_name_different_subscriptions_are_refused(cloud: Cloud, three: dict[str, str]) -> None:
    ran = bootstrap(cloud, "--subscription", "Gateway", env=three)
    assert ran.code == 2
    assert "--subscription Gateway: settings/environments/dev.toml names Gateway dev (10000000-" in ran.err
    assert cloud.changes() == []
    assert bootstrap(cloud, "--env", "dev", "--subscription", "gateway DEV", env=three).code == 0


def test_without_settings_each_environment_can_be_given_a_subscription(
    cloud: Cloud, stacks: Path, tmp_path: Path
) -> None:
    with_subscriptions(cloud)
    environ = naming(stacks, tmp_path / "prod", envs=("prod",))
    assert bootstrap(cloud, "--env", "dev", "--subscription", "Gateway dev", env=environ).code == 0
    assert bootstrap(cloud, "--env", "staging", "--env", "prod", env=environ).code == 0
    places = {name.split("-")[1]: group["id"].split("/")[2] for name, group in cloud.state()["groups"].items()}
    assert places == {"dev": IDS["dev"], "staging": SUBSCRIPTION, "prod": IDS["prod"]}


def test_githubs_variables_never_name_a_subscription_without_the_environment(cloud: Cloud) -> None:
    """After `az account set` for something else."""
    with_subscriptions(cloud)
    dev = (*WHERE, "--env", "dev")
    assert bootstrap(cloud, *dev, parts=(), env=HAS_KEY).code == 0
    with cloud.edit() as azure:
        azure["default"] = IDS["prod"]
    before = cloud.state("gh")["variables"]
    ran = bootstrap(cloud, *dev, parts=("github",), env=HAS_KEY)
    assert ran.code == 1
    assert f"pvc-dev-aigateway-rg-san does not exist in Gateway prod ({IDS['prod']})" in ran.err
    assert cloud.state("gh")["variables"] == before
    assert bootstrap(cloud, *dev, "--subscription", "Gateway", parts=("github",), env=HAS_KEY).code == 0


def test_a_subscription_of_the_settings_that_the_login_does_not_see_is_refused_before_any_change(
    cloud: Cloud, stacks: Path, tmp_path: Path
) -> None:
    ran = bootstrap(cloud, env=naming(stacks, tmp_path / "unseen", envs=("prod",)))
    assert ran.code == 2
    assert "settings/environments/prod.toml, subscription_id: this login has no such subscription. It has:" in ran.err
    assert cloud.changes() == []


def test_variables_of_terraform_count_only_where_the_settings_name_no_subscription(
    cloud: Cloud, three: dict[str, str]
) -> None:
    assert bootstrap(cloud, "--env", "dev", env={**three, "ARM_SUBSCRIPTION_ID": SUBSCRIPTION}).code == 0


@pytest.mark.parametrize("names_tenant", [True, False])
def test_environments_of_a_second_tenant_are_named_with_the_login_that_they_need(
    cloud: Cloud, stacks: Path, tmp_path: Path, *, names_tenant: bool
) -> None:
    with_subscriptions(cloud, prod_tenant=OTHER_TENANT)
    environ = naming(stacks, tmp_path / "tenants", tenant_of_prod=OTHER_TENANT if names_tenant else "")
    ran = bootstrap(cloud, *WHERE, parts=(), env=environ)
    assert ran.code == 1
    assert "prod: in another tenant, and not prepared. Log in there, and run this again:\n" in ran.err
    assert f"  az login --tenant {OTHER_TENANT}\n  python3 scripts/bootstrap.py --env prod\n" in ran.err
    assert "pvc-prod-aigateway-rg-san" not in cloud.state()["groups"]
    assert set(cloud.state("gh")["environments"]) == {"dev", "staging"}

    with cloud.edit() as azure:
        azure["default"] = IDS["prod"]  # as az login does
    ran = bootstrap(cloud, *WHERE, "--env", "prod", parts=(), env=environ)
    assert ran.code == 0, ran.err
    apps = {(app["displayName"], app["tenantId"]) for app in cloud.state()["apps"]}
    assert apps == {
        (PLAN, TENANT),
        (PLAN, OTHER_TENANT),
        *((identity("prod"), OTHER_TENANT) for identity in (deploy, read)),
        *((identity(env), TENANT) for env in ("dev", "staging") for identity in (deploy, read)),
    }
    variables = cloud.state("gh")["variables"]
    assert variables["AZURE_TENANT_ID_PROD"] == OTHER_TENANT
    assert variables["AZURE_TENANT_ID_DEV"] == TENANT
    assert variables["AZURE_PLAN_CLIENT_ID_PROD"] != variables["AZURE_PLAN_CLIENT_ID_DEV"]
    assert variables["AZURE_PLAN_CLIENT_ID_STAGING"] == variables["AZURE_PLAN_CLIENT_ID_DEV"]
    assert environment_of(cloud, "prod")["variables"]["AZURE_TENANT_ID"] == OTHER_TENANT
    assert bootstrap(cloud, *WHERE, "--env", "prod", parts=(), env=environ).err.endswith("Nothing to change.\n")


def test_a_tenant_that_does_not_have_the_subscription_is_refused(cloud: Cloud, stacks: Path, tmp_path: Path) -> None:
    with_subscriptions(cloud, prod_tenant=OTHER_TENANT)
    environ = naming(stacks, tmp_path / "wrong", tenant_of_prod=TENANT)
    ran = bootstrap(cloud, "--env", "prod", env=environ)
    assert ran.code == 2
    assert f"is in the tenant {OTHER_TENANT}, and tenant_id is {TENANT}. Correct one of them." in ran.err


def test_a_run_after_an_interruption_between_subscriptions_completes_it(cloud: Cloud, three: dict[str, str]) -> None:
    assert bootstrap(cloud, env=three).code == 0
    changes, whole = len(cloud.changes()), normalized(cloud.state())
    for number in (10, changes // 2, changes - 3):
        (cloud.folder / "az.json").unlink()
        with_subscriptions(cloud)
        cloud.kill(change=number, when="after")
        assert bootstrap(cloud, env=three).code < 0
        assert bootstrap(cloud, env=three).code == 0
        assert normalized(cloud.state()) == whole
