"""Which Terraform is accepted, and what is said of others."""

import json
import subprocess
from pathlib import Path

import pytest

from scripts.terraform.program import pinned
from tests.delivery.stand_ins import Delivery

MINOR = ".".join(pinned().split(".")[:2])


def prints(delivery: Delivery, text: str) -> None:
    """Let the program on PATH print this, whatever it is asked."""
    delivery.terraform.write_text(f"#!/bin/sh\necho '{text}'\n", encoding="utf-8")


@pytest.mark.parametrize("script", ["plan", "deploy", "validate"])
def test_without_terraform_it_says_which_version_is_required_and_how_to_install_it(
    delivery: Delivery, script: str
) -> None:
    delivery.terraform.unlink()
    ran = delivery.run(script, *([] if script == "validate" else ["--env", "dev"]))
    assert ran.code == 2
    assert f"Terraform {MINOR} is required, but there is no `terraform` on PATH." in ran.err
    assert "https://developer.hashicorp.com/terraform/install" in ran.err


def test_another_minor_version_is_refused(delivery: Delivery) -> None:
    prints(delivery, '{"terraform_version": "1.11.4"}')
    ran = delivery.run("plan", "--env", "dev")
    assert ran.code == 2
    assert f"{delivery.terraform} is 1.11.4" in ran.err
    assert "tfenv" in ran.err


def test_another_patch_version_is_accepted(delivery: Delivery) -> None:
    text = delivery.terraform.read_text(encoding="utf-8")
    delivery.terraform.write_text(text.replace(pinned(), f"{MINOR}.99"), encoding="utf-8")
    assert delivery.run("plan", "--env", "dev").code == 0


def test_a_program_that_prints_no_version_is_refused(delivery: Delivery) -> None:
    prints(delivery, "no idea")
    ran = delivery.run("plan", "--env", "dev")
    assert ran.code == 2
    assert "printed no version: no idea" in ran.err


def test_the_tests_run_the_pinned_terraform(terraform: Path) -> None:
    output = subprocess.check_output([terraform / "terraform", "version", "-json"])
    assert json.loads(output)["terraform_version"] == pinned()
