"""Required reviewers of GitHub's environments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError

MAX_REVIEWERS = 6
"""https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments#required-reviewers"""


@dataclass(frozen=True, order=True)
class Reviewer:
    """A user, or a team of the organization."""

    kind: str
    id: int
    name: str

    @property
    def body(self) -> dict[str, object]:
        """As the API takes it."""
        return {"type": self.kind, "id": self.id}


def reviewers_of(environment: dict[str, Any]) -> list[Reviewer]:
    """Those that the environment has."""
    return [
        Reviewer(
            listed["type"], listed["reviewer"]["id"], listed["reviewer"].get("login") or listed["reviewer"]["slug"]
        )
        for rule in environment.get("protection_rules", [])
        if rule["type"] == "required_reviewers"
        for listed in rule["reviewers"]
    ]


def find_reviewers(gh: CommandLine, progress: Progress, names: Sequence[str]) -> list[Reviewer]:
    """Those named as LOGIN or ORG/TEAM; without names, the user who is logged in."""
    if len(names) > MAX_REVIEWERS:
        raise ScriptError(
            f"--reviewer: {len(names)} reviewers; GitHub allows at most {MAX_REVIEWERS} per environment.", code=2
        )
    with progress.step("Reviewers"):
        if names:
            reviewers = [_find(gh, name) for name in dict.fromkeys(names)]
        else:
            user = gh.query("api", "user")
            reviewers = [Reviewer("User", user["id"], user["login"])]
        progress.ok(", ".join(reviewer.name for reviewer in reviewers))
    return reviewers


def _find(gh: CommandLine, name: str) -> Reviewer:
    organization, _, team = name.rpartition("/")
    path, kind = (f"orgs/{organization}/teams/{team}", "Team") if organization else (f"users/{name}", "User")
    found = gh.find("api", path)
    if found is None:
        raise ScriptError(f"--reviewer {name}: no such {kind.lower()} on GitHub, or not visible to you.", code=2)
    return Reviewer(kind, found["id"], found.get("login") or found["slug"])
