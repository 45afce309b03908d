"""docs/deploy.md works as written: its commands run in a fresh clone, first from a laptop, then with GitHub."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.terraform.stacks import load
from tests.docs.clone import Clone
from tests.docs.markdown import ROOT, fenced, read
from tests.workflows import files

PAGE = ROOT / "docs/deploy.md"
AZURE_KEY = "canary-of-azure-openai"
REPOSITORY = "repo:contoso/gateway"
MAIN = f"{REPOSITORY}:ref:refs/heads/main"
PULL_REQUEST = f"{REPOSITORY}:pull_request"


def steps(number: int) -> list[str]:
    """The commands of one section."""
    (section,) = (text for text in re.split(r"^## ", read(PAGE), flags=re.MULTILINE) if text.startswith(f"{number}. "))
    return fenced(section, "bash")


@pytest.fixture(scope="module")
def clone(known_stacks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A clone with the settings of step 1, in which somebody is logged in."""
    shown, _ = fenced(read(PAGE), "toml")
    settings = shown.replace("YOUR-", "our-")  # the placeholder itself is refused
    clone = Clone(tmp_path_factory.mktemp("deploy"), settings=settings, stacks=known_stacks)
    with clone.container_apps():
        yield clone


@pytest.mark.full
def test_the_settings_run_locally(clone: Clone) -> None:
    assert "base URL" in clone.shell(steps(1))


@pytest.fixture(scope="module")
def laptop(clone: Clone) -> str:
    """The output of a deployment from a laptop alone."""
    return clone.shell([*steps(2), *steps(4), *steps(5)], answers=[AZURE_KEY, "yes"])


def test_a_laptop_deploys_with_az_and_terraform_alone(clone: Clone, laptop: str) -> None:
    assert "failed: " not in laptop
    assert not [secret for secret in clone.cloud.secrets if secret in laptop and secret != "derived"]
    assert (clone.root / ".local/clients/roo-settings.json").exists()
    assert not clone.cloud.calls("gh")


@pytest.fixture(scope="module")
def github(clone: Clone, laptop: str) -> str:
    """The output of the steps with GitHub up to the push, for what the laptop has deployed.

    Without the dry run, which tests/bootstrap tests.
    """
    assert laptop
    commands = [command for command in steps(3) if "--dry-run" not in command]
    return clone.shell([*steps(2), *commands], answers=[AZURE_KEY])


def test_github_is_prepared_and_no_secret_is_printed(clone: Clone, github: str) -> None:
    state = clone.cloud.state("gh")
    dev = state["environments"]["dev"]

    assert dev["secrets"]["AZURE_OPENAI_API_KEY"] == AZURE_KEY
    assert not [secret for secret in clone.cloud.secrets if secret in github and secret != "derived"]
    for name in {**state["variables"], **dev["variables"]}:
        assert name in github


def test_the_bootstrap_sets_the_variables_and_secrets_that_workflows_need(clone: Clone, github: str) -> None:
    assert github
    state = clone.cloud.state("gh")
    envs = ("dev", "staging", "prod")
    needed = {name for workflow in files.WORKFLOWS.values() for name in files.variables(workflow, envs=envs)}
    assert set(state["environments"]) == {*envs}
    for env, content in state["environments"].items():
        assert needed == {*state["variables"], *content["variables"]}
        variables = load(env, clone.root / "cdktf.out").variables
        assert set(content["secrets"]) == {variable.github_secret for variable in variables if variable.required}


@pytest.mark.usefixtures("github")
def test_the_workflow_deploys_what_the_laptop_has_deployed(clone: Clone) -> None:
    reviewed = review(clone, "dev")
    summary = run_step(clone, "deploy", job="dev", subject=f"{REPOSITORY}:environment:dev", env="dev", **reviewed)
    assert "passed" in summary
    assert "pvc-dev-aigateway-ca-san--0000001" in summary


@pytest.mark.usefixtures("github")
@pytest.mark.parametrize(("env", "changes"), [("dev", "no changes"), ("prod", "11 to create")])
def test_a_pull_request_is_planned_with_and_without_a_state(clone: Clone, env: str, changes: str) -> None:
    summary = run_step(clone, "plan", job="plan", subject=PULL_REQUEST, env=env)
    assert summary.startswith(f"### Plan for {env}: {changes}\n")


@pytest.mark.usefixtures("github")
def test_a_pull_request_cannot_read_the_vault(clone: Clone) -> None:
    with pytest.raises(AssertionError, match="ForbiddenByRbac"):
        run_step(clone, "plan", job="plan", subject=PULL_REQUEST, env="dev", without="--no-refresh")
    with pytest.raises(AssertionError, match="AADSTS700213"):
        run_step(clone, "drift", job="drift", subject=PULL_REQUEST, env="dev")


@pytest.mark.usefixtures("github")
def test_the_nightly_drift_check_needs_no_approval(clone: Clone) -> None:
    assert run_step(clone, "drift", job="drift", subject=MAIN, env="dev") == "### Plan for dev: no changes\n\n"


@pytest.mark.usefixtures("github")
def test_the_workflow_deploys_a_new_environment(clone: Clone) -> None:
    subject = f"{REPOSITORY}:environment:staging"
    reviewed = review(clone, "staging")
    options = "--no-smoke"
    summary = run_step(clone, "deploy", job="staging", subject=subject, env="staging", options=options, **reviewed)
    assert "| create | `azurerm_container_app.gateway` |" in summary
    assert clone.cloud.state("az")["vaults"]["pvc-staging-pvqjcwt3-kv"]["gateway-key"]


def review(clone: Clone, env: str) -> dict[str, str]:
    """Run the plan before a deployment, without the environment; returns what it hands on, by variable."""
    output = clone.cloud.folder / "output"
    output.unlink(missing_ok=True)
    run_step(clone, "deploy", job=f"plan-{env}", subject=MAIN, env=env, script="plan", GITHUB_OUTPUT=str(output))
    (digest,) = re.findall(r"^digest=(\w+)$", output.read_text(encoding="utf-8"), re.MULTILINE)
    return {"DIGEST": digest}


def run_step(
    clone: Clone,
    workflow: str,
    *,
    job: str,
    subject: str,
    env: str,
    script: str = "",
    without: str = "",
    options: str = "",
    **more: str,
) -> str:
    """Run the job's step that starts the script, by default that of the workflow's name, as a runner does.

    Returns its summary. `more` are further variables.
    """
    content = yaml.safe_load((ROOT / f".github/workflows/{workflow}.yml").read_text(encoding="utf-8"))["jobs"][job]
    (step,) = (step for step in content["steps"] if f"scripts/{script or workflow}.py" in step.get("run", ""))
    summary = clone.cloud.folder / "summary.md"
    summary.unlink(missing_ok=True)
    if workflow == "deploy":  # of the known stack: the repository's own may want others (tests/workflows)
        secrets = [each for each in load(env, clone.root / "cdktf.out").variables if each.required]
        step["env"] |= {each.environ: f"${{{{ secrets.{each.github_secret} }}}}" for each in secrets}
    runner = {
        **resolved(step["env"], clone.cloud.state("gh"), env=env, has_environment="environment" in content),
        **({"ENVIRONMENT": env} if "ENVIRONMENT" in step["env"] else {}),
        "TOKEN_SUBJECT": subject,
        "GITHUB_STEP_SUMMARY": str(summary),
        **more,
    }
    clone.shell([f"{step['run'].replace(without, '')} {options}"], env=runner)
    return summary.read_text(encoding="utf-8")


def resolved(env_of_step: dict[str, str], github: dict[str, Any], *, env: str, has_environment: bool) -> dict[str, str]:
    """Replace `${{ vars.X }}`, also those of a matrix, and `${{ secrets.X }}`; unset ones are empty."""
    own = github["environments"][env] if has_environment else {"variables": {}, "secrets": {}}
    values = {"vars": {**github["variables"], **own["variables"]}, "secrets": own["secrets"]}

    def value(found: re.Match[str]) -> str:
        return str(values[found[1]].get(found[2], ""))

    of_matrix = re.compile(r"vars\[format\('(\w+)\{0\}', matrix\.environment\)\]")
    return {
        name: re.sub(r"\$\{\{ (vars|secrets)\.(\w+) \}\}", value, of_matrix.sub(rf"vars.\g<1>{env.upper()}", text))
        for name, text in env_of_step.items()
    }
