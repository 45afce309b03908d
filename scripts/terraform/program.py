"""The Terraform on PATH, of the minor version that `.terraform-version` pins.

A newer one may write a state that the others cannot read any more.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.cli.error_handling import ScriptError
from scripts.setup.paths import ROOT

_HOW = """Install it from https://developer.hashicorp.com/terraform/install, or with tfenv or mise: both read
.terraform-version (`tfenv install`, `mise install`)."""


def pinned() -> str:
    """The version that workflows install."""
    return (ROOT / ".terraform-version").read_text(encoding="utf-8").strip()


def require() -> str:
    """The program; `ScriptError` says which one is needed, and where to get it."""
    program, wanted = shutil.which("terraform"), _minor(pinned())
    if program is None:
        raise ScriptError(f"Terraform {wanted} is needed, and there is no `terraform` on PATH.\n{_HOW}", code=2)
    found = _version(program)
    if _minor(found) != wanted:
        raise ScriptError(f"Terraform {wanted} is needed, and {program} is {found}.\n{_HOW}", code=2)
    return program


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Let Terraform do something in a folder, asking nobody."""
    return _run([require(), f"-chdir={folder}", *words], quiet())


def quiet() -> dict[str, str]:
    """What keeps Terraform from asking questions and from calling home."""
    return {"TF_INPUT": "0", "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}


def _version(program: str) -> str:
    ran = _run([program, "version", "-json"], quiet())
    try:
        return str(json.loads(ran.stdout)["terraform_version"])
    except (ValueError, KeyError):
        said = f"{ran.stdout}{ran.stderr}".strip()
        raise ScriptError(f"{program} does not tell its version, but: {said or 'nothing'}\n{_HOW}", code=2) from None


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _run(words: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
