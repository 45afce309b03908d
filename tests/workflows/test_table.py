"""What starts each workflow, and of each job all that it may, is and does, in this order."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.workflows.files import WORKFLOWS, jobs

MAIN = {"branches": ["main"]}
STARTS = {
    "ci": {"pull_request": "", "push": MAIN},
    "plan": {"pull_request": ""},
    "deploy": {"push": MAIN, "workflow_dispatch": ["environment"]},
    "drift": {"schedule": [{"cron": "17 3 * * *"}], "workflow_dispatch": ""},
    "rotate": {"workflow_dispatch": ["environment", "project", "step"]},
}
CHECKOUT, PYTHON = "actions/checkout", "actions/setup-python"
TERRAFORM, AZ = "hashicorp/setup-terraform", "azure/login"

IS_WRITTEN = "${{ !cancelled() && hashFiles('plan.md') != '' }}"
"""Also of a plan that failed: why it did is in the file."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A row; `writes` are its rights besides reading the repository, `steps` its actions and calls."""

    writes: frozenset[str] = frozenset()
    environment: str = ""
    steps: tuple[str, ...]


LISTING = Job(steps=(CHECKOUT, "environments.py"))
JOBS = {
    "ci.test": Job(steps=(CHECKOUT, PYTHON, "test.py")),
    "ci.stacks": Job(steps=(CHECKOUT, PYTHON, TERRAFORM, "validate.py", "scan.py", "actions/upload-artifact")),
    "plan.environments": LISTING,
    "plan.plan": Job(
        writes=frozenset({"id-token", "pull-requests"}),
        steps=(
            CHECKOUT,
            PYTHON,
            TERRAFORM,
            "prepare.py",
            'plan.py --env "$ENVIRONMENT" --no-refresh --markdown plan.md',
            f'comment.py --env "$ENVIRONMENT" --file plan.md, as GITHUB, if {IS_WRITTEN}',
        ),
    ),
    "drift.environments": LISTING,
    "drift.drift": Job(
        writes=frozenset({"id-token", "issues"}),
        steps=(CHECKOUT, PYTHON, TERRAFORM, "prepare.py", 'drift.py --env "$ENVIRONMENT", as GITHUB'),
    ),
    "rotate.rotate": Job(
        writes=frozenset({"id-token"}),
        environment="${{ inputs.environment }}",
        steps=(CHECKOUT, PYTHON, "prepare.py", AZ, 'rotate.py --env "$ENVIRONMENT" --project "$PROJECT" "$STEP"'),
    ),
    **{
        f"deploy.{env}": Job(
            writes=frozenset({"id-token"}),
            environment=env,
            # What is installed meets neither secrets nor a login.
            steps=(CHECKOUT, PYTHON, TERRAFORM, "prepare.py", AZ, f"deploy.py --env {env} --yes"),
        )
        for env in WORKFLOWS["deploy"]["jobs"]
    },
}


def test_these_are_all() -> None:
    assert {f"{workflow}.{name}" for workflow, name, _ in jobs()} == JOBS.keys()
    assert WORKFLOWS.keys() == STARTS.keys()


@pytest.mark.parametrize("workflow", STARTS)
def test_it_starts_when_it_should_and_never_else(workflow: str) -> None:
    on = WORKFLOWS[workflow]["on"]
    assert {event: list(how["inputs"]) if "inputs" in how else how for event, how in on.items()} == STARTS[workflow]


@pytest.mark.parametrize(("name", "row"), JOBS.items(), ids=JOBS)
def test_a_job_is_its_row(name: str, row: Job) -> None:
    (job,) = (job for workflow, own, job in jobs() if f"{workflow}.{own}" == name)
    assert job["permissions"] == {"contents": "read", **dict.fromkeys(row.writes, "write")}
    assert job.get("environment", "") == row.environment
    assert tuple(map(told, job["steps"])) == row.steps


def told(step: dict[str, Any]) -> str:
    """In a line."""
    what = str(step.get("uses") or step["run"]).partition("@")[0].removeprefix("python3 scripts/")
    token = step.get("env", {}).get("GH_TOKEN")
    parts = [what, f"as {token}" if token else "", f"if {step['if']}" if "if" in step else ""]
    return ", ".join(part for part in parts if part).replace("${{ github.token }}", "GITHUB")
