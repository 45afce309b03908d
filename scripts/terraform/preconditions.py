"""What a deployment needs before anything is asked of Azure."""

from __future__ import annotations

import os
from collections.abc import Sequence

from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Stack, Variable

_PLACES = {
    "TFSTATE_RESOURCE_GROUP": "resource_group_name",
    "TFSTATE_STORAGE_ACCOUNT": "storage_account_name",
    "TFSTATE_CONTAINER": "container_name",
}


def check(stacks: Sequence[Stack]) -> None:
    """`ScriptError` with everything that is missing or does not fit; a client's key may be in the vault already."""
    if mistakes := [mistake for stack in stacks for mistake in [*_azure_keys(stack), *_state(stack)]]:
        raise ScriptError("\n".join(mistakes), code=2)


def unset(stack: Stack, variables: Sequence[Variable]) -> list[str]:
    """What to do about each that has no value: in a workflow, a secret that GitHub lacks or the job does not name."""
    return [
        f"{variable.environ} is not set. {variable.description} In a workflow: the secret {variable.github_secret} of "
        f"the environment {stack.env}, and in the job {stack.env} of .github/workflows/deploy.yml the line\n"
        f"  {variable.environ}: ${{{{ secrets.{variable.github_secret} }}}}"
        for variable in variables
        if variable.required
    ]


def _azure_keys(stack: Stack) -> list[str]:
    return unset(stack, [variable for variable in stack.variables if not variable.is_ours and not variable.given])


def _state(stack: Stack) -> list[str]:
    """In another place Terraform would find no state, and make everything a second time."""
    return [
        f"{name} is {given}, and the settings of {stack.env} keep the state in {wanted}. If the settings are right, "
        "move the state there and run `python3 scripts/bootstrap.py` again; if not, put the old name back."
        for name, attribute in _PLACES.items()
        if (given := os.environ.get(name)) and given != (wanted := getattr(stack.backend, attribute))
    ]
