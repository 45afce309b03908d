"""What a deployment needs from its environment variables, checked before anything is asked of Azure."""

from __future__ import annotations

import os
from collections.abc import Sequence

from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Stack, Variable


def check_inputs(stacks: Sequence[Stack]) -> None:
    """`ScriptError` with everything that is missing or contradictory; a client's key may be in the vault already."""
    if mistakes := [mistake for stack in stacks for mistake in [*_azure_keys(stack), *_backend(stack)]]:
        raise ScriptError("\n".join(mistakes), code=2)


def missing_variables(stack: Stack, variables: Sequence[Variable]) -> list[str]:
    """What to do about each required one: in a workflow, GitHub has no such secret or the job does not pass it."""
    return [
        f"{variable.environ} is not set. {variable.description} In a workflow: set the secret {variable.github_secret} "
        f"of the environment {stack.env}, and add to the job {stack.env} of .github/workflows/deploy.yml\n"
        f"  {variable.environ}: ${{{{ secrets.{variable.github_secret} }}}}"
        for variable in variables
        if variable.required
    ]


def _azure_keys(stack: Stack) -> list[str]:
    unset = [variable for variable in stack.variables if not variable.is_ours and not variable.given]
    return missing_variables(stack, unset)


def _backend(stack: Stack) -> list[str]:
    """With another backend Terraform would find no state, and create everything a second time."""
    return [
        f"{name} is {given}, but the settings of {stack.env} keep the state in {wanted}. If the settings are right, "
        "move the state there and run `python3 scripts/bootstrap.py`; otherwise restore the old name."
        for name, wanted in stack.backend.github_variables.items()
        if (given := os.environ.get(name)) and given != wanted
    ]
