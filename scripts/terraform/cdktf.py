"""`cdktf diff` of a stack that is synthesized already, and the plan that it leaves in the stack's folder as `plan`.

The CLI cannot deploy a saved plan: `cdktf deploy` plans again.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.processes import Processes, run_in_parallel
from scripts.setup import cdktf_cli
from scripts.terraform import program as terraform
from scripts.terraform.errors import explain, is_state_missing
from scripts.terraform.stacks import Stack, output_folder

PLAN_FLAGS = "TF_CLI_ARGS_plan"
PLACEHOLDER = "unset, and not needed for a plan"


def command(verb: str, stack: Stack, *options: str) -> list[str | Path]:
    """The CLI's command line; without a provider lock file, which the next synthesis would remove."""
    own = ["--skip-synth", "--skip-provider-lock", "--no-color", "--output", str(output_folder())]
    return [*cdktf_cli.program_words(), verb, stack.name, *own, *options]


def environment() -> dict[str, str]:
    """Variables for the CLI, on top of ours; CI makes it print lines instead of redrawing the screen."""
    return {**cdktf_cli.environment(), **terraform.non_interactive(), "CI": "true"}


def placeholders(stack: Stack) -> dict[str, str]:
    """Values of the variables that are required and not set: Terraform asks for them also where it needs none."""
    required = [variable.environ for variable in stack.variables if variable.required]
    return {name: PLACEHOLDER for name in required if not os.environ.get(name, "").strip()}


def plan_json(stack: Stack, *, refresh: bool, needs_state: bool) -> Mapping[str, Any]:
    """The plan of a stack, without a lock: the right to read the state is enough.

    Without a state everything is to create; a plan that `needs_state` fails instead. No plan contains values of
    variables, so a placeholder is enough for those that are unset.
    """
    flags = " ".join([os.environ.get(PLAN_FLAGS, ""), "-lock=false", *([] if refresh else ["-refresh=false"])]).strip()
    env = {**environment(), **placeholders(stack), PLAN_FLAGS: flags}
    with _private_plan_file(stack) as path:
        try:
            run_in_parallel({f"Plan for {stack.env}": lambda processes: _diff(processes, stack, env)})
        except ScriptError as failure:
            if needs_state or not is_state_missing(failure.output):
                raise
            log(f"{stack.env} has no Terraform state yet: everything is to create.")
            return _create_everything(stack)
        shown = terraform.run("show", "-json", "-no-color", path.name, folder=stack.folder)
    if shown.returncode:
        raise ScriptError(explain(shown.stderr, env=stack.env, folder=stack.folder))
    content: Mapping[str, Any] = json.loads(shown.stdout)
    return content


def _diff(processes: Processes, stack: Stack, env: Mapping[str, str]) -> None:
    try:
        processes.run(command("diff", stack), env=env)
    except ScriptError as failure:
        why = explain(failure.output, env=stack.env, folder=stack.folder)
        raise ScriptError(f"The plan for {stack.env} failed.\n\n{why}", output=failure.output) from None


def _create_everything(stack: Stack) -> Mapping[str, Any]:
    """The plan of an environment without a state: Terraform creates one before it plans, which takes write access."""
    change: dict[str, Any] = {"actions": ["create"], "before": None, "after": {}}
    resources = [(kind, name) for kind, named in stack.find("resource").items() for name in named]
    return {
        "resource_changes": [{"address": f"{kind}.{name}", "type": kind, "change": change} for kind, name in resources]
    }


@contextlib.contextmanager
def _private_plan_file(stack: Stack) -> Iterator[Path]:
    """The CLI's plan file, readable for its owner only, and removed afterwards: it contains what the state contains."""
    path, mask = stack.folder / "plan", os.umask(0o077)
    try:
        yield path
    finally:
        os.umask(mask)
        path.unlink(missing_ok=True)
