"""The secrets of the environments: made where they are this gateway's own, taken or asked for where they are Azure's.

Nobody can read a secret back from GitHub, so one that is there is left alone.
"""

from __future__ import annotations

import getpass
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Stack, Variable


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A secret that only a person knows."""

    env: str
    name: str
    repository: str

    @property
    def command(self) -> str:
        """How to set it; without a value, gh asks for it."""
        return f"gh secret set {self.name} --env {self.env} --repo {self.repository}"


def wanted_secrets(stack: Stack) -> tuple[Variable, ...]:
    """Those without which the stack cannot be deployed."""
    return tuple(variable for variable in stack.variables if variable.required)


def explained(variable: Variable) -> str:
    """What it is, without how a laptop hands it over."""
    return variable.description.partition(" Set TF_VAR_")[0]


def check_names(stacks: Sequence[Stack]) -> None:
    """`ScriptError` if GitHub would refuse one.

    https://docs.github.com/actions/reference/security/secrets#naming-your-secrets
    """
    for stack in stacks:
        for variable in stack.variables:
            if variable.github_secret.startswith("GITHUB_"):
                raise ScriptError(
                    f"{stack.env} would need a secret {variable.github_secret}, and GitHub keeps names that begin with "
                    "GITHUB_ to itself. Give the upstream another name in the settings.",
                    code=2,
                )


def set_secrets(
    gh: CommandLine, steps: Steps, *, repository: str, stack: Stack, others: Sequence[Stack]
) -> list[Missing]:
    """Set what is absent; returned is what could not be. `others` are set in the same run."""
    place = ["--env", stack.env, "--repo", repository]
    there = {secret["name"] for secret in gh.find("secret", "list", *place, "--json", "name") or []}
    missing = []
    for variable in wanted_secrets(stack):
        name = variable.github_secret
        if name in there:
            steps.found(f"secret {name}, left as it is")
            continue
        value, origin = _value(variable, env=stack.env, shared=bool(others), dry_run=gh.dry_run)
        if value is None:
            missing.append(Missing(env=stack.env, name=name, repository=repository))
            continue
        gh.change("secret", "set", name, *place, stdin=value)
        steps.created(f"secret {name}, {origin}")
    return missing


def _value(variable: Variable, *, env: str, shared: bool, dry_run: bool) -> tuple[str | None, str]:
    given = variable.given
    if given and not (variable.is_ours and shared):  # a client's key of dev must not open prod
        return given, f"from {variable.environ}"
    if variable.is_ours:
        told = f"; {variable.environ} would be one for several environments: choose one with --env" if given else ""
        return secrets.token_urlsafe(32), f"made at random{told}"
    if dry_run or not sys.stdin.isatty():
        return None, ""
    typed = getpass.getpass(f"{variable.github_secret} of {env}, {explained(variable)} Empty: later. ").strip()
    return typed or None, "as typed"
