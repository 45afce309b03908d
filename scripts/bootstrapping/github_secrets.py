"""The secrets of GitHub's environments: clients' keys are generated, Azure's come from the caller.

Nobody can read a secret back from GitHub, so an existing one is kept.
"""

from __future__ import annotations

import getpass
import secrets
import sys
from collections.abc import Sequence

from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Stack, Variable


def required_secrets(stack: Stack) -> tuple[Variable, ...]:
    """Those without which the stack cannot be deployed."""
    return tuple(variable for variable in stack.variables if variable.required)


def description(variable: Variable) -> str:
    """What it is, without how to pass it on a laptop."""
    return variable.description.removesuffix(f" {variable.instruction}")


def check_secret_names(stacks: Sequence[Stack]) -> None:
    """Refuse what GitHub would: https://docs.github.com/actions/reference/security/secrets#naming-your-secrets

    Raises:
        ScriptError: a name is reserved.
    """
    for stack in stacks:
        for variable in stack.variables:
            if variable.github_secret.startswith("GITHUB_"):
                raise ScriptError(
                    f"{stack.env} needs a secret {variable.github_secret}, but GitHub reserves names that begin with "
                    "GITHUB_. Rename the upstream in the settings.",
                    code=2,
                )


def set_secrets(
    gh: CommandLine, progress: Progress, *, repository: str, stack: Stack, others: Sequence[Stack]
) -> list[str]:
    """Set the missing secrets; the commands for those that only a person knows. `others` are set in the same run."""
    options = ["--env", stack.env, "--repo", repository]
    existing = {secret["name"] for secret in gh.find("secret", "list", *options, "--json", "name") or []}
    commands = []
    for variable in required_secrets(stack):
        name = variable.github_secret
        if name in existing:
            progress.ok(f"secret {name}, kept")
            continue
        value, origin = _value(variable, env=stack.env, is_shared=bool(others), dry_run=gh.dry_run)
        if value is None:
            commands.append(f"gh secret set {name} --env {stack.env} --repo {repository}")
            continue
        gh.change("secret", "set", name, *options, stdin=value)
        progress.created(f"secret {name}, {origin}")
    return commands


def _value(variable: Variable, *, env: str, is_shared: bool, dry_run: bool) -> tuple[str | None, str]:
    given = variable.given
    if given and not (variable.is_ours and is_shared):  # environments must not share a client's key
        return given, f"from {variable.environ}"
    if variable.is_ours:
        ignored = f"; {variable.environ} is not used for several environments, select one with --env" if given else ""
        return secrets.token_urlsafe(32), f"generated{ignored}"
    if dry_run or not sys.stdin.isatty():
        return None, ""
    question = f"{variable.github_secret} of {env}: {description(variable)} Leave empty to set it later: "
    return getpass.getpass(question).strip() or None, "as typed"
