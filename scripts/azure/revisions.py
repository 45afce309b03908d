"""The revisions of a container app, and going back to an earlier one.

`az containerapp revision activate` does it in single revision mode, too:
https://github.com/microsoft/azure-container-apps/issues/787
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.azure.app import not_deployed
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.terraform.stacks import Stack


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One of them, as Azure describes it."""

    name: str
    created: datetime
    active: bool
    traffic: int
    provisioning: str
    running: str
    health: str
    image: str

    @property
    def could_serve(self) -> bool:
        """Whether it once came up."""
        return self.provisioning == "Provisioned" and self.health != "Unhealthy"

    @property
    def serves(self) -> bool:
        """Whether it is up now; one that may scale to zero may be there already."""
        return self.active and self.could_serve and self.running.startswith(("Running", "ScaledToZero"))

    @property
    def has_failed(self) -> bool:
        """Whether waiting is of no use."""
        return self.active and "Failed" in {self.running, self.provisioning}


@dataclass(frozen=True, kw_only=True)
class Revisions:
    """Those of one stack's app."""

    az: CommandLine
    stack: Stack

    def all(self) -> list[Revision]:
        """The newest first."""
        listed = self.az.find("containerapp", "revision", "list", "--all", "--name", *self._app)
        if listed is None:
            raise not_deployed(self.stack)
        return sorted((_read(revision) for revision in listed), key=lambda each: each.created, reverse=True)

    def activate(self, name: str) -> None:
        """Let it take over."""
        self.az.change("containerapp", "revision", "activate", "--revision", name, "--name", *self._app)

    def wait_for(self, name: str, *, wait_s: float, every_s: float) -> None:
        """Until it is up and no other has traffic; `ScriptError` when it does not come up."""
        start = time.monotonic()
        while True:
            revisions = self.all()
            wanted = next((revision for revision in revisions if revision.name == name), None)
            if wanted is None:
                raise ScriptError(f"Azure lists no revision {name} any more.")
            others = [each.name for each in revisions if each.active and each.traffic and each.name != name]
            if wanted.serves and not others:
                return
            state = f"{name}: {wanted.provisioning}, {wanted.running}, {wanted.traffic}% of the traffic"
            if wanted.has_failed or time.monotonic() - start > wait_s:
                raise ScriptError(f"It does not take over. {state}, after {time.monotonic() - start:.0f} s.")
            log(f"{state}; {time.monotonic() - start:.0f} s", passing=True)
            time.sleep(every_s)

    @property
    def _app(self) -> tuple[str, str, str]:
        return self.stack.container_app, "--resource-group", self.stack.resource_group


def current(revisions: Sequence[Revision]) -> Revision | None:
    """The one that clients meet."""
    active = [revision for revision in revisions if revision.active]
    return max(active, key=lambda revision: (revision.traffic, revision.created), default=None)


def previous(revisions: Sequence[Revision]) -> Revision | None:
    """The newest that came up, rests, and is older than the current one."""
    now = current(revisions)
    older = [each for each in revisions if not each.active and (now is None or each.created < now.created)]
    return next((each for each in sorted(older, key=lambda e: e.created, reverse=True) if each.could_serve), None)


def _read(revision: dict[str, Any]) -> Revision:
    properties = revision["properties"]
    return Revision(
        name=revision["name"],
        created=datetime.fromisoformat(properties["createdTime"]),
        active=properties["active"],
        traffic=properties.get("trafficWeight") or 0,
        provisioning=properties.get("provisioningState") or "",
        running=properties.get("runningState") or "",
        health=properties.get("healthState") or "",
        image=properties["template"]["containers"][0]["image"],
    )
