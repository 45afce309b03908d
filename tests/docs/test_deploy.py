"""docs/deploy.md, word by word: a person copies its commands into a shell."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.desk import Desk
from tests.docs.pages import ROOT, fenced, read

PAGE = ROOT / "docs/deploy.md"
AZURES_KEY = "canary-of-azure-openai"
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text(encoding="utf-8"))

pytestmark = pytest.mark.slow


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
    assert "Nothing to change." in desk.shell([steps(3)[1]])


def test_what_was_pushed_is_deployed_by_the_workflow(bootstrapped: tuple[Desk, str]) -> None:
    desk, _ = bootstrapped
    job = WORKFLOW["jobs"]["dev"]
    (deploy,) = (step for step in job["steps"] if "scripts/deploy.py" in step.get("run", ""))
    summary = desk.cloud.folder / "summary.md"
    runner = {
        **resolved(deploy["env"], desk.cloud.state("gh"), env="dev"),
        "TOKEN_SUBJECT": f"repo:contoso/gateway:environment:{job['environment']}",
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    desk.shell([deploy["run"]], env=runner)
    text = summary.read_text(encoding="utf-8")

    assert "passed" in text
    assert "pvc-dev-aigateway-ca-san--0000001" in text
    desk.shell(steps(5))


def resolved(env_of_step: dict[str, str], github: dict[str, Any], *, env: str) -> dict[str, str]:
    """What a runner puts in place of `${{ vars.X }}` and `${{ secrets.X }}`; nothing for what is not there."""
    values = {kind: {**github[kind], **github["environments"][env][kind]} for kind in ("variables", "secrets")}

    def value(found: re.Match[str]) -> str:
        kind = {"vars": "variables", "secrets": "secrets"}[found[1]]
        return str(values[kind].get(found[2], ""))

    return {name: re.sub(r"\$\{\{ (vars|secrets)\.(\w+) \}\}", value, text) for name, text in env_of_step.items()}


def test_the_variables_that_the_bootstrap_sets_are_those_that_the_workflows_read(
    bootstrapped: tuple[Desk, str],
) -> None:
    github = bootstrapped[0].cloud.state("gh")
    names = {path.stem for path in (ROOT / "settings/environments").glob("*.toml")}
    assert set(github["environments"]) == names

    read_by_workflows = {
        kind: {
            name
            for file in (ROOT / ".github/workflows").glob("*.yml")
            for name in re.findall(rf"\$\{{\{{ {kind}\.(\w+) \}}\}}", file.read_text(encoding="utf-8"))
        }
        for kind in ("vars", "secrets")
    }
    for env in names:
        set_there = {*github["variables"], *github["environments"][env]["variables"]}
        assert read_by_workflows["vars"] == set_there
        secrets = set(github["environments"][env]["secrets"])
        assert read_by_workflows["secrets"] - secrets == {"AIGATEWAY_KEY_SECONDARY"}, "which may be unset"
        assert secrets <= read_by_workflows["secrets"]
