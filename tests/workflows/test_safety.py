"""What workflows may do, and with which credentials. zizmor checks pins, permissions and injections by itself."""

import re
from pathlib import Path

import pytest

from scripts.environments import environments
from scripts.setup.prepare import OLDEST_PYTHON
from tests.workflows.files import FOLDER, ROOT, WORKFLOWS, Job, Step, jobs, steps, variables

FILES = sorted(FOLDER.rglob("*.yml"))
JOBS = [pytest.param(job, id=str(job)) for job in jobs()]
WRITE_ACCESS = {"comment": "pull-requests", "drift": "issues"}
"""The permission that a script needs for GitHub's token."""
CHANGES_AZURE = ("deploy", "rotate")
ENVS = environments(ROOT / "settings/environments")
SUFFIXES = tuple(f"_{env.upper()}" for env in ENVS)
"""Of the repository's variables: an identity, a tenant and a subscription per environment."""


def has_credentials(step: Step) -> bool:
    """Whether it gets a secret, a token of GitHub, or a login to Azure."""
    return (
        step.action == "azure/login" or bool({"ARM_USE_OIDC", "GH_TOKEN"} & step.env.keys()) or "secrets." in str(step)
    )


def clients(job: Job) -> set[str]:
    """The variables with the identities as which it logs in."""
    return {name for name in variables(job.content, envs=ENVS) if "CLIENT_ID" in name}


def test_an_action_has_the_same_version_everywhere() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    pins = set(re.findall(r"uses: (\S+@\S+ # v\S+)", text))
    assert len(pins) == len({pin.partition("@")[0] for pin in pins})
    assert len(re.findall("uses: ", text)) == len(
        re.findall(r"uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", text, re.MULTILINE)
    )


@pytest.mark.parametrize("job", JOBS)
def test_a_job_ends_and_runs_on_a_pinned_system(job: Job) -> None:
    assert 0 < int(job.content["timeout-minutes"]) <= 120
    assert job.content["runs-on"] == "ubuntu-24.04"


@pytest.mark.parametrize("job", JOBS)
def test_a_job_has_the_permissions_that_its_steps_need(job: Job) -> None:
    logs_in = any(step.action == "azure/login" or "ARM_USE_OIDC" in step.env for step in job.steps)
    needed = {
        permission for script, permission in WRITE_ACCESS.items() if any(step.calls(script) for step in job.steps)
    }
    assert job.permissions == needed | ({"id-token"} if logs_in else set())


@pytest.mark.parametrize("job", JOBS)
def test_packages_are_installed_before_any_credential_is_at_hand(job: Job) -> None:
    """Or not at all: `run_main(venv=False)` installs none."""
    credentials = [has_credentials(step) for step in job.steps]
    scripts = [ROOT / step.run.split()[1] for step in job.steps if step.run]
    if any(credentials) and any("venv=False" not in path.read_text(encoding="utf-8") for path in scripts):
        assert [step.calls("prepare") for step in job.steps].index(True) < credentials.index(True)


@pytest.mark.parametrize("job", JOBS)
def test_only_one_step_of_a_job_with_an_environment_gets_secrets(job: Job) -> None:
    steps_with_secrets = [step for step in job.steps if "secrets." in str(step.content)]
    without_steps = {key: value for key, value in job.content.items() if key != "steps"}
    assert "secrets." not in str(without_steps)
    assert not steps_with_secrets or (job.content["environment"] and len(steps_with_secrets) == 1)


@pytest.mark.parametrize("workflow", CHANGES_AZURE)
def test_azure_is_changed_from_main_or_by_hand_in_an_environment(workflow: str) -> None:
    content = WORKFLOWS[workflow]
    assert content["on"].keys() <= {"push", "workflow_dispatch"}
    assert content["on"].get("push", {"branches": ["main"]}) == {"branches": ["main"]}
    (*changing,) = (step.job for step in steps() if step.job.workflow == workflow and step.calls(workflow))
    assert changing
    assert all(job.content["environment"] for job in changing)


def test_what_is_deployed_or_rotated_is_one_at_a_time_and_never_cancelled() -> None:
    deployments = {name: job for name, job in WORKFLOWS["deploy"]["jobs"].items() if "environment" in job}
    assert deployments
    for env, job in deployments.items():
        assert job["concurrency"] == {"group": f"environment-{env}", "cancel-in-progress": "false"}
    rotation = {"group": "environment-${{ inputs.environment }}", "cancel-in-progress": "false"}
    assert WORKFLOWS["rotate"]["concurrency"] == rotation


@pytest.mark.parametrize(
    "job", [job for job in JOBS if "pull_request" in WORKFLOWS[str(job.id).partition(".")[0]]["on"]]
)
def test_a_pull_request_gets_no_secret_and_the_identity_that_plans_alone(job: Job) -> None:
    assert "environment" not in job.content
    assert "secrets." not in str(job.content)
    assert clients(job) <= {f"AZURE_PLAN_CLIENT_ID_{env.upper()}" for env in ENVS}
    assert all("--no-refresh" in step.run for step in job.steps if step.calls("plan"))


def test_ci_runs_for_forks_and_plans_do_not() -> None:
    """A fork gets neither variables nor a token for Azure."""
    assert not re.search(r"vars\.|id-token|head\.repo", str(WORKFLOWS["ci"]))
    first, second = WORKFLOWS["plan"]["jobs"].values()
    assert first["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert "if" not in second, "its need alone decides"


def test_azure_is_logged_in_to_with_a_token_of_github_and_no_password() -> None:
    for step in steps():
        login = {name.removeprefix("ARM_"): value for name, value in step.env.items() if name.startswith("ARM_")}
        if login:
            assert (login.pop("USE_OIDC"), login.pop("USE_AZUREAD")) == ("true", "true")
        if step.action == "azure/login":
            login = {name.upper().replace("-", "_"): value for name, value in step.content["with"].items()}
        assert not login or login.keys() == {"CLIENT_ID", "TENANT_ID", "SUBSCRIPTION_ID"}
        for name, value in login.items():
            (variable,) = variables(value, envs=["x"])
            assert re.fullmatch(rf"AZURE_((READ_|PLAN_)?{name}_[A-Z0-9]+|{name})", variable)


@pytest.mark.parametrize("job", JOBS)
def test_an_identity_that_deploys_is_known_in_its_environment_alone(job: Job) -> None:
    """Its name without a suffix is a variable of the environment: elsewhere it is empty, and Azure trusts no other job.

    In an environment, no other identity could log in: GitHub's token then names the environment.
    """
    if job.environment:
        assert clients(job) == {"AZURE_CLIENT_ID"}
        assert not {name for name in variables(job.content, envs=ENVS) if name.endswith(SUFFIXES)}
    else:
        assert all(name.endswith(SUFFIXES) for name in variables(job.content, envs=ENVS))


def test_the_identity_that_reads_is_used_by_plans_of_main_alone() -> None:
    """They run no script that changes anything in Azure, and no code that nobody has reviewed."""
    users = [step for step in steps() if any(name.startswith("AZURE_READ_") for name in clients(step.job))]
    plans = {name for name in WORKFLOWS["deploy"]["jobs"] if name.startswith("plan-")}
    assert {str(step.job) for step in users} == {"drift.drift", *(f"deploy.{name}" for name in plans)}
    assert all(step.calls("drift") or step.calls("plan") for step in users if has_credentials(step))
    assert not [step for step in users if WORKFLOWS[step.job.workflow]["on"].keys() & {"pull_request", "workflow_run"}]


@pytest.mark.parametrize("env", ENVS)
def test_a_job_of_one_environment_reads_the_variables_of_no_other(env: str) -> None:
    jobs_of_it = [job for job in jobs() if job.workflow == "deploy" and job.name in {env, f"plan-{env}"}]
    assert len(jobs_of_it) == 2
    for job in jobs_of_it:
        others = tuple(suffix for suffix in SUFFIXES if suffix != f"_{env.upper()}")
        assert not {name for name in variables(job.content, envs=ENVS) if name.endswith(others)}


def test_an_artifact_is_terraform_json_alone() -> None:
    paths = [step.content["with"]["path"] for step in steps() if step.action == "actions/upload-artifact"]
    assert paths == ["cdktf.out/stacks/*/cdk.tf.json"]


def test_python_and_terraform_have_the_pinned_versions() -> None:
    terraform = Path(ROOT / ".terraform-version").read_text(encoding="utf-8").strip()
    pinned = {
        "actions/setup-python": {"python-version": ".".join(map(str, OLDEST_PYTHON))},
        "hashicorp/setup-terraform": {"terraform_version": terraform, "terraform_wrapper": "false"},
    }
    for step in steps():
        assert step.action not in pinned or step.content["with"] == pinned[step.action], step
