"""The workflows, the settings and the bootstrap agree on environments, variables and secrets."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts.bootstrapping.github_variables import environment_variables, repository_variables
from scripts.bootstrapping.identities import Identities
from scripts.environments import environments
from scripts.terraform.stacks import Stack, load_all
from tests.workflows.files import ROOT, WORKFLOWS, jobs, variables

ENVS = environments(ROOT / "settings/environments")
THREE = ("dev", "staging", "prod")
IDENTITIES = Identities(
    tenant_id="t", subscription_id="s", deploy_client_id="d", read_client_id="r", plan_client_id="p"
)


@pytest.fixture(scope="module")
def by_env(stacks: Path) -> dict[str, Stack]:
    """The synthesized stacks."""
    return {stack.env: stack for stack in load_all(stacks.parent)}


def disagreements(names: Collection[str], workflows: dict[str, Any]) -> list[str]:
    """What to do where the files of the settings and the static parts of the workflows differ."""
    static = {
        "deploy.yml, jobs": (set(workflows["deploy"]["jobs"]) - {"ci"}, {*names, *(f"plan-{name}" for name in names)}),
        **{
            f"{workflow}.yml, choices of `environment`": (
                set(workflows[workflow]["on"]["workflow_dispatch"]["inputs"]["environment"]["options"]),
                set(names),
            )
            for workflow in ("deploy", "rotate")
        },
    }
    found = []
    for place, (there, wanted) in static.items():
        found += [f".github/workflows/{place}: add {name}" for name in sorted(wanted - there)]
        found += [f".github/workflows/{place}: remove {name}" for name in sorted(there - wanted)]
    return found


def naming(names: Collection[str]) -> dict[str, Any]:
    """Workflows, as far as they name environments."""
    choices = {"on": {"workflow_dispatch": {"inputs": {"environment": {"options": list(names)}}}}}
    jobs = dict.fromkeys(["ci", *names, *(f"plan-{name}" for name in names)])
    return {"deploy": {**choices, "jobs": jobs}, "rotate": choices}


def deployment(env: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Its job, and the step that deploys."""
    job = WORKFLOWS["deploy"]["jobs"].get(env)
    assert job is not None, (
        f".github/workflows/deploy.yml, jobs: add {env}, or delete its file in settings/environments"
    )
    (step,) = (step for step in job["steps"] if "scripts/deploy.py" in step.get("run", ""))
    return job, step


def test_every_environment_can_be_deployed_and_rotated() -> None:
    assert disagreements(ENVS, WORKFLOWS) == []


def test_a_new_environment_is_reported_where_it_is_missing() -> None:
    assert disagreements([*THREE, "uat"], naming(THREE)) == [
        ".github/workflows/deploy.yml, jobs: add plan-uat",
        ".github/workflows/deploy.yml, jobs: add uat",
        ".github/workflows/deploy.yml, choices of `environment`: add uat",
        ".github/workflows/rotate.yml, choices of `environment`: add uat",
    ]


def test_a_removed_environment_is_reported_where_it_is_left() -> None:
    assert disagreements(["dev", "staging"], naming(THREE)) == [
        ".github/workflows/deploy.yml, jobs: remove plan-prod",
        ".github/workflows/deploy.yml, jobs: remove prod",
        ".github/workflows/deploy.yml, choices of `environment`: remove prod",
        ".github/workflows/rotate.yml, choices of `environment`: remove prod",
    ]


def corrections(given: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """The lines of YAML to add to a step's `env`, and those to remove."""
    added = [f"add `{name}: {value}`" for name, value in wanted.items() if given.get(name) != value]
    return added + [f"remove `{name}: {value}`" for name, value in given.items() if wanted.get(name) != value]


def test_a_missing_or_surplus_secret_is_reported_as_its_line() -> None:
    given = {"TF_VAR_gateway_key": "${{ secrets.AIGATEWAY_KEY }}", "TF_VAR_old_api_key": "${{ secrets.OLD_API_KEY }}"}
    wanted = {"TF_VAR_gateway_key": "${{ secrets.AIGATEWAY_KEY }}", "TF_VAR_za_api_key": "${{ secrets.ZA_API_KEY }}"}
    assert corrections(given, wanted) == [
        "add `TF_VAR_za_api_key: ${{ secrets.ZA_API_KEY }}`",
        "remove `TF_VAR_old_api_key: ${{ secrets.OLD_API_KEY }}`",
    ]


@pytest.mark.parametrize("env", ENVS)
def test_a_deployment_gets_every_secret_of_its_stack_and_no_other(env: str, by_env: dict[str, Stack]) -> None:
    job, step = deployment(env)
    options = '--yes --expect-digest "$DIGEST" --allow-loss "$LOSSES"'
    assert step["run"] == f"python3 scripts/deploy.py --env {env} {options}"
    assert job["environment"] == env
    given = {name: value for name, value in step["env"].items() if name.startswith("TF_VAR_")}
    wanted = {variable.environ: f"${{{{ secrets.{variable.github_secret} }}}}" for variable in by_env[env].variables}
    found = corrections(given, wanted)
    assert not found, "\n".join([f".github/workflows/deploy.yml, job {env}, `env` of the step Deploy:", *found])


@pytest.mark.parametrize("env", ENVS)
def test_a_deployment_names_the_backend_that_it_expects(env: str, by_env: dict[str, Stack]) -> None:
    _, step = deployment(env)
    states = {name for name in environment_variables(by_env[env], IDENTITIES) if name.startswith("TFSTATE_")}
    assert {name: value for name, value in step["env"].items() if name.startswith("TFSTATE_")} == {
        name: f"${{{{ vars.{name} }}}}" for name in states
    }


def test_the_bootstrap_sets_what_the_workflows_read_and_nothing_else(by_env: dict[str, Stack]) -> None:
    read: dict[str, set[str]] = {"repository": set(), "environment": set()}
    for job in jobs():
        read["environment" if job.environment else "repository"] |= variables(job.content, envs=ENVS)
    assert read["repository"] == {name for env in ENVS for name in repository_variables(env, IDENTITIES)}
    for stack in by_env.values():
        assert read["environment"] == environment_variables(stack, IDENTITIES).keys()


def test_only_deployments_read_secrets() -> None:
    assert {job.workflow for job in jobs() if "secrets." in str(job.content)} == {"deploy"}


@pytest.mark.parametrize("env", ENVS)
def test_a_deployment_expects_the_plan_of_its_own_environment(env: str) -> None:
    """Which is refreshed, shown in the summary, and needs no approval."""
    _, step = deployment(env)
    plan = WORKFLOWS["deploy"]["jobs"][f"plan-{env}"]
    (planning,) = (each for each in plan["steps"] if "scripts/plan.py" in each.get("run", ""))
    assert planning["run"] == f"python3 scripts/plan.py --env {env}"
    for variable, output in {"DIGEST": "digest", "REVIEWED_PLAN": "plan"}.items():
        assert step["env"][variable] == f"${{{{ needs.plan-{env}.outputs.{output} }}}}"
        assert plan["outputs"][output] == f"${{{{ steps.{planning['id']}.outputs.{output} }}}}"
    assert "environment" not in plan


def starts(
    job: dict[str, Any], *, event: str, chosen: str, results: Mapping[str, str], cancelled: bool = False
) -> bool:
    """Whether GitHub starts the job, by its `if`. `chosen` is the input of a manual run, `results` those before.

    Without a status function in it, all that it needs must have succeeded:
    https://docs.github.com/actions/reference/workflows-and-actions/expressions#status-check-functions
    """
    condition = job.get("if", "true").removeprefix("${{").removesuffix("}}").strip()
    needs = [job["needs"]] if isinstance(job.get("needs", []), str) else job.get("needs", [])
    if "cancelled()" not in condition and (cancelled or any(results[name] != "success" for name in needs)):
        return False
    names = {"github.event_name": "event", "inputs.environment": "chosen", "true": "True"}
    names |= {f"needs.{name}.result": repr(results[name]) for name in needs}
    operators = {"cancelled()": "cancelled", "!": " not ", "&&": " and ", "||": " or ", "\n": " "}
    for theirs, ours in {**names, **operators}.items():
        condition = condition.replace(theirs, ours)
    values = {"event": event, "chosen": chosen, "cancelled": cancelled}
    return bool(eval(condition, {"__builtins__": {}}, values))  # noqa: S307 - of this repository


def started(*, event: str, chosen: str = "", fails: str = "", outcome: str = "failure") -> list[str]:
    """The jobs of a run of *deploy*, in the order of the file; one of them may fail."""
    results: dict[str, str] = {}
    for name, job in WORKFLOWS["deploy"]["jobs"].items():
        runs = starts(job, event=event, chosen=chosen, results=results)
        results[name] = (outcome if name == fails else "success") if runs else "skipped"
    return [name for name, result in results.items() if result != "skipped"]


def test_a_push_deploys_after_ci_one_environment_after_the_other_each_after_its_plan() -> None:
    first, *others = started(event="push")
    order = others[1::2]
    assert (first, others[::2]) == ("ci", [f"plan-{env}" for env in order])
    assert sorted(order) == ENVS
    assert order.index("dev") == 0
    assert order[-1] == "prod"


@pytest.mark.parametrize("outcome", ["failure", "cancelled"])
@pytest.mark.parametrize("fails", WORKFLOWS["deploy"]["jobs"])
def test_nothing_is_deployed_after_a_job_that_did_not_succeed(fails: str, outcome: str) -> None:
    every = started(event="push")
    assert started(event="push", fails=fails, outcome=outcome) == every[: every.index(fails) + 1]


@pytest.mark.parametrize("chosen", ENVS)
def test_a_manual_run_deploys_the_chosen_environment_alone(chosen: str) -> None:
    assert started(event="workflow_dispatch", chosen=chosen) == ["ci", f"plan-{chosen}", chosen]
    assert started(event="workflow_dispatch", chosen=chosen, fails="ci") == ["ci"]
    assert started(event="workflow_dispatch", chosen=chosen, fails=f"plan-{chosen}") == ["ci", f"plan-{chosen}"]


@pytest.mark.parametrize("name", WORKFLOWS["deploy"]["jobs"])
def test_a_cancelled_run_starts_nothing_more(name: str) -> None:
    jobs = WORKFLOWS["deploy"]["jobs"]
    assert not starts(jobs[name], event="push", chosen="", results=dict.fromkeys(jobs, "success"), cancelled=True)
