"""The steps of the bootstrap, in their order. A new step is a call in `run_steps`.

Every step reads what exists and changes only what differs. GitHub's environments are protected before the identities
trust their jobs.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from scripts.bootstrapping.account import default_account
from scripts.bootstrapping.federated_credentials import find_subject_prefix, with_existing_credentials
from scripts.bootstrapping.github_checklist import checklist
from scripts.bootstrapping.github_environments import find_unprotected, protect
from scripts.bootstrapping.github_reviewers import Reviewer, find_reviewers
from scripts.bootstrapping.github_secrets import check_secret_names, required_secrets, set_secrets
from scripts.bootstrapping.github_variables import environment_variables, repository_variables, set_variables
from scripts.bootstrapping.identities import Identities, ensure_identities, find_identities
from scripts.bootstrapping.preflight import preflight
from scripts.bootstrapping.progress import Progress
from scripts.bootstrapping.resource_groups import ensure_resource_groups
from scripts.bootstrapping.single_identity import report_single_identity
from scripts.bootstrapping.targets import Elsewhere, Target, find_targets, other_logins
from scripts.bootstrapping.terraform_state import ensure_state
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.settings import log_endpoints
from scripts.github.login import UnusableError, find_user
from scripts.github.repository import repository
from scripts.terraform import stacks
from scripts.terraform.stacks import Stack
from settings.secret_names import show_command

PARTS = ("preflight", "group", "state", "identities", "github")


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What the steps work on, read and checked before any of them changes anything."""

    all_stacks: tuple[Stack, ...]
    targets: tuple[Target, ...]
    """The selected environments, in the tenant of the login."""
    elsewhere: tuple[Elsewhere, ...]
    """Those of other tenants."""
    repository: str
    """Empty if no step needs it."""
    subject_prefix: str
    """Empty without the part `identities`."""
    gh_problem: str
    """Why gh cannot be used; empty if it can, or without the part `github`."""
    reviewers: list[Reviewer]

    @property
    def stacks(self) -> list[Stack]:
        """Of the selected environments."""
        return [target.stack for target in self.targets]


def run_steps(az: CommandLine, gh: CommandLine, options: argparse.Namespace) -> bool:
    """Run the parts of `options`; False if GitHub is left to a person.

    Raises:
        ScriptError: a step failed, or a person must do something first.
    """
    parts: list[str] = options.parts
    progress = Progress(dry_run=options.dry_run)
    inputs = _read_inputs(az, gh, progress, options)
    targets = inputs.targets
    if parts != ["github"]:
        makes_identities = "identities" in parts or parts == ["preflight"]
        preflight(az, progress, targets=targets, makes_identities=makes_identities)
    if "group" in parts:
        ensure_resource_groups(az, progress, targets=targets)
    if "state" in parts:
        ensure_state(az, progress, targets=targets)
    unprotected = _protect_environments(az, gh, progress, options, inputs)
    identities: dict[str, Identities] | None = None
    if "identities" in parts:
        prefix = inputs.subject_prefix
        identities = ensure_identities(az, progress, targets=targets, subject_prefix=prefix, unprotected=unprotected)
    to_do = [*dict.fromkeys(unprotected.values())]
    if "github" in parts:
        identities = identities or find_identities(az, progress, targets=targets)
        if inputs.gh_problem:
            log(inputs.gh_problem)
            reviewers = None if options.no_approval else options.reviewer
            stacks = inputs.stacks
            print(checklist(repository=inputs.repository, stacks=stacks, identities=identities, reviewers=reviewers))
        else:
            to_do += _set_variables_and_secrets(gh, progress, inputs, identities=identities, unprotected=unprotected)
    if identities:
        report_single_identity(
            az,
            None if inputs.gh_problem or "github" not in parts else gh,
            progress,
            targets=targets,
            all_stacks=inputs.all_stacks,
            repository=inputs.repository,
        )
    if inputs.elsewhere:
        to_do.append(other_logins(inputs.elsewhere))
    if to_do:
        raise ScriptError("\n".join(to_do))
    return not inputs.gh_problem


def _read_inputs(az: CommandLine, gh: CommandLine, progress: Progress, options: argparse.Namespace) -> Inputs:
    parts = options.parts
    with progress.step("Azure login"):
        default = default_account(az)
    all_stacks, selected = _load_stacks(options.env, skip_synth=options.skip_synth)
    targets, elsewhere = find_targets(az, progress, default=default, stacks=selected, subscription=options.subscription)
    log_endpoints([target.env for target in targets])
    name = prefix = gh_problem = ""
    reviewers: list[Reviewer] = []
    if "github" in parts:
        check_secret_names(selected)
    if "github" in parts or ("identities" in parts and options.subject_prefix is None):
        name = repository(options.repository)
    if "identities" in parts:
        prefix = find_subject_prefix(gh, progress, repository=name, given=options.subject_prefix)
    if "github" in parts:
        gh_problem = _check_gh(gh, progress)
        if not gh_problem and not options.no_approval:
            reviewers = find_reviewers(gh, progress, options.reviewer)
    return Inputs(
        all_stacks=all_stacks,
        targets=targets,
        elsewhere=elsewhere,
        repository=name,
        subject_prefix=prefix,
        gh_problem=gh_problem,
        reviewers=reviewers,
    )


def _load_stacks(envs: Sequence[str] | None, *, skip_synth: bool) -> tuple[tuple[Stack, ...], tuple[Stack, ...]]:
    """All stacks, and those of the selected environments."""
    if not skip_synth:
        stacks.synthesize()
    return stacks.select(None), stacks.select(envs)


def _check_gh(gh: CommandLine, progress: Progress) -> str:
    """Why gh cannot be used; empty if it can."""
    with progress.step("GitHub login"):
        try:
            progress.ok(f"logged in as {find_user(gh)}")
        except UnusableError as problem:
            return f"{problem} Here is a checklist instead."
    return ""


def _protect_environments(
    az: CommandLine, gh: CommandLine, progress: Progress, options: argparse.Namespace, inputs: Inputs
) -> dict[str, str]:
    """Protect the environments, or check that they are; a message for each that is not."""
    if not inputs.repository or inputs.gh_problem:  # GitHub cannot be asked
        needs_protection = "identities" in options.parts and not options.environments_protected
        message = _protect_by_hand(options, subject_prefix=inputs.subject_prefix)
        return {stack.env: message for stack in inputs.stacks} if needs_protection else {}
    if "github" in options.parts:
        unprotected = protect(
            gh,
            progress,
            repository=inputs.repository,
            stacks=inputs.stacks,
            reviewers=inputs.reviewers,
            replace=bool(options.reviewer),
        )
    else:
        unprotected = find_unprotected(
            gh, progress, repository=inputs.repository, stacks=inputs.stacks, approval=not options.no_approval
        )
    names = {stack.env: stack.deploy_identity for stack in inputs.stacks}
    return with_existing_credentials(az, progress, names=names, unprotected=unprotected)


def _protect_by_hand(options: argparse.Namespace, *, subject_prefix: str) -> str:
    command = ["python3", "scripts/bootstrap.py", "identities"]
    command += ["--subject-prefix", subject_prefix, "--environments-protected"]
    for env in options.env or ():
        command += ["--env", env]
    if options.subscription:
        command += ["--subscription", options.subscription]
    return (
        "The bootstrap cannot check the protection of GitHub's environments, so it created no credentials for them:\n"
        "anybody who may push a branch could use them. Create and protect the environments, by the checklist of\n"
        f"`scripts/bootstrap.py github` or on the website. Then run:\n  {shlex.join(command)}"
    )


def _set_variables_and_secrets(
    gh: CommandLine,
    progress: Progress,
    inputs: Inputs,
    *,
    identities: Mapping[str, Identities],
    unprotected: Collection[str],
) -> list[str]:
    """A message if secrets are missing. Unprotected environments get none: every branch could read them."""
    with progress.step(f"Variables of {inputs.repository}"):
        for_all = {
            name: value for env, own in identities.items() for name, value in repository_variables(env, own).items()
        }
        set_variables(gh, progress, repository=inputs.repository, variables=for_all)
    commands: list[str] = []
    for stack in inputs.stacks:
        if stack.env in unprotected:
            continue
        with progress.step(f"Variables and secrets of environment {stack.env}"):
            variables = environment_variables(stack, identities[stack.env])
            set_variables(gh, progress, repository=inputs.repository, env=stack.env, variables=variables)
            others = [other for other in inputs.stacks if other is not stack]
            commands += set_secrets(gh, progress, repository=inputs.repository, stack=stack, others=others)
    log("GitHub does not show secrets. After the first deployment, read the clients' keys from the vaults:")
    for stack in inputs.stacks:
        for variable in required_secrets(stack):
            if variable.is_ours:
                log(f"  {show_command(stack.key_vault, variable.vault_secret)}")
    lines = "".join(f"\n  {command}" for command in commands)
    return [f"Some secrets are missing. Set them; gh asks for each value:{lines}"] if commands else []
