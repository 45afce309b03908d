"""Which Terraform is taken, and what is said when it is the wrong one."""

import json
import subprocess
from pathlib import Path

import pytest

from scripts.terraform.program import pinned
from tests.delivery.conftest import Desk


@pytest.fixture
def program(desk: Desk) -> Path:
    """What is on PATH under the name of Terraform."""
    path = desk.folder / "bin/terraform"
    path.unlink()
    return path


@pytest.mark.parametrize("script", ["plan", "deploy"])
def test_without_terraform_it_says_which_and_where_to_get_it(desk: Desk, program: Path, script: str) -> None:
    ran = desk.run(script, "--env", "dev", PATH=str(program.parent))
    assert ran.returncode == 2
    minor = ".".join(pinned().split(".")[:2])
    assert f"Terraform {minor} is needed, and there is no `terraform` on PATH." in ran.stderr
    assert "https://developer.hashicorp.com/terraform/install" in ran.stderr


@pytest.mark.parametrize("script", ["plan", "deploy"])
def test_a_wrong_name_is_told_before_terraform_is_wanted(desk: Desk, program: Path, script: str) -> None:
    ran = desk.run(script, "--env", "tset", PATH=str(program.parent))
    assert ran.returncode == 2
    assert "There is no environment 'tset'; there are dev." in ran.stderr
    assert "Terraform" not in ran.stderr.replace("Terraform JSON of all stacks", "")


def test_another_minor_version_is_refused(desk: Desk, program: Path) -> None:
    program.write_text('#!/bin/sh\necho \'{"terraform_version": "1.11.4"}\'\n', encoding="utf-8")
    program.chmod(0o755)
    ran = desk.run("validate")
    assert ran.returncode == 2
    assert f"{program} is 1.11.4" in ran.stderr
    assert "tfenv" in ran.stderr


def test_another_patch_of_the_pinned_minor_is_taken(desk: Desk, program: Path) -> None:
    minor = ".".join(pinned().split(".")[:2])
    program.write_text(f'#!/bin/sh\necho \'{{"terraform_version": "{minor}.99"}}\'; exit 1\n', encoding="utf-8")
    program.chmod(0o755)
    ran = desk.run("validate")
    assert ran.returncode == 1
    assert "is needed" not in ran.stderr


def test_what_does_not_tell_its_version_is_refused(desk: Desk, program: Path) -> None:
    program.write_text("#!/bin/sh\necho no idea\n", encoding="utf-8")
    program.chmod(0o755)
    ran = desk.run("plan", "--env", "dev")
    assert ran.returncode == 2
    assert "does not tell its version, but: no idea" in ran.stderr


def test_the_tests_run_the_pinned_terraform(terraform: Path) -> None:
    told = subprocess.check_output([terraform / "terraform", "version", "-json"])
    assert json.loads(told)["terraform_version"] == pinned()
