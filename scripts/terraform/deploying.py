"""A deployment from its plan to its summary, with the smoke test at the end."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.terminal import confirm
from scripts.github.markdown import add_to_summary, block, code
from scripts.smoke_test.deployed import Smoke, smoke
from scripts.terraform.applying import apply
from scripts.terraform.changes import Action
from scripts.terraform.keys import client_keys
from scripts.terraform.outputs import Outputs, outputs
from scripts.terraform.planning import plan, show
from scripts.terraform.plans import Plan
from scripts.terraform.stacks import Stack
from settings.secret_names import gateway_key


def warn(envs: Sequence[str]) -> None:
    """What several environments in one run share, and should not."""
    log(
        f"WARNING: {', '.join(envs)} get the same TF_VAR_... values. One that is new gets its client keys from\n"
        "them, which may open another one, too. Deploy a new one alone, with keys of its own."
    )


def deploy(stack: Stack, *, az: CommandLine, yes: bool, test: bool) -> None:
    """From the plan to the summary; where there is nothing to do, the gateway is tested all the same."""
    found = plan(stack)
    show(found)
    is_due = not found.is_empty or bool(found.outputs)
    if is_due:
        confirm(f"Deploy {stack.env}?", yes=yes, no=f"{stack.env} is not deployed.")
    keys = client_keys(stack, found.secrets, az)  # the question may have waited for longer than a rotation takes
    if is_due:
        try:
            apply(stack, env=keys)
        except ScriptError as failure:
            add_to_summary("\n".join([f"### Deployment of {stack.env}: failed", "", *block(str(failure))]))
            raise
    told = outputs(stack)
    print(f"{stack.env}: {told.openai_base_url}\nrevision: {told.revision}\nimage: {told.image}")
    result = Smoke(passed=True, words="not run: --no-smoke")
    if test:
        result = smoke(stack.env, base_url=told.openai_base_url, key=keys[gateway_key().environ])
    summarize(found, told, result)
    if not result.passed:
        raise ScriptError(f"{stack.env} is deployed, and does not pass the smoke test. {what_now(found)}")


def summarize(found: Plan, told: Outputs, result: Smoke) -> None:
    """On the page of the workflow's run."""
    rows = {"URL": told.openai_base_url, "revision": told.revision, "image": told.image, "smoke test": result.words}
    lines = [f"### Deployment of {found.env}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {code(value)} |" for name, value in rows.items()]
    parts = ["\n".join(lines), "" if result.passed else what_now(found), result.markdown, found.markdown()]
    add_to_summary("\n\n".join(part.strip() for part in parts if part))


def what_now(found: Plan) -> str:
    """What to do when the gateway is not well: only a revision that this deployment made can be taken back."""
    if any(change.kind == "azurerm_container_app" and change.action is Action.CHANGED for change in found.changes):
        return f"Back to the revision before: `python3 scripts/rollback.py --env {found.env}`"
    return "It replaced no revision, so there is nothing to take back: mend what the test says, and deploy again."
