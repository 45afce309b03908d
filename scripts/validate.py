"""Runs terraform validate on every stack: the provider's own rules, without asking Azure.

Terraform downloads the provider for that, once for all stacks, or takes it from a mirror named in TF_CLI_CONFIG_FILE.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse
import json
import shutil
import tempfile
from collections.abc import Mapping
from typing import Any

from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.terraform import program as terraform
from scripts.terraform import provider_lock
from scripts.terraform.errors import explain
from scripts.terraform.stacks import Stack, prepare


def main() -> None:
    """Validate all of them, and say which are not valid."""
    parse(sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        invalid = [stack.env for stack in prepare(None) if not is_valid(stack, Path(folder))]
    if invalid:
        raise ScriptError(f"Not valid: {', '.join(invalid)}")


def parse(words: list[str]) -> argparse.Namespace:
    """There are no options; any argument ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="validate.py", description="Runs terraform validate on every stack.")
    return parser.parse_args(words)


def is_valid(stack: Stack, folder: Path) -> bool:
    """Whether it is; prints what Terraform says. The folder is the same for all: they need the same provider."""
    shutil.copy(stack.folder / "cdk.tf.json", folder)
    provider_lock.place(folder)
    log(f"{stack.env}: terraform init, without its state")
    made = terraform.run("init", "-backend=false", "-no-color", folder=folder)
    if made.returncode:
        raise ScriptError(explain(f"{made.stdout}{made.stderr}", env=stack.env, folder=folder))
    ran = terraform.run("validate", "-json", "-no-color", folder=folder)
    found = json.loads(ran.stdout)
    print(f"{stack.env}: {'valid' if found['valid'] else 'NOT VALID'}")
    for diagnostic in found["diagnostics"]:
        print(words(diagnostic))
    return bool(found["valid"])


def words(diagnostic: Mapping[str, Any]) -> str:
    """What is wrong, and where."""
    where = diagnostic.get("address") or (diagnostic.get("snippet") or {}).get("context") or "the stack"
    detail = f"\n    {diagnostic['detail']}" if diagnostic.get("detail") else ""
    return f"  {diagnostic['severity']} in {where}: {diagnostic['summary']}{detail}"
