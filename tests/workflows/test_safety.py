"""What a workflow may do, and on whose code it relies."""

import re
from pathlib import Path
from typing import Any

import pytest

from scripts.setup.environment import OLDEST_PYTHON
from tests.workflows.files import FOLDER, ROOT, WORKFLOWS, Step, jobs, steps

FILES = sorted(FOLDER.rglob("*.yml"))
JOBS = [pytest.param(job, id=f"{workflow}.{name}") for workflow, name, job in jobs()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_commit_and_says_which_version_that_is(path: Path) -> None:
    pinned = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
    uses = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert [line for line in uses if not pinned.search(line)] == []
    assert uses


def test_an_action_is_the_same_everywhere() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    pins = set(re.findall(r"uses: (\S+@\S+ # \S+)", text))
    assert len(pins) == len({pin.partition("@")[0] for pin in pins})


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_may_do_nothing_but_what_a_job_asks_for(workflow: str) -> None:
    assert WORKFLOWS[workflow]["permissions"] == {}


@pytest.mark.parametrize("job", JOBS)
def test_a_job_ends_and_has_a_name(job: dict[str, Any]) -> None:
    assert 0 < int(job["timeout-minutes"]) <= 120
    assert job["runs-on"] == "ubuntu-24.04"
    assert job["name"]


@pytest.mark.parametrize("step", [*steps()], ids=str)
def test_a_step_has_a_name_and_checkout_leaves_no_token_behind(step: Step) -> None:
    assert step.content["name"]
    if step.content.get("uses", "").startswith("actions/checkout@"):
        assert step.content["with"] == {"persist-credentials": "false"}


@pytest.mark.parametrize("job", JOBS)
def test_secrets_are_for_jobs_of_an_environment_and_for_one_step_of_them(job: dict[str, Any]) -> None:
    told = [step for step in job["steps"] if "secrets." in str(step)]
    without_steps = {key: value for key, value in job.items() if key != "steps"}
    assert "secrets." not in str(without_steps)
    assert not told or (job["environment"] and len(told) == 1)


def test_ci_runs_for_forks() -> None:
    """Nothing in it needs what a fork does not get."""
    ci = str(WORKFLOWS["ci"])
    assert not re.search(r"secrets\.|vars\.|id-token|head\.repo", ci)


def test_what_ci_keeps_is_terraform_json_alone() -> None:
    kept = [step.content["with"]["path"] for step in steps() if "upload-artifact" in step.content.get("uses", "")]
    assert kept == ["cdktf.out/stacks/*/cdk.tf.json"]


def test_plans_are_not_for_forks() -> None:
    plan = WORKFLOWS["plan"]["jobs"]
    assert plan["environments"]["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert plan["plan"]["needs"] == "environments"
    assert "if" not in plan["plan"]


def test_what_a_pull_request_runs_neither_reads_secrets_nor_is_the_identity_that_may() -> None:
    for workflow, name, job in jobs():
        if "pull_request" not in WORKFLOWS[workflow]["on"]:
            continue
        assert "environment" not in job, (workflow, name)
        assert "AZURE_DEPLOY_CLIENT_ID" not in str(job), (workflow, name)
        plans = [step["run"] for step in job["steps"] if "scripts/plan.py" in step.get("run", "")]
        assert all("--no-refresh" in plan for plan in plans), (workflow, name)


def test_what_changes_azure_is_one_at_a_time_and_never_stopped_midway() -> None:
    deploys = WORKFLOWS["deploy"]["jobs"]
    assert {env: job["concurrency"] for env, job in deploys.items()} == {
        env: {"group": f"environment-{env}", "cancel-in-progress": "false"} for env in deploys
    }
    assert WORKFLOWS["drift"]["concurrency"] == {"group": "drift", "cancel-in-progress": "false"}
    assert WORKFLOWS["rotate"]["concurrency"] == {
        "group": "environment-${{ inputs.environment }}",
        "cancel-in-progress": "false",
    }


def test_python_and_terraform_are_those_that_are_pinned() -> None:
    terraform = (ROOT / ".terraform-version").read_text(encoding="utf-8").strip()
    wanted = {
        "actions/setup-python": {"python-version": ".".join(map(str, OLDEST_PYTHON))},
        "hashicorp/setup-terraform": {"terraform_version": terraform, "terraform_wrapper": "false"},
    }
    for step in steps():
        action = step.content.get("uses", "").partition("@")[0]
        assert action not in wanted or step.content["with"] == wanted[action], step
