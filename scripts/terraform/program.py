"""The Terraform on PATH, which must have the minor version of `.terraform-version`.

A newer one may write a state that others cannot read.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from scripts.cli.error_handling import ScriptError
from scripts.setup.paths import ROOT

_INSTALL = """Install it from https://developer.hashicorp.com/terraform/install, or run `tfenv install` or
`mise install`: both read .terraform-version."""


def pinned() -> str:
    """The full version, which workflows install."""
    return (ROOT / ".terraform-version").read_text(encoding="utf-8").strip()


def require() -> str:
    """The path of the program; `ScriptError` says which version is needed, and how to install it."""
    program, wanted = shutil.which("terraform"), _minor(pinned())
    if program is None:
        raise ScriptError(f"Terraform {wanted} is required, but there is no `terraform` on PATH.\n{_INSTALL}", code=2)
    found = _version(program)
    if _minor(found) != wanted:
        raise ScriptError(f"Terraform {wanted} is required, but {program} is {found}.\n{_INSTALL}", code=2)
    return program


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Terraform in a folder, without questions."""
    return _run([require(), f"-chdir={folder}", *words], non_interactive())


def non_interactive() -> dict[str, str]:
    """Variables that keep Terraform from asking questions and from checking for updates."""
    return {"TF_INPUT": "0", "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}


@cache
def _version(program: str) -> str:
    completed = _run([program, "version", "-json"], non_interactive())
    try:
        return str(json.loads(completed.stdout)["terraform_version"])
    except (ValueError, KeyError):
        output = f"{completed.stdout}{completed.stderr}".strip()
        raise ScriptError(f"{program} printed no version: {output or 'nothing'}\n{_INSTALL}", code=2) from None


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
