"""The scripts of a delivery in this process, with stand-ins for the cdktf CLI and Terraform beside those of `cloud`.

Both are shell scripts that answer from files in a stack's folder; tests/delivery/test_real_tools.py has the real ones.
"""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from scripts.setup import cdktf_cli
from scripts.terraform import stacks
from scripts.terraform.program import pinned
from tests.cloud.fixtures import Cloud, Ran

SECRETS = {
    "TF_VAR_gateway_key": "canary-of-the-gateway",
    "TF_VAR_gateway_key_secondary": "canary-of-the-second-key",
    "TF_VAR_azure_openai_api_key": "canary-of-azure",
}
OPTIONS = {"deploy": ("--default-endpoint",)}
"""With them, a script takes the repository's environments as they are."""
APP, GROUP, VAULT = "pvc-dev-aigateway-ca-san", "pvc-dev-aigateway-rg-san", "pvc-dev-aigateway-kv-san"
OUTPUTS = {
    "openai_base_url": "http://127.0.0.1:9/v1",
    "image": "litellm@sha256:0123",
    "container_app_name": APP,
    "resource_group_name": GROUP,
}
_TERRAFORM = """#!/bin/sh
folder=${{1#-chdir=}}
case "$*" in
  *version*) echo '{{"terraform_version": "{version}"}}' ;;
  *show*) {stat} -c %a "$folder/plan" > "$folder/plan.mode"; {cat} "$folder/plan.json" ;;
  *output*) {cat} "$folder/outputs.json" ;;
esac
"""
_CDKTF = """#!/bin/sh
verb=$2 folder=$CDKTF_OUTDIR/stacks/$3
echo "$verb ${{3#aigateway-}} $TF_CLI_ARGS_plan" >> "$CDKTF_OUTDIR/calls"
echo "$TF_VAR_gateway_key $TF_VAR_azure_openai_api_key" > "$folder/$verb.keys"
if [ -f "$folder/$verb.fails" ]; then {cat} "$folder/$verb.fails"; exit 1; fi
if [ "$verb" = diff ]; then echo > "$folder/plan"; fi
if [ -f "$folder/$verb.azure" ]; then {mv} "$folder/$verb.azure" "$CLOUD_STAND_INS/az.json"; fi
if [ -f "$folder/$verb.plan" ]; then {mv} "$folder/$verb.plan" "$folder/plan.json"; fi
if [ -f "$folder/$verb.signals" ]; then {sh} "$folder/$verb.signals" $PPID; fi
"""
_INTERRUPTIBLE = """trap 'echo Terraform got SIGINT; exit 1' INT
kill -{signal} $1
while :; do {sleep} 0.02; done
"""


def change(address: str, *actions: str, before: object = None, after: object = None, **more: object) -> dict[str, Any]:
    """A resource's change, as `terraform show -json` has it."""
    of = {"actions": list(actions), "before": before, "after": after, "after_unknown": {}, **more}
    resource_type, name = address.split(".")
    return {"address": address, "type": resource_type, "name": name, "change": of}


UPDATED_APP = change("azurerm_container_app.gateway", "update", before={"image": "one"}, after={"image": "two"})


class Delivery:
    """Synthesized stacks of dev, staging and prod, and what their tools answer."""

    def __init__(self, cloud: Cloud, known_stacks: Path) -> None:
        self.cloud = cloud
        self.out = cloud.folder / "cdktf.out"
        for stack in known_stacks.iterdir():
            (self.out / "stacks" / stack.name).mkdir(parents=True)
            shutil.copy(stack / "cdk.tf.json", self.out / "stacks" / stack.name)
            env = stack.name.removeprefix("aigateway-")
            self.plans(UPDATED_APP, env=env)
            self.outputs(env=env)
        words = {
            "version": pinned(),
            "cat": shutil.which("cat"),
            "mv": shutil.which("mv"),
            "stat": shutil.which("stat"),
            "sh": shutil.which("sh"),
        }
        (cloud.folder / "tools/ps").symlink_to(str(shutil.which("ps")))
        for path, text in {self.terraform: _TERRAFORM, self.cdktf: _CDKTF}.items():
            path.write_text(text.format(**words), encoding="utf-8")
            path.chmod(0o755)

    @property
    def terraform(self) -> Path:
        """What PATH has under this name."""
        return self.cloud.bin / "terraform"

    @property
    def cdktf(self) -> Path:
        """What runs in place of Node; its first argument is the bundle of the CLI."""
        return self.cloud.folder / "node"

    @property
    def markdown(self) -> Path:
        return self.cloud.folder / "plan.md"

    def folder(self, env: str) -> Path:
        """A stack's."""
        return self.out / f"stacks/aigateway-{env}"

    def plans(self, *changes: dict[str, Any], env: str = "dev", outputs: dict[str, Any] | None = None) -> None:
        """Let the next plans be this one."""
        content = {"resource_changes": list(changes), "output_changes": outputs or {}}
        (self.folder(env) / "plan.json").write_text(json.dumps(content), encoding="utf-8")

    def outputs(self, *, env: str = "dev", **values: str) -> None:
        """Let the state have these outputs, besides the usual ones."""
        content = {name: {"value": value} for name, value in {**OUTPUTS, **values}.items()}
        (self.folder(env) / "outputs.json").write_text(json.dumps(content), encoding="utf-8")

    def leaves(self, verb: str, azure: dict[str, Any], *changes: dict[str, Any], env: str = "dev") -> None:
        """Let the next call of the CLI leave Azure in this state, and have the plans after it these changes."""
        content = {"resource_changes": list(changes), "output_changes": {}}
        (self.folder(env) / f"{verb}.azure").write_text(json.dumps(azure), encoding="utf-8")
        (self.folder(env) / f"{verb}.plan").write_text(json.dumps(content), encoding="utf-8")

    def fails(self, verb: str, output: str, *, env: str = "dev") -> None:
        """Let the CLI print this and fail."""
        (self.folder(env) / f"{verb}.fails").write_text(output, encoding="utf-8")

    def signals(self, name: str) -> None:
        """Let the script get this signal, such as INT, while the Terraform of its deployment runs."""
        text = _INTERRUPTIBLE.format(signal=name, sleep=shutil.which("sleep"))
        (self.folder("dev") / "deploy.signals").write_text(text, encoding="utf-8")

    def calls(self) -> list[str]:
        """Verb, environment and flags of each call of the CLI."""
        path = self.out / "calls"
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def keys(self, verb: str, *, env: str = "dev") -> list[str]:
        """The client's and Azure's key that the CLI got."""
        return (self.folder(env) / f"{verb}.keys").read_text(encoding="utf-8").split()

    @property
    def summary(self) -> str:
        """The job summary."""
        path = self.cloud.folder / "summary.md"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def run(self, script: str, *words: str, typed: str | None = None, **environ: str) -> Ran:
        """Run a script; no secret is in what it prints."""
        own = {"CDKTF_OUTDIR": str(self.out), "GITHUB_STEP_SUMMARY": str(self.cloud.folder / "summary.md")}
        main = importlib.import_module(f"scripts.{script}").main
        ran = self.cloud.call(main, *words, *OPTIONS.get(script, ()), typed=typed, env={**SECRETS, **own, **environ})
        assert not [value for value in SECRETS.values() if value in ran.out + ran.err + self.summary]
        return ran


def delivery(cloud: Cloud, known_stacks: Path, monkeypatch: pytest.MonkeyPatch) -> Delivery:
    """For a fixture: nothing is synthesized, and no Node is started."""
    delivery = Delivery(cloud, known_stacks)
    monkeypatch.setattr(stacks, "synthesize", lambda: None)
    monkeypatch.setattr(cdktf_cli, "program_words", lambda: [delivery.cdktf, "bundle"])
    return delivery
