"""A deployment: plan, confirmation, `cdktf deploy`, smoke test, summary."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from scripts.azure.container_app import latest_revision
from scripts.azure.smoke_testing import Smoke, smoke
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.terminal import confirm
from scripts.github.markdown import add_to_summary, block, code, warning
from scripts.terraform import program as terraform
from scripts.terraform.apply import apply
from scripts.terraform.client_keys import check_new_names, client_keys
from scripts.terraform.errors import explain
from scripts.terraform.plan import Plan, plan, show
from scripts.terraform.plan_changes import Action
from scripts.terraform.stacks import Stack
from settings.secret_names import gateway_key

NOT_REVIEWED = 3
"""The exit code if the plan is not the one that was reviewed."""
REVIEWED_PLAN = "REVIEWED_PLAN"
"""The variable with the text of the reviewed plan, to be shown beside another one."""


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The outputs of constructs/outputs.py that a deployment needs."""

    openai_base_url: str
    image: str
    container_app_name: str
    resource_group_name: str


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What was deployed."""

    plan: Plan
    outputs: Outputs
    revision: str

    def text(self) -> str:
        """For a terminal."""
        outputs = self.outputs
        return f"{self.plan.env}: {outputs.openai_base_url}\nrevision: {self.revision}\nimage: {outputs.image}"

    def markdown(self, test: Smoke) -> str:
        """For the job summary."""
        rows = {
            "URL": self.outputs.openai_base_url,
            "revision": self.revision,
            "image": self.outputs.image,
            "smoke test": test.words,
        }
        lines = [f"### Deployment of {self.plan.env}", "", "| | |", "|---|---|"]
        lines += [f"| {name} | {code(value)} |" for name, value in rows.items()]
        parts = ["\n".join(lines), "" if test.passed else self.next_step(), test.markdown, self.plan.markdown()]
        return "\n\n".join(part.strip() for part in parts if part)

    def next_step(self) -> str:
        """What to do after a failed smoke test: only a revision that this deployment created can be rolled back."""
        updated = {change.resource_type for change in self.plan.changes if change.action is Action.UPDATE}
        if "azurerm_container_app" in updated:
            command = f"python3 scripts/rollback.py --env {self.plan.env}"
            return f"To roll back from {self.revision} to the revision before it: `{command}`"
        return "It created no new revision to roll back from: correct what the test reports, and deploy again."


def warn_of_shared_keys(envs: Sequence[str]) -> None:
    """What several environments in one run share, and should not."""
    log(
        f"WARNING: {', '.join(envs)} get the same TF_VAR_... values. A new environment takes its client keys from "
        "them, so one key could open several. Deploy a new environment alone, with its own keys."
    )


def deploy(
    stack: Stack,
    *,
    az: CommandLine,
    yes: bool,
    test: bool,
    expected: str | None = None,
    allowed_losses: Collection[str] = (),
) -> None:
    """Deploy one environment; if the plan is empty, only test it.

    `expected` is the digest of a reviewed plan, `allowed_losses` names what of `Plan.losses` may be lost.

    Raises:
        ScriptError: the deployment or the smoke test failed, or the plan would lose what is kept or is sure to fail;
            with code 3, the plan is not the reviewed one.
    """
    planned = plan(stack)
    show(planned)
    if expected not in {None, planned.digest}:
        raise _not_reviewed(planned, expected=str(expected))
    _refuse_failures(planned)
    _refuse_losses(planned, allowed=allowed_losses)
    check_new_names(stack, planned.changes, az)
    has_changes = not planned.is_empty or bool(planned.outputs)
    if has_changes:
        confirm(f"Deploy {stack.env}?", yes=yes, no=f"{stack.env} is not deployed.")
    keys = client_keys(stack, planned.secrets, az)  # a rotation may have ended while the question waited
    if has_changes:
        try:
            apply(stack, env=keys)
        except ScriptError as failure:
            add_to_summary("\n".join([f"### Deployment of {stack.env}: failed", "", *block(str(failure))]))
            raise
    outputs = read_outputs(stack)
    # No output of Terraform: the provider does not mark latest_revision_name as unknown, so it would be the old one.
    revision = latest_revision(az, name=outputs.container_app_name, resource_group=outputs.resource_group_name)
    deployment = Deployment(plan=planned, outputs=outputs, revision=revision)
    print(deployment.text())
    result = Smoke(passed=True, words="not run: --no-smoke")
    if test:
        result = smoke(stack.env, base_url=outputs.openai_base_url, key=keys[gateway_key().environ])
    add_to_summary(deployment.markdown(result))
    if not result.passed:
        raise ScriptError(f"{stack.env} is deployed, but the smoke test failed. {deployment.next_step()}")


def _not_reviewed(planned: Plan, *, expected: str) -> ScriptError:
    """Shows the reviewed plan below the one that is made now."""
    reviewed = os.environ.get(REVIEWED_PLAN, "").strip() or "Its text was not handed on: see the summary of its job."
    message = (
        f"{planned.env} is not deployed: its plan is no longer the one that was reviewed. Something changed in Azure "
        f"or in the state in between. The digest was {expected}, and is {planned.digest}. Plan and review again: run "
        "the whole workflow again, not this job alone."
    )
    print(f"\nThe plan that was reviewed:\n\n{reviewed}")
    add_to_summary(
        "\n".join(
            [
                f"## {planned.env} is not deployed",
                "",
                *warning(message),
                "",
                "## The plan now",
                "",
                planned.markdown(),
                "## The plan that was reviewed",
                "",
                reviewed,
            ]
        )
    )
    return ScriptError(message, code=NOT_REVIEWED)


def _refuse_failures(planned: Plan) -> None:
    """Before anything is changed: Terraform would stop in the middle."""
    if planned.failures:
        raise _refused(planned, f"{planned.env} is not deployed: the plan is sure to fail.", planned.failures)


def _refuse_losses(planned: Plan, *, allowed: Collection[str]) -> None:
    """Before the question, which somebody answers with a habitual yes; in a workflow, after an approval."""
    losses = {address: text for address, text in planned.losses.items() if address not in allowed}
    if not losses:
        return
    options = " ".join(f"--allow-loss {address}" for address in losses)
    advice = f"Undo the change in the settings, or, if you want this, deploy with: {options}"
    raise _refused(planned, f"{planned.env} is not deployed: the plan loses what an environment keeps.", losses, advice)


def _refused(planned: Plan, what: str, reasons: Mapping[str, str], *advice: str) -> ScriptError:
    """`reasons` are by address."""
    message = "\n".join([what, *(f"  {address}: {text}" for address, text in reasons.items()), *advice])
    add_to_summary("\n".join([f"## {planned.env} is not deployed", "", *block(message), "", planned.markdown()]))
    return ScriptError(message)


def read_outputs(stack: Stack) -> Outputs:
    """From the state."""
    ran = terraform.run("output", "-json", "-no-color", folder=stack.folder)
    if ran.returncode:
        raise ScriptError(explain(ran.stderr, env=stack.env, folder=stack.folder))
    content = json.loads(ran.stdout)
    missing = [name for name in Outputs.__annotations__ if name not in content]
    if missing:
        raise ScriptError(
            f"The state of {stack.env} has no output {', '.join(missing)}. Was a deployment interrupted? Run it again."
        )
    return Outputs(**{name: str(content[name]["value"]) for name in Outputs.__annotations__})
