"""GitHub's state: one repository, who is logged in, and what the plan allows."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

ROBOT = "github-actions[bot]"


class HttpError(Exception):
    """GitHub's refusal."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def not_found() -> HttpError:
    """Also what is not there for the caller's eyes."""
    return HttpError(404, "Not Found")


def new() -> Json:
    """A public repository in which nothing was set up yet, and its owner logged in."""
    return {
        "login": "ada",  # None: nobody; ROBOT: a workflow's token
        "permissions": ["issues", "pull-requests"],  # of a workflow's token
        "admin": True,
        "users": {"ada": 101, "grace": 102, ROBOT: 103},
        "teams": {"contoso/platform": 201},
        "repository": {"full_name": "contoso/gateway", "id": 4321, "owner": {"login": "contoso", "id": 1234}},
        "private": False,
        "plan": "team",
        "subject": {"use_default": True, "use_immutable_subject": False, "sub_claim_prefix": "repo:contoso/gateway"},
        "environments": {},
        "variables": {},
        "secrets": {},
        "issues": [],
        "made": 1000,
    }


def environment() -> Json:
    """One as GitHub makes it when a workflow names it first."""
    return {
        "reviewers": [],
        "wait_timer": 0,
        "prevent_self_review": False,
        "deployment_branch_policy": None,
        "branch_policies": [],
        "variables": {},
        "secrets": {},
    }


def protected_environment() -> Json:
    """One that only the branch main gets into."""
    return environment() | {
        "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
        "branch_policies": [{"id": 7, "name": "main", "type": "branch"}],
    }


def issue(number: int, *, body: str, user: str, title: str = "", pull_request: bool = False) -> Json:
    """One for a test's state."""
    return {
        "number": number,
        "title": title,
        "body": body,
        "user": user,
        "state": "open",
        "pull_request": pull_request,
        "comments": [],
    }


class GitHub:
    """The state, for the time of one call."""

    def __init__(self, data: Json) -> None:
        self.data = data

    def number(self) -> int:
        """A new one."""
        self.data["made"] += 1
        made: int = self.data["made"]
        return made

    def require_admin(self) -> None:
        """Settings are the owner's affair; a workflow's token never has it."""
        if self.data["login"] == ROBOT:
            raise HttpError(403, "Resource not accessible by integration")
        if not self.data["admin"]:
            raise HttpError(403, "Must have admin rights to Repository.")

    def require(self, permission: str) -> None:
        """What a workflow may do was said in its file."""
        if self.data["login"] == ROBOT and permission not in self.data["permissions"]:
            raise HttpError(403, "Resource not accessible by integration")

    def environment(self, name: str) -> Json:
        """One that there is."""
        if name not in self.data["environments"]:
            raise not_found()
        found: Json = self.data["environments"][name]
        return found
