"""What checkov says about a stack's Terraform JSON."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.cli.error_handling import ScriptError
from scripts.setup.environment import tool


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A check that a resource of an environment's stack did not pass."""

    env: str
    check: str
    address: str
    wants: str


def scan(stack: Path, *, env: str) -> list[Finding]:
    """What it finds; `ScriptError` when it did not look."""
    content = json.loads(stack.read_text(encoding="utf-8"))
    # checkov cannot read a file with it, and then reports success: github.com/bridgecrewio/checkov/issues/7454
    content.get("terraform", {}).pop("required_version", None)
    text = json.dumps(content, indent=1)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "cdk.tf.json").write_text(text, encoding="utf-8")
        results = _checkov(Path(folder)).get("results")
    if not results or results["parsing_errors"] or not (results["passed_checks"] or results["failed_checks"]):
        raise ScriptError(f"checkov has read nothing of {stack}, so its silence would say nothing.")
    lines = addresses(text)
    return [
        Finding(
            env=env,
            check=check["check_id"],
            # Itself it tells little more than the name, which several resources share.
            address=lines.get(check["file_line_range"][0], check["resource"]),
            wants=check["check_name"],
        )
        for check in results["failed_checks"]
    ]


def _checkov(folder: Path) -> dict[str, Any]:
    """Its report on a folder; it asks nobody for policies or guidelines, and takes no configuration of its caller's."""
    words = ["--framework", "terraform_json", "--directory", ".", "--output", "json"]
    words += ["--compact", "--skip-download", "--soft-fail"]
    ran = subprocess.run([tool("checkov"), *words], capture_output=True, text=True, check=False, cwd=folder)
    try:
        report: dict[str, Any] = json.loads(ran.stdout)
    except ValueError:
        raise ScriptError(f"checkov ended with exit code {ran.returncode}:\n{ran.stderr.strip()}") from None
    return report


def addresses(text: str) -> dict[int, str]:
    """TYPE.NAME of each resource by the line where it begins, in JSON that is indented by one."""
    found, path = {}, ["", "", ""]
    for number, line in enumerate(text.splitlines(), start=1):
        if key := re.match(r'( {1,3})"([^"]+)": \{', line):
            path[len(key[1]) - 1] = key[2]
            if len(key[1]) == 3 and path[0] == "resource":
                found[number] = f"{path[1]}.{path[2]}"
    return found
