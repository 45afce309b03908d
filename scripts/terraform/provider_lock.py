"""Terraform's lock file: the provider's version, and the hashes that `terraform init` verifies.

The synthesis makes each stack's folder anew, so the file is at the repository's root and is copied from there. Without
it the exact version in `required_providers` holds alone. https://developer.hashicorp.com/terraform/language/files/dependency-lock
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.processes import Processes
from scripts.setup.paths import ROOT
from scripts.terraform import program as terraform

NAME = ".terraform.lock.hcl"
LOCK = ROOT / NAME
PLATFORMS = ("darwin_amd64", "darwin_arm64", "linux_amd64", "linux_arm64", "windows_amd64")
"""On which Terraform may run: the hashes of one do not verify another's package."""


def place(folder: Path) -> None:
    """Copy it into a folder in which Terraform is going to be started."""
    if LOCK.exists():
        shutil.copy(LOCK, folder / NAME)


def renew(processes: Processes, *, providers: Mapping[str, object]) -> None:
    """Write it for these `required_providers`; a registry that cannot be reached leaves it as it is, with a message."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = {"terraform": {"required_providers": providers}}
        Path(folder, "main.tf.json").write_text(json.dumps(configuration), encoding="utf-8")
        platforms = [f"-platform={platform}" for platform in PLATFORMS]
        try:
            processes.run([terraform.require(), f"-chdir={folder}", "providers", "lock", *platforms])
        except ScriptError as failure:
            log(f"{NAME} is not renewed: {failure.output.strip() or failure}")
            return
        shutil.copy(Path(folder, NAME), LOCK)
