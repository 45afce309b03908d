"""Prepares Azure and GitHub for deployments: `scripts/bootstrap.py [preflight|state|identities|github] ...`.

Without a part it does all of them, in that order, but that GitHub's environments are protected before the identities
trust them. What is there stays, what is missing is made, what is weaker than it should be is mended; a second run
changes nothing. `--dry-run` shows every command and changes nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse
from collections.abc import Sequence

from scripts.azure.offers import tell_where_models_are
from scripts.bootstrapping.account import sign_in
from scripts.bootstrapping.credentials import from_before
from scripts.bootstrapping.github import github
from scripts.bootstrapping.github_checklist import checklist
from scripts.bootstrapping.github_reviewers import Reviewer
from scripts.bootstrapping.github_secrets import check_names
from scripts.bootstrapping.identities import Identities, find_identities, identities
from scripts.bootstrapping.names import Names, names_of
from scripts.bootstrapping.options import parse
from scripts.bootstrapping.preflight import preflight
from scripts.bootstrapping.protection import log_in, not_asked, protect, reviewers, second_run, unprotected_of
from scripts.bootstrapping.state import state
from scripts.bootstrapping.steps import Steps
from scripts.bootstrapping.subjects import subject_prefix
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.github.repository import repository
from scripts.terraform import stacks
from scripts.terraform.stacks import Stack


def main() -> None:
    """Do the parts that were named, and say what came of it."""
    arguments = parse(sys.argv[1:])
    az, gh = CommandLine("az", dry_run=arguments.dry_run), CommandLine("gh", dry_run=arguments.dry_run)
    try:
        is_done = bootstrap(az, gh, arguments)
    except ScriptError:
        if changes := len(az.changes) + len(gh.changes):
            summarize(changes, dry_run=arguments.dry_run, is_done=True)
        raise
    summarize(len(az.changes) + len(gh.changes), dry_run=arguments.dry_run, is_done=is_done)


def bootstrap(az: CommandLine, gh: CommandLine, arguments: argparse.Namespace) -> bool:
    """The parts, in order; False when GitHub's is left to a person."""
    parts: list[str] = arguments.parts
    steps = Steps(dry_run=arguments.dry_run)
    account = sign_in(az, steps, subscription=arguments.subscription)
    everything, chosen = stacks_of(arguments.env, skip_synth=arguments.skip_synth)
    tell_where_models_are([stack.env for stack in chosen])
    names = names_of(everything)
    if "github" in parts:
        check_names(chosen)
    prefix = name = ""
    if "github" in parts or ("identities" in parts and arguments.subject_prefix is None):
        name = repository(arguments.repository)
    if "identities" in parts:  # asked before anything is made
        prefix = subject_prefix(gh, steps, repository=name, given=arguments.subject_prefix)
    no_gh = log_in(gh, steps) if "github" in parts else ""
    people = [] if no_gh or arguments.no_approval or "github" not in parts else reviewers(gh, steps, arguments.reviewer)
    if parts != ["github"]:
        registers = "identities" in parts or parts == ["preflight"]
        preflight(az, steps, account=account, stacks=chosen, names=names, registers=registers)
    if "state" in parts:
        state(az, steps, account=account, stacks=chosen)
    asked = "" if no_gh else name
    unprotected = guard(az, gh, steps, arguments, asked=asked, stacks=chosen, names=names, prefix=prefix, people=people)
    made: Identities | None = None
    if "identities" in parts:
        made = identities(
            az,
            steps,
            account=account,
            stacks=chosen,
            everything=everything,
            names=names,
            prefix=prefix,
            unprotected=unprotected,
        )
    left = [*dict.fromkeys(unprotected.values())]
    if "github" in parts:
        made = made or find_identities(az, steps, account=account, names=names)
        if no_gh:
            log(no_gh)
            approving = None if arguments.no_approval else arguments.reviewer
            print(checklist(repository=name, stacks=chosen, identities=made, reviewers=approving))
        else:
            left += github(gh, steps, repository=name, stacks=chosen, identities=made, unprotected=unprotected)
    if left:
        raise ScriptError("\n".join(left))
    return not no_gh


def guard(
    az: CommandLine,
    gh: CommandLine,
    steps: Steps,
    arguments: argparse.Namespace,
    *,
    asked: str,
    stacks: Sequence[Stack],
    names: Names,
    prefix: str,
    people: Sequence[Reviewer],
) -> dict[str, str]:
    """Have the environments protected before anything trusts their jobs; those that are not, and what to do.

    `asked` is the repository, empty where GitHub cannot or shall not be asked.
    """
    if not asked:
        trusts = "identities" in arguments.parts and not arguments.environments_protected
        return not_asked(stacks, again=second_run(arguments, prefix=prefix)) if trusts else {}
    approval = not arguments.no_approval
    if "github" in arguments.parts:
        replace = bool(arguments.reviewer)
        found = protect(gh, steps, repository=asked, stacks=stacks, reviewers=people, replace=replace)
    else:
        found = unprotected_of(gh, steps, repository=asked, stacks=stacks, approval=approval)
    return from_before(az, steps, name=names.deploy, unprotected=found)


def stacks_of(envs: Sequence[str] | None, *, skip_synth: bool) -> tuple[tuple[Stack, ...], tuple[Stack, ...]]:
    """All of them, and those that were named; synthesized anew unless that is left out."""
    if not skip_synth:
        stacks.synthesize()
    everything = stacks.chosen(None)
    if not everything:
        raise ScriptError("No stack is synthesized yet; leave out --skip-synth.", code=2)
    return everything, stacks.chosen(envs)


def summarize(changes: int, *, dry_run: bool, is_done: bool) -> None:
    """The last lines."""
    if changes and dry_run:
        log(f"Dry run: nothing was changed. {changes} commands would have been run.")
    elif changes:
        log(f"Changes: {changes}.")
    elif is_done:
        log("Nothing to change.")
    if not is_done:
        log("GitHub's part is left to you: the checklist above.")
