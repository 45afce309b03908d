"""The variables and secrets that the workflows read, when the environments are there and protected."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from scripts.bootstrapping.github_secrets import Missing, set_secrets, wanted_secrets
from scripts.bootstrapping.github_variables import environment_variables, repository_variables, set_variables
from scripts.bootstrapping.identities import Identities
from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandLine
from scripts.cli.log import log
from scripts.terraform.stacks import Stack
from settings.secret_names import show_command


def github(
    gh: CommandLine,
    steps: Steps,
    *,
    repository: str,
    stacks: Sequence[Stack],
    identities: Identities,
    unprotected: Collection[str],
) -> list[str]:
    """Variables and secrets of the repository and its environments, but for those that are `unprotected`.

    What is left for a person to do is returned.
    """
    with steps.step(f"Variables of {repository}"):
        set_variables(gh, steps, repository=repository, wanted=repository_variables(identities))
    missing: list[Missing] = []
    for stack in stacks:
        if stack.env in unprotected:  # every branch would read them
            continue
        with steps.step(f"Variables and secrets of environment {stack.env}"):
            wanted = environment_variables(stack, identities)
            set_variables(gh, steps, repository=repository, env=stack.env, wanted=wanted)
            others = [other for other in stacks if other is not stack]
            missing += set_secrets(gh, steps, repository=repository, stack=stack, others=others)
    _say_where_keys_are(stacks)
    if not missing:
        return []
    return ["Secrets that only you know are missing; gh asks for the value:\n" + _commands(missing)]


def _commands(missing: Sequence[Missing]) -> str:
    return "\n".join(f"  {secret.command}" for secret in missing)


def _say_where_keys_are(stacks: Sequence[Stack]) -> None:
    log("Nobody can read a secret back from GitHub. After the first deployment, the clients' keys are in the vaults:")
    for stack in stacks:
        for variable in wanted_secrets(stack):
            if variable.is_ours:
                log(f"  {show_command(stack.key_vault, variable.vault_secret)}")
