"""The pinned cdktf CLI with a stack that is synthesized already: `diff`, and what Terraform then says of it.

The CLI puts its plan into the stack's folder, as `plan`. It cannot deploy a saved one: `cdktf deploy` plans again.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.cdktf import cli_environment, node
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.processes import Processes, run_in_parallel
from scripts.setup.install import NODE_MODULES
from scripts.terraform import program as terraform
from scripts.terraform.explanations import explained, lacks_state
from scripts.terraform.stacks import OUT, Stack

PLAN_FLAGS = "TF_CLI_ARGS_plan"
PLACEHOLDER = "unset, and not needed for a plan"


def command(verb: str, stack: Stack, *options: str) -> list[str | Path]:
    """The CLI's command line; without a lock of providers, which the next synthesis would lose."""
    own = ["--skip-synth", "--skip-provider-lock", "--no-color", "--output", str(OUT)]
    return [node(), NODE_MODULES / "cdktf-cli/bundle/bin/cdktf", verb, stack.name, *own, *options]


def environment() -> dict[str, str]:
    """What the CLI needs, on top of ours; with CI it prints lines instead of drawing frames."""
    return {**cli_environment(), **terraform.quiet(), "CI": "true"}


def plan_json(stack: Stack, *, refresh: bool) -> Mapping[str, Any]:
    """The plan of a stack, without its lock: reading the state is enough for it.

    Values of variables are in no plan, so that a placeholder does where one is unset.
    """
    unset = {variable.environ: PLACEHOLDER for variable in stack.variables if variable.required}
    given = {name: value for name, value in os.environ.items() if name in unset and value.strip()}
    flags = " ".join([os.environ.get(PLAN_FLAGS, ""), "-lock=false", *([] if refresh else ["-refresh=false"])]).strip()
    env = {**environment(), **unset, **given, PLAN_FLAGS: flags}
    with _plan_file(stack) as path:
        try:
            run_in_parallel({f"Plan of {stack.env}": lambda work: _diff(work, stack, env)})
        except ScriptError as failure:
            if refresh or not lacks_state(failure.output):
                raise
            log(f"There is no state of {stack.env} yet, so that all of it is new.")
            return _everything(stack)
        shown = terraform.run("show", "-json", "-no-color", path.name, folder=stack.folder)
    if shown.returncode:
        raise ScriptError(explained(shown.stderr, env=stack.env, folder=stack.folder))
    content: Mapping[str, Any] = json.loads(shown.stdout)
    return content


def _diff(work: Processes, stack: Stack, env: Mapping[str, str]) -> None:
    try:
        work.run(command("diff", stack), env=env)
    except ScriptError as failure:
        why = explained(failure.output, env=stack.env, folder=stack.folder)
        raise ScriptError(f"The plan of {stack.env} failed.\n\n{why}", output=failure.output) from None


def _everything(stack: Stack) -> Mapping[str, Any]:
    """The plan of what was never deployed: Terraform begins a state before it plans, which only a deployer may."""
    change: dict[str, Any] = {"actions": ["create"], "before": None, "after": {}}
    resources = [(kind, name) for kind, named in stack.content["resource"].items() for name in named]
    return {
        "resource_changes": [{"address": f"{kind}.{name}", "type": kind, "change": change} for kind, name in resources]
    }


@contextlib.contextmanager
def _plan_file(stack: Stack) -> Iterator[Path]:
    """Where the CLI puts it: for its owner alone, and no longer than needed; it holds what the state holds."""
    path, mask = stack.folder / "plan", os.umask(0o077)
    try:
        yield path
    finally:
        os.umask(mask)
        path.unlink(missing_ok=True)
