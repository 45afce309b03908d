"""What checkov says about a stack's Terraform JSON."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.cli.error_handling import ScriptError
from scripts.setup.install import program
from scripts.setup.prepare import TOOLS

_SEPARATOR = "=== next report ==="
# One after the other in one process, since most of checkov's time is its start; a new scanner for each, which would
# otherwise take a resource of one stack for a part of another. `checkov` itself is `Checkov().run()`.
_CHECKOV = f"""
import sys
from checkov.main import Checkov
options = ["--framework", "terraform_json", "--output", "json", "--compact", "--skip-download", "--soft-fail"]
for folder in sys.argv[1:]:
    Checkov(argv=[*options, "--directory", folder]).run()
    print({_SEPARATOR!r}, flush=True)
"""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A check that a resource of an environment's stack did not pass."""

    env: str
    check: str
    address: str
    requirement: str


def scan(stacks: Mapping[str, Path]) -> list[Finding]:
    """What checkov finds in the `cdk.tf.json` of each environment; `ScriptError` when it could not read one."""
    texts = {env: readable(path.read_text(encoding="utf-8")) for env, path in stacks.items()}
    reports = run_checkov(texts)
    return [found for env in stacks for found in findings_of(reports[env], env=env, text=texts[env])]


def readable(stack: str) -> str:
    """The stack's JSON as checkov can read it, and as `addresses` does."""
    content = json.loads(stack)
    # checkov cannot read a file with it, and then reports success: github.com/bridgecrewio/checkov/issues/7454
    content.get("terraform", {}).pop("required_version", None)
    return json.dumps(content, indent=1)


def run_checkov(texts: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Its report on each; it downloads no policies, and takes no configuration of the caller's."""
    with tempfile.TemporaryDirectory() as folder:
        for env, text in texts.items():
            Path(folder, env).mkdir()
            Path(folder, env, "cdk.tf.json").write_text(text, encoding="utf-8")
        command: list[str | Path] = [program("python", venv=TOOLS / "checkov"), "-c", _CHECKOV, *texts]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    try:
        reports = [json.loads(report) for report in ran.stdout.split(_SEPARATOR)[:-1]]
        return dict(zip(texts, reports, strict=True))
    except ValueError:
        raise ScriptError(f"checkov ended with exit code {ran.returncode}:\n{ran.stderr.strip()}") from None


def findings_of(report: Mapping[str, Any], *, env: str, text: str) -> list[Finding]:
    """The failed checks; `ScriptError` when checkov has checked nothing."""
    results = report.get("results")
    if not results or results["parsing_errors"] or not (results["passed_checks"] or results["failed_checks"]):
        raise ScriptError(f"checkov could not read the stack of {env}; that it found nothing proves nothing.")
    lines = addresses(text)
    return [
        Finding(
            env=env,
            check=check["check_id"],
            # checkov's own name of a resource lacks its type in JSON, and several resources share it.
            address=lines.get(check["file_line_range"][0], check["resource"]),
            requirement=check["check_name"],
        )
        for check in results["failed_checks"]
    ]


def addresses(text: str) -> dict[int, str]:
    """TYPE.NAME of each resource by the line where it begins, in JSON that is indented by one."""
    found, path = {}, ["", "", ""]
    for number, line in enumerate(text.splitlines(), start=1):
        if key := re.match(r'( {1,3})"([^"]+)": \{', line):
            path[len(key[1]) - 1] = key[2]
            if len(key[1]) == 3 and path[0] == "resource":
                found[number] = f"{path[1]}.{path[2]}"
    return found
