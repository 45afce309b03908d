"""The repository on GitHub of this checkout; only on github.com, whose tokens the identities in Azure trust."""

from __future__ import annotations

import os
import re
import subprocess

from scripts.cli.error_handling import ScriptError
from scripts.setup.paths import ROOT

_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_HOST = "github.com"
# A URL, or scp's syntax; ssh.github.com is for networks that allow only port 443:
# https://docs.github.com/authentication/troubleshooting-ssh/using-ssh-over-the-https-port
_REMOTE = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[^@/]*@)?(?:ssh\.)?github\.com(?::\d+)?/|(?:[^@/:]*@)?github\.com:/?)"
    r"([\w.-]+/[\w.-]+?)(?:\.git)?/?",
    re.IGNORECASE,
)


class NoRepositoryError(ScriptError):
    """Nothing names one: a checkout that is used without GitHub."""


def repository(given: str | None = None) -> str:
    """OWNER/NAME: `given`, else GITHUB_REPOSITORY of a workflow, else from the remote `origin`."""
    _refuse_other_hosts()
    name = given or os.environ.get("GITHUB_REPOSITORY") or _from_origin()
    if not _NAME.fullmatch(name):
        raise ScriptError(f"--repository {name}: must be OWNER/NAME.", code=2)
    return name


def _refuse_other_hosts() -> None:
    for variable in ("GH_HOST", "GITHUB_SERVER_URL"):
        value = os.environ.get(variable, "")
        if value.lower().removeprefix("https://").rstrip("/") not in {"", _HOST}:
            raise ScriptError(f"{variable} is {value}: only repositories on {_HOST} are supported.", code=2)


def _from_origin() -> str:
    origin = _origin()
    if found := _REMOTE.fullmatch(origin):
        return found[1]
    # Without its URL, which may contain a password.
    problem = f"The remote `origin` is not on {_HOST}" if origin else "This checkout has no remote `origin`"
    raise NoRepositoryError(f"{problem}. Name the repository: --repository OWNER/NAME", code=2)


def _origin() -> str:
    try:
        ran = subprocess.run(
            ["git", "remote", "get-url", "origin"],  # noqa: S607 - whichever git is on PATH
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""
