"""What must be right before the bootstrap creates anything: permissions, regions, resource providers.

All problems at once. What a deployment needs besides, models and their quota, is checked by scripts/preflight.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from scripts.bootstrapping.account import Account
from scripts.bootstrapping.app_registrations import find_app
from scripts.bootstrapping.identities import IdentityNames
from scripts.bootstrapping.permissions import check_app_registration, check_azure_roles
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Stack

_OF_STATE = "Microsoft.Storage"
_MODELS = "Microsoft.CognitiveServices"


def preflight(
    az: CommandLine,
    progress: Progress,
    *,
    account: Account,
    stacks: Sequence[Stack],
    names: IdentityNames,
    registers_apps: bool,
) -> None:
    """Check everything; if nothing is wrong, register the missing resource providers.

    Raises:
        ScriptError: with every problem; nothing was changed.
    """
    problems = check_azure_roles(az, progress, account=account)
    if registers_apps and not _have_apps(az, progress, names):
        problems += check_app_registration(az, progress, account=account)
    with progress.step("Resource providers and regions"):
        providers: dict[str, dict[str, Any]] = {each["namespace"]: each for each in az.query("provider", "list")}
        unavailable = _check_regions(providers, stacks)
        if not unavailable:
            progress.ok("Container Apps is available in the region of every environment")
    if problems := [*problems, *unavailable]:
        text = "\n".join(f"- {problem}" for problem in problems)
        raise ScriptError(f"\nFailed: preflight\n{text}\nNothing was changed.")
    _register(az, progress, providers, stacks)
    for stack in stacks:
        if _MODELS in stack.resource_providers:
            progress.note(f"models and quota of {stack.env}: python3 scripts/preflight.py --env {stack.env}")


def _have_apps(az: CommandLine, progress: Progress, names: IdentityNames) -> bool:
    """Whether both app registrations exist, so that the caller need not register any."""
    with progress.step("Existing identities"):
        existing = [name for name in (names.plan, names.deploy) if find_app(az, name)]
        progress.ok(", ".join(existing) or "none")
    return len(existing) == 2


def _check_regions(providers: dict[str, dict[str, Any]], stacks: Iterable[Stack]) -> list[str]:
    types = providers.get("Microsoft.App", {}).get("resourceTypes", [])
    regions: list[str] = next(
        (each["locations"] for each in types if each["resourceType"] == "managedEnvironments"), []
    )
    normalized = {_normalized(region) for region in regions}
    return [
        f"Container Apps is not available to this subscription in {stack.location}. Set `location` of {stack.env} to "
        f"one of: {', '.join(sorted(regions))}."
        for stack in stacks
        if _normalized(stack.location) not in normalized
    ]


def _normalized(region: str) -> str:
    """`South Africa North` and `southafricanorth` are one region."""
    return region.replace(" ", "").lower()


def _register(
    az: CommandLine, progress: Progress, providers: dict[str, dict[str, Any]], stacks: Sequence[Stack]
) -> None:
    required = sorted({_OF_STATE, *(name for stack in stacks for name in stack.resource_providers)})
    missing = [name for name in required if providers.get(name, {}).get("registrationState") != "Registered"]
    if registered := [name for name in required if name not in missing]:
        progress.ok(f"registered: {', '.join(registered)}")
    for name in missing:
        with progress.step(f"Resource provider {name}"):
            az.change("provider", "register", "--namespace", name, "--wait")  # takes minutes
            progress.changed(f"{name} is registered")
