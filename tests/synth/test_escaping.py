"""Text reaches Azure letter by letter, whatever it looks like to Terraform."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs.containers import build_container
from constructs.escaping import literal, literals
from gateway.containers import build_containers
from local.runner.stack import unescape
from settings.loading import load_environments
from tests.synth.conftest import Synthesize
from tests.synth.stack import opens_template

TERRAFORM = shutil.which("terraform")
HOSTILE = [
    "${path.module}",
    "$${x}",
    "$$${x}",
    "%{ if true }",
    "%%{x}",
    "%${x}",
    "${${a}}",
    '\\n${"quoted"}',
    "100% ${",
    "é$${ü}",
]
CONFUSING = st.text(alphabet=["$", "%", "{", "}", "a", '"', "\\"], max_size=20)


@given(CONFUSING)
def test_escaping_can_be_undone(text: str) -> None:
    assert unescape(literal(text)) == text


@given(CONFUSING)
def test_nothing_opens_a_template(text: str) -> None:
    assert not opens_template(literal(text))


def test_keys_are_escaped_like_values() -> None:
    assert literals({"${key}": "${value}"}) == {"$${key}": "$${value}"}


def test_tags_are_text(synthesize_files: Synthesize) -> None:
    stack = synthesize_files({"tagged.toml": 'env = "tagged"\n[tags]\nowner = "${path.module} %{x}"\n'})["tagged"]
    assert stack.app["tags"]["owner"] == "$${path.module} %%{x}"


def test_commands_and_environment_variables_are_text() -> None:
    gateway, _ = build_containers(load_environments()[0])
    hostile = replace(gateway, command=tuple(HOSTILE), env={f"TEXT_{n}": text for n, text in enumerate(HOSTILE)})
    built = build_container(container=hostile, image="image")
    assert isinstance(built.env, list)
    assert built.command == [literal(text) for text in HOSTILE]
    assert [entry.value for entry in built.env] == [literal(text) for text in HOSTILE]


@pytest.mark.skipif(TERRAFORM is None, reason="asks Terraform itself, which is not installed")
def test_terraform_reads_the_text_that_was_meant(tmp_path: Path) -> None:
    outputs = {f"text_{number}": {"value": literal(text)} for number, text in enumerate(HOSTILE)}
    (tmp_path / "main.tf.json").write_text(json.dumps({"output": outputs}), encoding="utf-8")
    for arguments in (["init"], ["apply", "-auto-approve"]):
        subprocess.run([str(TERRAFORM), *arguments, "-input=false"], cwd=tmp_path, check=True, capture_output=True)
    state = json.loads((tmp_path / "terraform.tfstate").read_text(encoding="utf-8"))
    assert [state["outputs"][name]["value"] for name in outputs] == HOSTILE
