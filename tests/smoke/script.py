"""`scripts/smoke.py` as a person or a workflow runs it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How it ended, and what it printed."""

    code: int
    stdout: str
    stderr: str

    @property
    def report(self) -> dict[str, Any]:
        """The object of `--json`, which is all of stdout."""
        report: dict[str, Any] = json.loads(self.stdout)
        return report

    @property
    def layers(self) -> dict[str, str]:
        """The layer of each check that failed."""
        return {result["check"]: result["layer"] for result in self.report["results"] if result["status"] == "failed"}

    @property
    def statuses(self) -> dict[str, str]:
        """How each check went."""
        return {result["check"]: result["status"] for result in self.report["results"]}

    def look_at(self, layer: str) -> str:
        """What a person is told about a layer."""
        found = [diagnosis for diagnosis in self.report["diagnoses"] if diagnosis["layer"] == layer]
        return "\n".join(line for diagnosis in found for line in (diagnosis["meaning"], *diagnosis["look_at"]))


def environ(**variables: str) -> dict[str, str]:
    """This process's, without what would give a key, other settings or a proxy."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIGATEWAY_", "TF_VAR_", "GATEWAY_KEY")) and name not in PROXIES
    }
    return {**kept, **variables}


def command(*arguments: str) -> list[str]:
    """The command line."""
    return [sys.executable, str(ROOT / "scripts/smoke.py"), *arguments]


def smoke(*arguments: str, **variables: str) -> Ran:
    """Run it to its end."""
    ran = subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=environ(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return Ran(code=ran.returncode, stdout=ran.stdout, stderr=ran.stderr)
