"""The workflows, the settings and the bootstrap name the same environments, variables and secrets."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from scripts.bootstrapping.github_variables import environment_variables, repository_variables
from scripts.bootstrapping.identities import Identities
from scripts.environments import environments
from scripts.terraform.stacks import Stack, load_all
from tests.workflows.files import ROOT, WORKFLOWS, jobs

ENVS = environments(ROOT / "settings/environments")
THREE = ("dev", "staging", "prod")
IDENTITIES = Identities(tenant_id="t", subscription_id="s", plan_client_id="p", deploy_client_id="d")


@pytest.fixture(scope="module")
def by_env(stacks: Path) -> dict[str, Stack]:
    """The synthesized stacks."""
    return {stack.env: stack for stack in load_all(stacks.parent)}


def disagreements(names: Collection[str], workflows: dict[str, Any]) -> list[str]:
    """What to do where the files of the settings and the static parts of the workflows differ."""
    static = {
        "deploy.yml, jobs": set(workflows["deploy"]["jobs"]),
        **{
            f"{workflow}.yml, choices of `environment`": set(
                workflows[workflow]["on"]["workflow_dispatch"]["inputs"]["environment"]["options"]
            )
            for workflow in ("deploy", "rotate")
        },
    }
    told = []
    for place, there in static.items():
        told += [f".github/workflows/{place}: add {name}" for name in sorted(set(names) - there)]
        told += [f".github/workflows/{place}: take out {name}" for name in sorted(there - set(names))]
    return told


def naming(names: Collection[str]) -> dict[str, Any]:
    """Workflows, as far as they name environments."""
    choices = {"on": {"workflow_dispatch": {"inputs": {"environment": {"options": list(names)}}}}}
    return {"deploy": {**choices, "jobs": dict.fromkeys(names)}, "rotate": choices}


def deployment(env: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Its job, and the step that deploys."""
    job = WORKFLOWS["deploy"]["jobs"].get(env)
    assert job is not None, (
        f".github/workflows/deploy.yml, jobs: add {env}, or delete its file in settings/environments"
    )
    (step,) = (step for step in job["steps"] if "scripts/deploy.py" in step.get("run", ""))
    return job, step


def test_every_environment_can_be_deployed_and_has_its_keys_replaced() -> None:
    assert disagreements(ENVS, WORKFLOWS) == []


def test_a_fourth_environment_is_told_where_it_is_missing() -> None:
    assert disagreements([*THREE, "uat"], naming(THREE)) == [
        ".github/workflows/deploy.yml, jobs: add uat",
        ".github/workflows/deploy.yml, choices of `environment`: add uat",
        ".github/workflows/rotate.yml, choices of `environment`: add uat",
    ]


def test_an_environment_that_is_gone_is_told_too() -> None:
    assert disagreements(["dev", "staging"], naming(THREE)) == [
        ".github/workflows/deploy.yml, jobs: take out prod",
        ".github/workflows/deploy.yml, choices of `environment`: take out prod",
        ".github/workflows/rotate.yml, choices of `environment`: take out prod",
    ]


def corrections(handed: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """The lines of YAML to add to a step's `env`, and those to take out."""
    added = [f"add `{name}: {value}`" for name, value in wanted.items() if handed.get(name) != value]
    return added + [f"take out `{name}: {value}`" for name, value in handed.items() if wanted.get(name) != value]


def test_a_new_secret_is_told_as_the_line_that_hands_it_over() -> None:
    handed = {"TF_VAR_gateway_key": "${{ secrets.AIGATEWAY_KEY }}", "TF_VAR_old_api_key": "${{ secrets.OLD_API_KEY }}"}
    wanted = {"TF_VAR_gateway_key": "${{ secrets.AIGATEWAY_KEY }}", "TF_VAR_za_api_key": "${{ secrets.ZA_API_KEY }}"}
    assert corrections(handed, wanted) == [
        "add `TF_VAR_za_api_key: ${{ secrets.ZA_API_KEY }}`",
        "take out `TF_VAR_old_api_key: ${{ secrets.OLD_API_KEY }}`",
    ]


@pytest.mark.parametrize("env", ENVS)
def test_a_deployment_gets_every_secret_of_its_stack_and_no_other(env: str, by_env: dict[str, Stack]) -> None:
    job, step = deployment(env)
    assert step["run"] == f"python3 scripts/deploy.py --env {env} --yes"
    assert job["environment"] == env
    handed = {name: value for name, value in step["env"].items() if name.startswith("TF_VAR_")}
    wanted = {variable.environ: f"${{{{ secrets.{variable.github_secret} }}}}" for variable in by_env[env].variables}
    told = corrections(handed, wanted)
    assert not told, "\n".join([f".github/workflows/deploy.yml, job {env}, `env` of the step Deploy:", *told])


@pytest.mark.parametrize("env", ENVS)
def test_a_deployment_says_which_state_it_expects(env: str, by_env: dict[str, Stack]) -> None:
    _, step = deployment(env)
    states = {name for name in environment_variables(by_env[env], IDENTITIES) if name.startswith("TFSTATE_")}
    assert {name: value for name, value in step["env"].items() if name.startswith("TFSTATE_")} == {
        name: f"${{{{ vars.{name} }}}}" for name in states
    }


def test_the_bootstrap_sets_what_the_workflows_read_and_nothing_else(by_env: dict[str, Stack]) -> None:
    read: dict[str, set[str]] = {"repository": set(), "environment": set()}
    for _, _, job in jobs():
        read["environment" if "environment" in job else "repository"] |= set(re.findall(r"vars\.(\w+)", str(job)))
    assert read["repository"] == repository_variables(IDENTITIES).keys()
    for stack in by_env.values():
        assert read["environment"] == environment_variables(stack, IDENTITIES).keys()


def test_secrets_are_read_in_deployments_alone() -> None:
    assert {workflow for workflow, _, job in jobs() if "secrets." in str(job)} == {"deploy"}
