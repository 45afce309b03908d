"""The commands of the workflows: calls of our own scripts, with arguments that these accept."""

import importlib
import re
import shlex
from pathlib import Path

import pytest

from tests.workflows.files import ROOT, WORKFLOWS, Job, Step, jobs, steps

CALLS = [step for step in steps() if step.run]
# The variables of a command: where GitHub takes them from, and two values that it may put there.
PLANNED = {f"${{{{ needs.{name}.outputs.digest }}}}" for name in WORKFLOWS["deploy"]["jobs"]}
INPUTS = {
    "DIGEST": (PLANNED, ["0" * 32, "f" * 32]),
    "ENVIRONMENT": ({"${{ matrix.environment }}", "${{ inputs.environment }}"}, ["dev", "prod"]),
    "LOSSES": ({"${{ inputs.allow_loss }}"}, ["", "azurerm_key_vault.gateway azurerm_container_app.gateway"]),
    "PROJECT": ({"${{ inputs.project }}"}, ["", "team"]),
    "STEP": ({"${{ inputs.step }}"}, ["add", "retire"]),
}


@pytest.mark.parametrize("step", CALLS, ids=str)
def test_a_command_is_one_call_of_a_script_without_template_expressions(step: Step) -> None:
    assert re.fullmatch(r'python3 scripts/\w+\.py( [\w.-]+| "\$[A-Z]+")*', step.run)
    assert "shell" not in step.content


@pytest.mark.parametrize("step", CALLS, ids=str)
def test_a_variable_of_a_command_is_what_was_chosen(step: Step) -> None:
    """Another one would do it to another environment, and be green."""
    for name in re.findall(r"\$(\w+)", step.run):
        assert step.env[name] in INPUTS[name][0]


@pytest.mark.parametrize("step", CALLS, ids=str)
def test_the_script_accepts_the_arguments(step: Step) -> None:
    _, script, *words = shlex.split(step.run)
    assert (ROOT / script).is_file()
    if words:
        parse = importlib.import_module(f"scripts.{Path(script).stem}").parse
        for number in range(2):
            parse([INPUTS[word[1:]][1][number] if word.startswith("$") else word for word in words])


def test_the_choices_of_a_rotation_are_the_steps_of_the_script() -> None:
    inputs = WORKFLOWS["rotate"]["on"]["workflow_dispatch"]["inputs"]
    assert inputs["step"]["options"] == INPUTS["STEP"][1]


@pytest.mark.parametrize("job", [job for job in jobs() if "strategy" in job.content], ids=str)
def test_a_matrix_is_the_environments_of_the_settings(job: Job) -> None:
    listing = WORKFLOWS[job.workflow]["jobs"][job.content["needs"]]
    (step,) = (step for step in listing["steps"] if step.get("id") == "list")
    assert step["run"] == "python3 scripts/environments.py"
    assert listing["outputs"] == {"environments": "${{ steps.list.outputs.environments }}"}
    assert job.content["strategy"]["matrix"] == {
        "environment": "${{ fromJSON(needs.environments.outputs.environments) }}"
    }
    assert job.content["strategy"]["fail-fast"] == "false"


def test_a_plan_that_failed_is_commented_too() -> None:
    (comment,) = (step for step in steps() if step.calls("comment"))
    (plan,) = (step for step in comment.job.steps if step.calls("plan"))
    assert "!cancelled()" in comment.content["if"]
    (file,) = re.findall(r"--markdown (\S+)", plan.run)
    assert f"--file {file}" in comment.run
    assert f"hashFiles('{file}')" in comment.content["if"]
