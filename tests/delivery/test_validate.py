"""`terraform validate` of the stacks, with the real Terraform."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.delivery.checkout import ROOT, Checkout

MIRROR = Path(os.environ.get("TF_CLI_CONFIG_FILE", os.devnull))


def test_valid_stacks_are_listed_and_need_no_state(checkout: Checkout) -> None:
    checkout.scene["envs"] = ["dev", "prod"]
    ran = checkout.run("validate")
    assert (ran.returncode, ran.stdout) == (0, "dev: valid\nprod: valid\n"), ran.stderr
    assert checkout.state.requests == []


def test_a_mistake_is_shown_with_its_place(checkout: Checkout) -> None:
    checkout.scene["resources"]["app"] = {"input": "${terraform_data.nobody.id}"}
    ran = checkout.run("validate")
    assert ran.returncode == 1
    assert "dev: NOT VALID" in ran.stdout
    assert "error in resource.terraform_data.app: Reference to undeclared resource" in ran.stdout
    assert "Not valid: dev" in ran.stderr


@pytest.mark.skipif(not MIRROR.is_file(), reason="needs the azurerm provider: a mirror named in TF_CLI_CONFIG_FILE")
def test_the_stacks_of_this_repository_are_valid_for_the_azurerm_provider(terraform: Path, tmp_path: Path) -> None:
    path = os.pathsep.join([str(terraform), os.environ["PATH"]])
    ran = subprocess.run(
        [sys.executable, "scripts/validate.py"],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "CDKTF_OUTDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count(": valid\n") == len(list((ROOT / "settings/environments").glob("*.toml")))
    assert "warning" not in ran.stdout
