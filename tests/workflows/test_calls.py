"""What the workflows call: our own scripts, as these want to be called."""

import importlib
import re
import shlex
from pathlib import Path

import pytest

from tests.workflows.files import ROOT, WORKFLOWS, Step, steps

CALLS = [step for step in steps() if "run" in step.content]
# What GitHub may put into them: no more than the choices of rotate.yml, and a project or none.
SAMPLES = {"ENVIRONMENT": ["dev"], "PROJECT": ["", "team"], "STEP": ["add", "retire"]}


@pytest.mark.parametrize("step", CALLS, ids=str)
def test_it_is_one_call_of_a_script_with_nothing_pasted_into_it(step: Step) -> None:
    command = step.content["run"]
    assert re.fullmatch(r'python3 scripts/\w+\.py( [\w.-]+| "\$[A-Z]+")*', command)
    assert set(re.findall(r"\$(\w+)", command)) <= step.content.get("env", {}).keys()
    assert "shell" not in step.content


@pytest.mark.parametrize("step", CALLS, ids=str)
def test_the_script_takes_these_words(step: Step) -> None:
    _, script, *words = shlex.split(step.content["run"])
    assert (ROOT / script).is_file()
    parse = importlib.import_module(f"scripts.{Path(script).stem}").parse if words else None
    for value in range(2):
        filled = [SAMPLES[word[1:]][value % len(SAMPLES[word[1:]])] if word[0] == "$" else word for word in words]
        assert parse is None or parse(filled)


def test_what_was_chosen_is_what_the_script_is_told() -> None:
    """Anything else would do it to another environment, and be green."""
    told = {
        (step.workflow, name): value
        for step in CALLS
        for name, value in step.content.get("env", {}).items()
        if name in SAMPLES
    }
    assert told == {
        ("plan", "ENVIRONMENT"): "${{ matrix.environment }}",
        ("drift", "ENVIRONMENT"): "${{ matrix.environment }}",
        ("rotate", "ENVIRONMENT"): "${{ inputs.environment }}",
        ("rotate", "PROJECT"): "${{ inputs.project }}",
        ("rotate", "STEP"): "${{ inputs.step }}",
    }


def test_the_choices_are_the_samples() -> None:
    inputs = WORKFLOWS["rotate"]["on"]["workflow_dispatch"]["inputs"]
    assert inputs["step"]["options"] == SAMPLES["STEP"]


@pytest.mark.parametrize("workflow", ["plan", "drift"])
def test_the_matrix_is_what_the_script_lists(workflow: str) -> None:
    listing, planning = WORKFLOWS[workflow]["jobs"].values()
    (step,) = (step for step in listing["steps"] if step.get("id") == "list")
    assert step["run"] == "python3 scripts/environments.py"
    assert listing["outputs"] == {"environments": "${{ steps.list.outputs.environments }}"}
    assert planning["strategy"]["matrix"] == {"environment": "${{ fromJSON(needs.environments.outputs.environments) }}"}
    assert planning["strategy"]["fail-fast"] == "false"


def test_azure_is_logged_in_to_without_a_password() -> None:
    terraform = [step for step in CALLS if "ARM_CLIENT_ID" in step.content.get("env", {})]
    assert {step.workflow for step in terraform} == {"plan", "drift", "deploy"}
    for step in terraform:
        identity = "AZURE_DEPLOY_CLIENT_ID" if step.workflow == "drift" else "AZURE_CLIENT_ID"
        assert {name: value for name, value in step.content["env"].items() if name.startswith("ARM_")} == {
            "ARM_CLIENT_ID": f"${{{{ vars.{identity} }}}}",
            "ARM_TENANT_ID": "${{ vars.AZURE_TENANT_ID }}",
            "ARM_SUBSCRIPTION_ID": "${{ vars.AZURE_SUBSCRIPTION_ID }}",
            "ARM_USE_OIDC": "true",
            "ARM_USE_AZUREAD": "true",
        }
        assert WORKFLOWS[step.workflow]["jobs"][step.job]["permissions"]["id-token"] == "write"
    logins = [step.content["with"] for step in steps() if step.content.get("uses", "").startswith("azure/login@")]
    assert logins
    for login in logins:
        assert login == {
            "client-id": "${{ vars.AZURE_CLIENT_ID }}",
            "tenant-id": "${{ vars.AZURE_TENANT_ID }}",
            "subscription-id": "${{ vars.AZURE_SUBSCRIPTION_ID }}",
        }
