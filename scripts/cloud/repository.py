"""Which repository on GitHub this checkout belongs to."""

from __future__ import annotations

import os
import re
import subprocess

from scripts.work import ROOT, Failed

_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_REMOTE = re.compile(r"(?:.*[@/])?github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?")


def repository(given: str | None = None) -> str:
    """OWNER/NAME: what was given, what a runner says, or where `origin` leads."""
    name = given or os.environ.get("GITHUB_REPOSITORY") or _origin()
    if name is None:
        raise Failed("No remote `origin` on github.com here. Say which repository: --repository OWNER/NAME", code=2)
    if not _NAME.fullmatch(name):
        raise Failed(f"--repository {name}: must be OWNER/NAME.", code=2)
    return name


def _origin() -> str | None:
    try:
        ran = subprocess.run(
            ["git", "remote", "get-url", "origin"],  # noqa: S607 - whichever git is on PATH
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    found = _REMOTE.fullmatch(ran.stdout.strip()) if ran.returncode == 0 else None
    return found[1] if found else None
