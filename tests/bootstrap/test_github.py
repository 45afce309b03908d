"""The part `github`: variables, the checklist, and that it can be repeated."""

import json
import shlex
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.bootstrap.runs import (
    AZURE_KEY,
    CLIENTS,
    ENVS,
    HAS_KEY,
    LOGIN,
    PLAN,
    changed_stacks,
    deploy,
    environment_of,
    github,
    read,
)
from tests.cloud.fixtures import Cloud

STAGING = ("--env", "staging")
DEV = ("--env", "dev")
CHANGES = 14  # of a run for one environment: 4 variables, 1 environment, 1 branch, 6 variables, 2 secrets


def test_a_second_run_changes_nothing(cloud: Cloud) -> None:
    first = github(cloud, env=HAS_KEY)
    assert first.code == 0, first.err
    made = cloud.state("gh")
    cloud.forget_calls()
    second = github(cloud, env=HAS_KEY)
    assert second.code == 0
    assert second.err.endswith("Nothing to change.\n")
    assert cloud.changes() == []
    assert cloud.state("gh") == made


def test_jobs_without_an_environment_get_the_identities_that_change_nothing(cloud: Cloud) -> None:
    assert github(cloud, env=HAS_KEY).code == 0
    variables = cloud.state("gh")["variables"]
    assert len(variables) == 4 * len(ENVS)
    for env in ENVS:
        assert {name: variables[f"{name}_{env.upper()}"] for name in ("AZURE_PLAN_CLIENT_ID", *LOGIN)} == {
            "AZURE_PLAN_CLIENT_ID": CLIENTS[PLAN],
            **LOGIN,
        }
        assert variables[f"AZURE_READ_CLIENT_ID_{env.upper()}"] == CLIENTS[read(env)]


def test_jobs_of_an_environment_get_its_deploying_identity_and_its_state(cloud: Cloud) -> None:
    assert github(cloud, env=HAS_KEY).code == 0
    for env in ENVS:
        assert environment_of(cloud, env)["variables"] == {
            "AZURE_CLIENT_ID": CLIENTS[deploy(env)],
            **LOGIN,
            "TFSTATE_RESOURCE_GROUP": f"pvc-{env}-aigateway-tfrg-san",
            "TFSTATE_STORAGE_ACCOUNT": f"pvc{env}aigatewaystsan",
            "TFSTATE_CONTAINER": "tfstate",
        }


def test_a_dry_run_shows_every_command_and_changes_nothing(cloud: Cloud) -> None:
    before = cloud.state("gh")
    ran = github(cloud, *STAGING, "--dry-run", env=HAS_KEY)
    assert ran.code == 0, ran.err
    assert cloud.state("gh") == before
    assert cloud.changes() == []
    shown = [line.strip() for line in ran.err.splitlines() if line.strip().startswith("would run:")]
    assert len(shown) == CHANGES
    assert "would run: gh secret set AIGATEWAY_KEY --env staging --repo contoso/gateway" in shown
    assert AZURE_KEY not in ran.err


def test_a_run_after_an_interruption_at_any_change_completes_it(cloud: Cloud) -> None:
    whole = github(cloud, *STAGING, env=HAS_KEY)
    assert whole.code == 0
    assert len(cloud.changes()) == CHANGES
    wanted = _without_values(cloud)
    (cloud.folder / "gh.json").unlink()
    for _ in range(CHANGES):
        cloud.kill(change=1, when="after")
        assert github(cloud, *STAGING, env=HAS_KEY).code == -signal.SIGKILL
    assert github(cloud, *STAGING, env=HAS_KEY).err.endswith("Nothing to change.\n")
    assert _without_values(cloud) == wanted


def _without_values(cloud: Cloud) -> dict[str, object]:
    """The state, with the random key as nothing but there."""
    state = cloud.state("gh")
    for kept in state["environments"].values():
        kept["secrets"]["AIGATEWAY_KEY"] = len(kept["secrets"]["AIGATEWAY_KEY"])
    return state


def test_a_caller_who_is_no_administrator_is_told_so(cloud: Cloud) -> None:
    with cloud.edit("gh") as gh:
        gh["admin"] = False
    ran = github(cloud, env=HAS_KEY)
    assert ran.code == 1
    assert "Failed: GitHub environment dev" in ran.err
    assert "administrator of the repository" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("reason", ["no gh", "not logged in"])
def test_without_gh_a_checklist_has_everything(cloud: Cloud, reason: str) -> None:
    if reason == "no gh":
        cloud.without("gh")
    with cloud.edit("gh") as gh:
        gh["login"] = None
    ran = github(cloud, "--reviewer", "grace")
    assert ran.code == 0, ran.err
    assert "a checklist instead" in ran.err
    parts = ran.out.split("\n\n")
    for part, env in zip(parts[1:4], ENVS, strict=True):
        assert part.startswith(f"Environment {env} (https://github.com/contoso/gateway/settings/environments")
        assert ("[ ] Required reviewers: grace" in part) == (env != "dev")
        assert "Selected branches and tags > only branch main" in part
    for env in ENVS:
        assert f"[ ] AZURE_PLAN_CLIENT_ID_{env.upper()} = {CLIENTS[PLAN]}" in parts[4]
        assert f"[ ] AZURE_READ_CLIENT_ID_{env.upper()} = {CLIENTS[read(env)]}" in parts[4]
    for part, env in zip(parts[5:], ENVS, strict=True):
        assert part.startswith(f"Variables and secrets of environment {env} (")
        assert f"[ ] Environment variable AZURE_CLIENT_ID = {CLIENTS[deploy(env)]}" in part
        assert f"[ ] Environment variable TFSTATE_STORAGE_ACCOUNT = pvc{env}aigatewaystsan" in part
        assert "[ ] Environment secret AIGATEWAY_KEY: generate it with: python3 -c" in part
        assert "[ ] Environment secret AZURE_OPENAI_API_KEY: The API key of" in part


def test_without_gh_a_dry_run_prints_the_same_checklist(cloud: Cloud) -> None:
    cloud.without("gh")
    ran = github(cloud, "--dry-run")
    assert "Environment prod" in ran.out
    assert ran.out == github(cloud).out


def test_a_dry_run_shows_the_bodies_of_requests(cloud: Cloud) -> None:
    ran = github(cloud, "--env", "prod", "--dry-run", env=HAS_KEY)
    lines = [line.partition("would run: ")[2] for line in ran.err.splitlines() if " --input - " in line]
    bodies = [json.loads(shlex.split(line)[-1]) for line in lines]
    assert bodies == [
        {
            "reviewers": [{"type": "User", "id": 101}],
            "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
        },
        {"name": "main", "type": "branch"},
    ]


def test_a_checklist_is_not_summarized_as_nothing_to_change(cloud: Cloud) -> None:
    cloud.without("gh")
    ran = github(cloud, *DEV)
    assert ran.err.endswith("GitHub is not prepared yet: follow the checklist above.\n")
    assert "Nothing to change." not in ran.err


def test_a_secret_name_that_github_reserves_is_refused_before_any_change(
    cloud: Cloud, stacks: Path, tmp_path: Path
) -> None:
    def rename(_: str, content: dict[str, Any]) -> None:
        content["variable"]["github_api_key"] = content["variable"].pop("azure_openai_api_key")

    ran = github(cloud, *DEV, env=changed_stacks(stacks, tmp_path / "named", rename))
    assert ran.code == 2
    assert "dev needs a secret GITHUB_API_KEY, but GitHub reserves names that begin with GITHUB_." in ran.err
    assert cloud.changes() == []
