"""Resource providers of the subscription, and the regions in which they offer what the stacks want."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandLine
from scripts.terraform.stacks import Stack

FOR_STATE = "Microsoft.Storage"


class Providers:
    """What `az provider list` says."""

    def __init__(self, az: CommandLine, steps: Steps) -> None:
        self._az = az
        self._steps = steps
        with steps.step("Resource providers and regions"):
            self._all: dict[str, dict[str, Any]] = {each["namespace"]: each for each in az.ask("provider", "list")}

    def check_regions(self, stacks: Iterable[Stack]) -> list[str]:
        """Which environment lies where there are no Container Apps."""
        types = self._all.get("Microsoft.App", {}).get("resourceTypes", [])
        offered: list[str] = next(
            (each["locations"] for each in types if each["resourceType"] == "managedEnvironments"), []
        )
        wrong = [stack for stack in stacks if plain(stack.location) not in {plain(name) for name in offered}]
        if not wrong:
            self._steps.found("every environment's region offers Container Apps")
        return [
            f"{stack.location} offers no Container Apps to this subscription. Choose another `location` for "
            f"{stack.env}: {', '.join(sorted(offered))}."
            for stack in wrong
        ]

    def register(self, stacks: Sequence[Stack]) -> None:
        """Those that the stacks and their state need; waits, which takes minutes."""
        wanted = sorted({FOR_STATE, *(name for stack in stacks for name in stack.resource_providers)})
        absent = [name for name in wanted if self._all.get(name, {}).get("registrationState") != "Registered"]
        if registered := [name for name in wanted if name not in absent]:
            self._steps.found(f"registered: {', '.join(registered)}")
        for name in absent:
            with self._steps.step(f"Resource provider {name}"):
                self._az.change("provider", "register", "--namespace", name, "--wait")
                self._steps.changed(f"{name} is registered")


def plain(region: str) -> str:
    """`South Africa North` and `southafricanorth` are one region."""
    return region.replace(" ", "").lower()
