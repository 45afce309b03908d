"""The move from one identity that deployed every environment to one for each (docs/single-identity.md)."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import Any

import pytest

from tests.bootstrap.runs import (
    ENVS,
    HAS_KEY,
    PLAN,
    REPOSITORY,
    bootstrap,
    credentials_of,
    deploy,
    principal_of,
    roles_of,
)
from tests.cloud.az.azure import CALLER, SUBSCRIPTION, assignment
from tests.cloud.fixtures import Cloud
from tests.cloud.gh.github import protected_environment

OLD = "pvc-aigateway-deploy"
CLIENT, PRINCIPAL = "old-deploy-client", "old-deploy-principal"
PREFIX = f"repo:{REPOSITORY}"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"
VARIABLES = {
    "AZURE_CLIENT_ID": "old-plan-client",
    "AZURE_DEPLOY_CLIENT_ID": CLIENT,
    "AZURE_TENANT_ID": "t",
    "AZURE_SUBSCRIPTION_ID": "s",
}
WHERE = ("--repository", REPOSITORY)


@pytest.fixture
def old(cloud: Cloud) -> Cloud:
    """What a bootstrap of the version before left, with a deployed environment's group."""
    subjects = [*(f"{PREFIX}:environment:{env}" for env in ENVS), f"{PREFIX}:ref:refs/heads/main"]
    with cloud.edit() as azure:
        azure["apps"] = [
            _app(OLD, CLIENT, subjects),
            _app(PLAN, "old-plan-client", [f"{PREFIX}:pull_request"]),
        ]
        azure["service_principals"] = [
            {"id": PRINCIPAL, "appId": CLIENT, "displayName": OLD},
            {"id": "old-plan-principal", "appId": "old-plan-client", "displayName": PLAN},
        ]
        azure["role_assignments"] += [
            assignment(PRINCIPAL, "Contributor", SCOPE, number=8001),
            assignment(PRINCIPAL, "Key Vault Secrets Officer", SCOPE, number=8002),
            assignment(PRINCIPAL, "Role Based Access Control Administrator", SCOPE, number=8003, condition="c"),
            assignment("old-plan-principal", "Reader", SCOPE, number=8004),
            assignment(CALLER, "Key Vault Secrets Officer", SCOPE, number=8005),
        ]
        azure["groups"] = {
            f"pvc-{env}-aigateway-rg-san": {
                "id": f"{SCOPE}/resourceGroups/pvc-{env}-aigateway-rg-san",
                "name": f"pvc-{env}-aigateway-rg-san",
                "location": "southafricanorth",
                "tags": {"env": env, "project": "aigateway"},
            }
            for env in ENVS
        }
    with cloud.edit("gh") as gh:
        gh["variables"] = dict(VARIABLES)
        for env in ENVS:
            own = {"variables": {"AZURE_CLIENT_ID": CLIENT}, "reviewers": [{"type": "User", "id": 101}]}
            gh["environments"][env] = protected_environment() | own
    return cloud


def _app(name: str, client: str, subjects: list[str]) -> dict[str, Any]:
    credentials = [
        {
            "id": f"{client}-{number}",
            "name": subject.rpartition(":")[2].replace("refs/heads/", "").replace("_", "-"),
            "issuer": "https://token.actions.githubusercontent.com",
            "subject": subject,
            "audiences": ["api://AzureADTokenExchange"],
        }
        for number, subject in enumerate(subjects)
    ]
    return {"id": f"{client}-object", "appId": client, "displayName": name, "credentials": credentials}


def told(err: str) -> list[list[str]]:
    """The commands that the report shows, in its order, and the removals of rights elsewhere in the output."""
    pattern = r"^ +((?:az|gh) .*delete .*)$|To remove it: (az role assignment delete .*)$"
    return [shlex.split(first or second) for first, second in re.findall(pattern, err, re.MULTILINE)]


def test_new_identities_come_first_and_nothing_of_the_old_one_is_touched(old: Cloud) -> None:
    before = old.state()
    ran = bootstrap(old, *WHERE, parts=(), env=HAS_KEY)
    assert ran.code == 0, ran.err
    after = old.state()
    assert after["apps"][:2] == before["apps"]
    assert after["role_assignments"][: len(before["role_assignments"])] == before["role_assignments"]
    assert after["groups"] | before["groups"] == after["groups"]  # the deployed groups are adopted
    variables = old.state("gh")["variables"]
    assert variables | VARIABLES == variables  # the old workflows, still on main, read them
    for env in ENVS:
        assert credentials_of(old, deploy(env)) == {env: f"{PREFIX}:environment:{env}"}
        own = old.state("gh")["environments"][env]["variables"]["AZURE_CLIENT_ID"]
        assert own == next(app["appId"] for app in after["apps"] if app["displayName"] == deploy(env))


def test_the_commands_of_the_report_remove_everything_of_it(old: Cloud) -> None:
    ran = bootstrap(old, *WHERE, parts=(), env=HAS_KEY)
    assert "not used any more when the workflows of this version have deployed every environment." in ran.err
    commands = told(ran.err)
    assert [" ".join(words[:4]) for words in commands if words[0] == "az"] == [
        *["az role assignment delete"] * 5,
        "az ad app delete",
    ]
    for words in commands:
        subprocess.run(words, env=old.environ, check=True)
    state = old.state()
    assert OLD not in {app["displayName"] for app in state["apps"]}
    assert PRINCIPAL not in {each["principalId"] for each in state["role_assignments"]}
    kept = {principal_of(old, deploy(env)) for env in ENVS} | {CALLER}
    assert {each["principalId"] for each in state["role_assignments"] if each["scope"] == SCOPE} == kept
    assert ("Key Vault Secrets Officer", SUBSCRIPTION) not in roles_of(old, CALLER)
    assert not VARIABLES.keys() & old.state("gh")["variables"].keys()
    assert ("Reader", "pvc-prod-aigateway-rg-san") in roles_of(old, principal_of(old, PLAN))
    again = bootstrap(old, *WHERE, parts=(), env=HAS_KEY)
    assert "ok: nothing is left of it" in again.err
    assert again.err.endswith("Nothing to change.\n")


def test_a_dry_run_of_the_move_changes_nothing(old: Cloud) -> None:
    before = old.state(), old.state("gh")
    ran = bootstrap(old, *WHERE, "--dry-run", parts=(), env=HAS_KEY)
    assert ran.code == 0, ran.err
    assert (old.state(), old.state("gh")) == before


def test_it_is_not_to_be_removed_while_another_environment_uses_it(old: Cloud) -> None:
    ran = bootstrap(old, *WHERE, "--env", "dev", parts=(), env=HAS_KEY)
    assert ran.code == 0, ran.err
    assert "staging, prod may still use it: prepare each of them, too." in ran.err
    assert "az ad app delete" not in ran.err
    assert bootstrap(old, *WHERE, "--env", "staging", "--env", "prod", parts=(), env=HAS_KEY).code == 0
    assert f"az ad app delete --id {CLIENT}" in bootstrap(old, *WHERE, "--env", "dev", parts=(), env=HAS_KEY).err


def test_an_environment_that_is_not_protected_keeps_the_old_identity(old: Cloud) -> None:
    with old.edit("gh") as gh:
        gh["environments"]["prod"]["branch_policies"] = []
    ran = bootstrap(old, *WHERE, "--no-approval", parts=("preflight", "group", "state", "identities"), env=HAS_KEY)
    assert ran.code == 1
    assert "prod may still use it: prepare each of them, too." in ran.err
