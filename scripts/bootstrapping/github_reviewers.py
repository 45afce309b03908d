"""Who must say yes before a job of an environment starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError

MOST = 6
"""https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments#required-reviewers"""


@dataclass(frozen=True, order=True)
class Reviewer:
    """A person, or a team of the organization; GitHub wants its number, people read its name."""

    kind: str
    number: int
    name: str

    @property
    def wire(self) -> dict[str, object]:
        """As the API takes it."""
        return {"type": self.kind, "id": self.number}


def reviewers_of(environment: dict[str, Any]) -> list[Reviewer]:
    """Those that the environment has by now."""
    return [
        Reviewer(
            listed["type"], listed["reviewer"]["id"], listed["reviewer"].get("login") or listed["reviewer"]["slug"]
        )
        for rule in environment.get("protection_rules", [])
        if rule["type"] == "required_reviewers"
        for listed in rule["reviewers"]
    ]


def find_reviewers(gh: CommandLine, names: Sequence[str]) -> list[Reviewer]:
    """Those who are named, as LOGIN or ORGANIZATION/TEAM; when nobody is, who is logged in."""
    if len(names) > MOST:
        raise ScriptError(f"GitHub allows at most {MOST} reviewers of an environment; {len(names)} are named.", code=2)
    if not names:
        me = gh.ask("api", "user")
        return [Reviewer("User", me["id"], me["login"])]
    return [_find(gh, name) for name in dict.fromkeys(names)]


def _find(gh: CommandLine, name: str) -> Reviewer:
    organization, _, team = name.rpartition("/")
    path, kind = (f"orgs/{organization}/teams/{team}", "Team") if organization else (f"users/{name}", "User")
    found = gh.find("api", path)
    if found is None:
        raise ScriptError(
            f"--reviewer {name}: GitHub knows no such {kind.lower()}, or does not show it to you.", code=2
        )
    return Reviewer(kind, found["id"], found.get("login") or found["slug"])
