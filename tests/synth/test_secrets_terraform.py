"""What Terraform itself makes of the expressions of the secrets."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from settings.secret_names import RANDOM
from tests.synth.stack import Stack

TERRAFORM = shutil.which("terraform")

pytestmark = [
    pytest.mark.skipif(TERRAFORM is None, reason="asks Terraform itself, which is not installed"),
    pytest.mark.parametrize("stack", ["dev"], indirect=True),
]

Apply = Callable[[Mapping[str, str], Mapping[str, str]], subprocess.CompletedProcess[str]]


@pytest.fixture
def apply(stack: Stack, tmp_path: Path) -> Apply:
    """Let Terraform compute what the stack's secrets become, and refuse what is not as expected.

    A module's variable takes ephemeral values as a write-only argument does, and needs no provider.
    """

    def apply_with(given: Mapping[str, str], expected: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        (tmp_path / "vault").mkdir(exist_ok=True)
        values = {
            name: secret["value_wo"].replace(f"${{{RANDOM}}}", "by chance")
            for name, secret in stack.document["resource"]["azurerm_key_vault_secret"].items()
        }
        root = {
            "variable": stack.document["variable"],
            "module": {"vault": {"source": "./vault", **values}},
        }
        vault = {
            name: {
                "ephemeral": True,
                "sensitive": True,
                "validation": {
                    "condition": f'${{var.{name} == "{expected.get(name.replace("_", "-"))}"}}',
                    "error_message": f"{name} is another",
                },
            }
            for name in values
        }
        (tmp_path / "main.tf.json").write_text(json.dumps(root), encoding="utf-8")
        (tmp_path / "vault/main.tf.json").write_text(json.dumps({"variable": vault}), encoding="utf-8")
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TF_VAR_")}
        for arguments in (["init"], ["apply", "-auto-approve"]):
            done = subprocess.run(
                [str(TERRAFORM), *arguments, "-input=false", "-no-color"],
                cwd=tmp_path,
                env={**environ, **{f"TF_VAR_{name}": value for name, value in given.items()}},
                capture_output=True,
                text=True,
                check=False,
            )
        return done

    return apply_with


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


GIVEN = {"gateway_key": "grün", "azure_openai_api_key": "a"}
KEPT = {"gateway-key": "grün", "inner-key": _sha256("inner:by chance"), "azure-openai-api-key": "a"}


@pytest.mark.parametrize(
    ("second", "kept"),
    [
        ({}, _sha256("secondary:grün")),
        ({"gateway_key_secondary": ""}, _sha256("secondary:grün")),
        ({"gateway_key_secondary": "second"}, "second"),
    ],
)
def test_terraform_derives_a_second_key_that_nobody_gave(apply: Apply, second: dict[str, str], kept: str) -> None:
    done = apply(GIVEN | second, KEPT | {"gateway-key-secondary": kept})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["gateway_key", "gateway_key_secondary"])
def test_terraform_refuses_a_blank_key(apply: Apply, name: str) -> None:
    done = apply(GIVEN | {name: " "}, {})
    assert done.returncode == 1
    assert f"TF_VAR_{name} must not be" in done.stderr
