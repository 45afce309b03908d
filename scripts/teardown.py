"""Takes an environment down: `teardown.py --env dev`. It says what stays, and why.

First what the stack made, then the names that Azure keeps, then what the bootstrap made for this environment alone: the
workflows' identities with their roles, the resource group, GitHub's environment. Each step reads what is there, so an
interrupted run is continued by another one. `--dry-run` shows every command and changes nothing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="teardown.py",
        description="Destroys an environment in Azure, and removes what the bootstrap made for it. Says what stays.",
    )
    parser.add_argument("--env", required=True, metavar="NAME", help="the environment")
    parser.add_argument("--dry-run", action="store_true", help="show every changing command and run none")
    parser.add_argument("--yes", action="store_true", help="destroy without confirmation")
    parser.add_argument("--repository", metavar="OWNER/NAME", help="on GitHub (default: from the remote `origin`)")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(first=parse, node=True)

from scripts.azure.login import log_in
from scripts.azure.resource_group import Resource, ResourceGroup
from scripts.azure.soft_deleted import find_deleted_logs, purge_ai_accounts, purge_vault
from scripts.bootstrapping.account import Account, sign_in
from scripts.bootstrapping.github_variables import repository_variable_names
from scripts.bootstrapping.progress import Progress
from scripts.bootstrapping.removal import remove_from_github, remove_identities
from scripts.bootstrapping.targets import Target
from scripts.bootstrapping.terraform_state import find_account
from scripts.cli.command_line import CommandLine
from scripts.cli.log import log
from scripts.cli.terminal import confirm
from scripts.github.repository import NoRepositoryError, repository
from scripts.terraform.apply import destroy
from scripts.terraform.destruction import Destruction, plan_destruction
from scripts.terraform.plan import show
from scripts.terraform.stacks import Stack, load_all, prepare

AGAIN = "To continue, run the same command again: it skips what is gone."


def main() -> None:
    """Look, ask, remove, and print what stays."""
    arguments = parse(sys.argv[1:])
    name = _find_repository(arguments.repository)
    (stack,) = prepare([arguments.env])
    az, gh = log_in(stack, dry_run=arguments.dry_run), CommandLine("gh", dry_run=arguments.dry_run)
    progress = Progress(dry_run=arguments.dry_run, again=AGAIN)
    account = sign_in(az, progress, subscription=az.subscription)
    group, destruction = _look(az, progress, stack)
    foreign = _foreign(group, destruction)
    if not az.dry_run:
        _ask(account, stack, destruction, yes=arguments.yes)
    if destruction and destruction.ids:
        _destroy(stack, dry_run=az.dry_run)
    stays = [find_deleted_logs(az, progress, stack), purge_vault(az, progress, stack)]
    purge_ai_accounts(az, progress, stack)
    # Before GitHub's environment: GitHub makes an unknown one, without protection, for any job that names it.
    stays += remove_identities(progress, Target(stack=stack, account=account, az=az))
    stays.append(_remove_group(progress, stack, group, foreign=foreign if az.dry_run else _foreign(group)))
    variables = repository_variable_names(stack.env)
    commands = remove_from_github(gh, progress, repository=name, env=stack.env, variables=variables) if name else []
    if name is None:
        stays.append("What GitHub has of it, if anything: no repository is known. To remove it, add --repository.")
    _report(stack, [*filter(None, stays), *_shared(az, stack)], commands, dry_run=az.dry_run)


def _find_repository(given: str | None) -> str | None:
    """None for a checkout without one: environments that are deployed from laptops alone need none."""
    try:
        return repository(given)
    except NoRepositoryError:
        return None


def _look(az: CommandLine, progress: Progress, stack: Stack) -> tuple[ResourceGroup | None, Destruction | None]:
    """The group, and what Terraform would destroy in it; each None if it does not exist."""
    with progress.step(f"Resource group {stack.resource_group}"):
        group = ResourceGroup.find(az, stack.resource_group)
        if group is None:
            progress.ok("does not exist")
            return None, None
        group.require_no_lock()
        if find_account(az, stack.backend) is None:
            progress.note(f"no storage account {stack.backend.storage_account_name}: Terraform has no state")
            return group, None
    destruction = plan_destruction(stack)
    show(destruction.plan)
    return group, destruction


def _foreign(group: ResourceGroup | None, destruction: Destruction | None = None) -> list[Resource]:
    """What neither Terraform nor Azure itself made in the group; without a destruction, all of it that is left."""
    ids = destruction.ids if destruction else frozenset()
    return [each for each in group.resources() if not each.is_of_azure and each.id not in ids] if group else []


def _ask(account: Account, stack: Stack, destruction: Destruction | None, *, yes: bool) -> None:
    count = len(destruction.ids) if destruction else 0
    confirm(
        f"Destroy {stack.env} in the subscription {account.subscription_name} ({account.subscription_id}): {count} "
        "resources, the identities of its workflows, its environment on GitHub?",
        yes=yes,
        no="Nothing was changed.",
    )


def _destroy(stack: Stack, *, dry_run: bool) -> None:
    if dry_run:
        log(f"  would run: cdktf destroy {stack.name}")
        return
    destroy(stack)


def _remove_group(
    progress: Progress, stack: Stack, group: ResourceGroup | None, *, foreign: list[Resource]
) -> str | None:
    """Why it stays, or None."""
    if group is None:
        return None
    with progress.step(f"Resource group {group.name}"):
        if stack.has_existing_resource_group:
            progress.note("it was there before: the settings name it")
            return f"Resource group {group.name}, which the settings name ([existing] resource_group)."
        if foreign:
            progress.note("it contains what Terraform did not make")
            return f"Resource group {group.name}, which contains {', '.join(map(str, foreign))}."
        group.delete()
        progress.deleted(f"resource group {group.name}")
    return None


def _shared(az: CommandLine, stack: Stack) -> list[str]:
    """What is of other environments, too, or is this one's history."""
    stays = [f"The identity {stack.plan_identity}, which plans for all environments."]
    backend = stack.backend
    if find_account(az, backend):
        same = [each.env for each in load_all() if each.backend.resource_group_name == backend.resource_group_name]
        others = [env for env in same if env != stack.env]
        why = f"also of {', '.join(others)}" if others else f"az group delete --name {backend.resource_group_name}"
        stays.append(
            f"Storage account {backend.storage_account_name}, with earlier versions of Terraform's state ({why})."
        )
    return stays


def _report(stack: Stack, stays: list[str], commands: list[str], *, dry_run: bool) -> None:
    """The last lines, on stdout."""
    if dry_run:
        log("Dry run: nothing was changed.")
    print(f"{stack.env} {'would be' if dry_run else 'is'} down. What stays:")
    for text in stays:
        print(f"- {text}")
    if commands:
        print("On GitHub, because gh could not do it:")
        print("\n".join(f"  {command}" for command in commands))
    print(
        f"Next: delete settings/environments/{stack.env}.toml and the environment's parts of the workflows: "
        "docs/operate.md#remove-an-environment"
    )
