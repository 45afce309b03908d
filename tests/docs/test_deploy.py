"""docs/deploy.md, word by word: a person copies its commands into a shell."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.terraform.stacks import load
from tests.docs.desk import Desk
from tests.docs.pages import ROOT, fenced, read

PAGE = ROOT / "docs/deploy.md"
AZURES_KEY = "canary-of-azure-openai"
REPOSITORY = "repo:contoso/gateway"

pytestmark = pytest.mark.full


def steps(number: int) -> list[str]:
    """The commands of one section."""
    (section,) = (text for text in re.split(r"^## ", read(PAGE), flags=re.MULTILINE) if text.startswith(f"{number}. "))
    return fenced(section, "bash")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    name_the_resource(desk)
    with desk.platform():
        yield desk


def name_the_resource(desk: Desk) -> None:
    """What step 1 says of the settings."""
    (endpoint,) = fenced(read(PAGE), "toml")
    for file in (desk.clone / "settings/environments").glob("*.toml"):
        file.write_text(f"{file.read_text(encoding='utf-8')}\n{endpoint}", encoding="utf-8")


def test_from_a_laptop_alone(desk: Desk) -> None:
    printed = desk.shell([*steps(1), *steps(2), *steps(4), *steps(5)], types=[AZURES_KEY, "yes"])

    assert printed.count("failed: ") == 0
    assert not [secret for secret in desk.cloud.secrets if secret in printed and secret != "derived"]
    assert (desk.clone / ".local/clients/roo-settings.json").exists()
    assert {call.program for call in desk.cloud.calls()} == {"az"}


@pytest.fixture(scope="module")
def bootstrapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, str]]:
    """Everything of the way by GitHub up to the push, and what it printed."""
    desk = Desk(tmp_path_factory.mktemp("github"))
    name_the_resource(desk)
    with desk.platform():
        yield desk, desk.shell([*steps(2), *steps(3)], types=[AZURES_KEY])


def test_github_is_prepared_and_no_secret_is_shown(bootstrapped: tuple[Desk, str]) -> None:
    desk, printed = bootstrapped
    github = desk.cloud.state("gh")
    dev = github["environments"]["dev"]

    assert dev["secrets"]["AZURE_OPENAI_API_KEY"] == AZURES_KEY
    assert not [secret for secret in desk.cloud.secrets if secret in printed]
    for name in {**github["variables"], **dev["variables"]}:
        assert name in printed, "the bootstrap tells what it sets"
    assert "Nothing to change." in desk.shell(["python3 scripts/bootstrap.py"])


@pytest.fixture(scope="module")
def deployed(bootstrapped: tuple[Desk, str]) -> tuple[Desk, str]:
    """What the workflow then makes of the push, and its summary."""
    desk, _ = bootstrapped
    return desk, run_step(desk, "deploy", job="dev", subject=f"{REPOSITORY}:environment:dev", env="dev")


def test_what_was_pushed_is_deployed_by_the_workflow(deployed: tuple[Desk, str]) -> None:
    desk, summary = deployed
    assert "passed" in summary
    assert "pvc-dev-aigateway-ca-san--0000001" in summary
    desk.shell(steps(5))


@pytest.mark.parametrize(("env", "found"), [("dev", "no changes"), ("staging", "11 created")])
def test_a_pull_request_is_planned_before_and_after_a_deployment(
    deployed: tuple[Desk, str], env: str, found: str
) -> None:
    summary = run_step(deployed[0], "plan", job="plan", subject=f"{REPOSITORY}:pull_request", env=env)
    assert summary.startswith(f"### Plan of {env}: {found}\n")


def test_a_pull_request_gets_no_plan_that_reads_the_vault(deployed: tuple[Desk, str]) -> None:
    with pytest.raises(AssertionError, match="ForbiddenByRbac"):
        run_step(deployed[0], "plan", job="plan", subject=f"{REPOSITORY}:pull_request", env="dev", less="--no-refresh")
    with pytest.raises(AssertionError, match="AADSTS700213"):
        run_step(deployed[0], "drift", job="drift", subject=f"{REPOSITORY}:pull_request", env="dev")


def test_main_is_looked_at_every_night_without_an_approval(deployed: tuple[Desk, str]) -> None:
    summary = run_step(deployed[0], "drift", job="drift", subject=f"{REPOSITORY}:ref:refs/heads/main", env="dev")
    assert summary == "### Plan of dev: no changes\n\n"


def run_step(desk: Desk, workflow: str, *, job: str, subject: str, env: str, less: str = "") -> str:
    """Run what a job runs of the script called like its workflow, as a runner does; the summary it writes."""
    content = yaml.safe_load((ROOT / f".github/workflows/{workflow}.yml").read_text(encoding="utf-8"))["jobs"][job]
    (step,) = (step for step in content["steps"] if f"scripts/{workflow}.py" in step.get("run", ""))
    summary = desk.cloud.folder / "summary.md"
    summary.unlink(missing_ok=True)
    runner = {
        **resolved(step["env"], desk.cloud.state("gh"), env=content.get("environment")),
        **({"ENVIRONMENT": env} if "ENVIRONMENT" in step["env"] else {}),
        "TOKEN_SUBJECT": subject,
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    desk.shell([step["run"].replace(less, "")], env=runner)
    return summary.read_text(encoding="utf-8")


def resolved(env_of_step: dict[str, str], github: dict[str, Any], *, env: str | None) -> dict[str, str]:
    """What a runner puts in place of `${{ vars.X }}` and `${{ secrets.X }}`; nothing for what is not there."""
    own = github["environments"][env] if env else {"variables": {}, "secrets": {}}
    values = {"vars": {**github["variables"], **own["variables"]}, "secrets": own["secrets"]}

    def value(found: re.Match[str]) -> str:
        return str(values[found[1]].get(found[2], ""))

    return {name: re.sub(r"\$\{\{ (vars|secrets)\.(\w+) \}\}", value, text) for name, text in env_of_step.items()}


def test_the_variables_that_the_bootstrap_sets_are_those_that_the_workflows_read(
    bootstrapped: tuple[Desk, str],
) -> None:
    github = bootstrapped[0].cloud.state("gh")
    names = {"dev", "staging", "prod"}
    assert set(github["environments"]) == names

    read = {
        name
        for file in (ROOT / ".github/workflows").glob("*.yml")
        for name in re.findall(r"\$\{\{ vars\.(\w+) \}\}", file.read_text(encoding="utf-8"))
    }
    for env in names:
        assert read == {*github["variables"], *github["environments"][env]["variables"]}


def test_the_bootstrap_sets_the_secrets_that_a_deployment_cannot_do_without(bootstrapped: tuple[Desk, str]) -> None:
    desk, _ = bootstrapped
    for env, content in desk.cloud.state("gh")["environments"].items():
        variables = load(env, desk.clone / "cdktf.out").variables
        assert set(content["secrets"]) == {variable.github_secret for variable in variables if variable.required}
