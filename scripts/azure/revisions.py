"""The revisions of a container app, and activating one.

`az containerapp revision activate` works in single revision mode, too:
https://github.com/microsoft/azure-container-apps/issues/787
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.azure.container_app import not_deployed
from scripts.azure.polling import Polling
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.terraform.stacks import Stack


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A revision, as Azure describes it; `traffic` in percent."""

    name: str
    created: datetime
    active: bool
    traffic: int
    provisioning: str
    running: str
    health: str
    image: str

    @property
    def was_healthy(self) -> bool:
        """Whether it once started."""
        return self.provisioning == "Provisioned" and self.health != "Unhealthy"

    @property
    def is_running(self) -> bool:
        """Whether it answers now; one with `min_replicas = 0` may have scaled to zero."""
        return self.active and self.was_healthy and self.running.startswith(("Running", "ScaledToZero"))

    @property
    def has_failed(self) -> bool:
        """Whether it is of no use to wait."""
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
        """Direct the traffic to this one."""
        self.az.change("containerapp", "revision", "activate", "--revision", name, "--name", *self._app)

    def wait_for(self, name: str, polling: Polling) -> None:
        """Until it runs and no other has traffic; `ScriptError` when it does not."""
        for elapsed in polling.attempts():
            revisions = self.all()
            wanted = next((revision for revision in revisions if revision.name == name), None)
            if wanted is None:
                raise ScriptError(f"Azure no longer lists the revision {name}.")
            others = [each.name for each in revisions if each.active and each.traffic and each.name != name]
            if wanted.is_running and not others:
                return
            state = f"{name}: {wanted.provisioning}, {wanted.running}, {wanted.traffic}% of the traffic"
            log(f"{state}; {elapsed:.0f} s", passing=True)
            if wanted.has_failed:
                break
        raise ScriptError(f"The revision does not take over. {state}, after {elapsed:.0f} s.")

    @property
    def _app(self) -> tuple[str, str, str]:
        return self.stack.container_app, "--resource-group", self.stack.resource_group


def current(revisions: Sequence[Revision]) -> Revision | None:
    """The one that gets the traffic."""
    active = [revision for revision in revisions if revision.active]
    return max(active, key=lambda revision: (revision.traffic, revision.created), default=None)


def previous(revisions: Sequence[Revision]) -> Revision | None:
    """The newest inactive one that is older than the current one and was healthy."""
    now = current(revisions)
    older = [each for each in revisions if not each.active and (now is None or each.created < now.created)]
    return next((each for each in sorted(older, key=lambda e: e.created, reverse=True) if each.was_healthy), None)


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
