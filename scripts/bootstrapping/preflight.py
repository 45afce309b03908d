"""What must be right before the bootstrap creates anything: permissions, regions, resource providers.

All problems at once. What a deployment needs besides, models and their quota, is checked by scripts/preflight.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from scripts.bootstrapping.app_registrations import find_app
from scripts.bootstrapping.identities import app_names
from scripts.bootstrapping.permissions import check_app_registration, check_azure_roles, required_actions
from scripts.bootstrapping.progress import Progress
from scripts.bootstrapping.targets import Target, accounts_of
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Stack

_OF_STATE = "Microsoft.Storage"
_MODELS = "Microsoft.CognitiveServices"


def preflight(az: CommandLine, progress: Progress, *, targets: Sequence[Target], makes_identities: bool) -> None:
    """Check everything; if nothing is wrong, register the missing resource providers.

    Raises:
        ScriptError: with every problem; nothing was changed.
    """
    problems: list[str] = []
    providers: dict[str, dict[str, dict[str, Any]]] = {}
    for in_subscription, account, stacks in accounts_of(targets):
        locks = any(stack.delete_lock for stack in stacks)
        actions = required_actions(makes_identities=makes_identities, locks=locks)
        problems += check_azure_roles(in_subscription, progress, account=account, actions=actions)
        with progress.step(f"Resource providers and regions of {account.subscription_name}"):
            found = {each["namespace"]: each for each in in_subscription.query("provider", "list")}
            providers[account.subscription_id] = found
            unavailable = _check_regions(found, stacks)
            if not unavailable:
                progress.ok("Container Apps is available in the region of every environment")
            problems += unavailable
    if makes_identities and not _have_apps(az, progress, targets):
        problems += check_app_registration(az, progress, account=targets[0].account)
    if problems:
        text = "\n".join(f"- {problem}" for problem in problems)
        raise ScriptError(f"\nFailed: preflight\n{text}\nNothing was changed.")
    for in_subscription, account, stacks in accounts_of(targets):
        _register(in_subscription, progress, providers[account.subscription_id], stacks)
    for target in targets:
        if _MODELS in target.stack.resource_providers:
            progress.note(f"models and quota of {target.env}: python3 scripts/preflight.py --env {target.env}")


def _have_apps(az: CommandLine, progress: Progress, targets: Sequence[Target]) -> bool:
    """Whether every app registration exists, so that the caller need not register any."""
    names = dict.fromkeys(name for target in targets for name in app_names(target.stack))
    with progress.step("Existing identities"):
        existing = [name for name in names if find_app(az, name)]
        progress.ok(", ".join(existing) or "none")
    return len(existing) == len(names)


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
