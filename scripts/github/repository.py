"""Which repository on GitHub this checkout belongs to; on github.com, whose tokens the identities in Azure trust."""

from __future__ import annotations

import os
import re
import subprocess

from scripts.cli.error_handling import ScriptError
from scripts.setup.paths import ROOT

_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_HOST = "github.com"
# A URL, or how scp writes it; ssh.github.com is for networks that let nothing but port 443 through:
# https://docs.github.com/authentication/troubleshooting-ssh/using-ssh-over-the-https-port
_REMOTE = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[^@/]*@)?(?:ssh\.)?github\.com(?::\d+)?/|(?:[^@/:]*@)?github\.com:/?)"
    r"([\w.-]+/[\w.-]+?)(?:\.git)?/?",
    re.IGNORECASE,
)


def repository(given: str | None = None) -> str:
    """OWNER/NAME: what was given, what a runner says, or where `origin` leads."""
    _refuse_elsewhere()
    name = given or os.environ.get("GITHUB_REPOSITORY") or _from_origin()
    if not _NAME.fullmatch(name):
        raise ScriptError(f"--repository {name}: must be OWNER/NAME.", code=2)
    return name


def _refuse_elsewhere() -> None:
    for variable in ("GH_HOST", "GITHUB_SERVER_URL"):
        said = os.environ.get(variable, "")
        if said.lower().removeprefix("https://").rstrip("/") not in {"", _HOST}:
            raise ScriptError(f"{variable} is {said}: this works with repositories on {_HOST} only.", code=2)


def _from_origin() -> str:
    origin = _origin()
    if found := _REMOTE.fullmatch(origin):
        return found[1]
    # Not where it leads: there may be a password in it.
    what = f"`origin` does not lead to {_HOST}" if origin else f"No remote `origin` on {_HOST} here"
    raise ScriptError(f"{what}. Say which repository: --repository OWNER/NAME", code=2)


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
