"""Everything that must be right before anything is made, told at once."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.bootstrapping.account import Account
from scripts.bootstrapping.applications import find_application
from scripts.bootstrapping.directory import check_registration
from scripts.bootstrapping.names import Names
from scripts.bootstrapping.providers import Providers
from scripts.bootstrapping.rights import check_rights
from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Stack


def preflight(
    az: CommandLine, steps: Steps, *, account: Account, stacks: Sequence[Stack], names: Names, registers: bool
) -> None:
    """Check all of it, and register the providers that are missing when nothing else is wrong.

    `registers`: whether applications are to be registered, which not everybody may.
    """
    problems = check_rights(az, steps, account=account)
    if registers and not _are_registered(az, steps, names):
        problems += check_registration(az, steps, account=account)
    providers = Providers(az, steps)
    problems += providers.check_regions(stacks)
    if problems:
        text = "\n".join(f"- {problem}" for problem in problems)
        raise ScriptError(f"\nFailed: preflight\n{text}\nNothing was changed.")
    providers.register(stacks)


def _are_registered(az: CommandLine, steps: Steps, names: Names) -> bool:
    """What exists needs no right."""
    with steps.step("Identities that may exist already"):
        registered = [name for name in (names.plan, names.deploy) if find_application(az, name)]
        steps.found(", ".join(registered) or "none of them")
    return len(registered) == 2
