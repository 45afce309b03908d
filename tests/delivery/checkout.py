"""A clone whose app needs no Azure, and whose scripts run as processes with the real cdktf CLI and Terraform."""

import json
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.setup.requirements import from_pipfile_lock
from tests.delivery.stand_ins import OPTIONS, OUTPUTS, SECRETS
from tests.delivery.state import State
from tests.shared import link_environment

ROOT = Path(__file__).parents[2]
FOREIGN = ("TF_", "ARM_", "AIGATEWAY_", "GITHUB_", "TFSTATE_", "GATEWAY_", "AZURE_", "CDKTF_", "COV_", "CI")
HAS_TERRAFORM = sys.platform == "linux" and platform.machine() == "x86_64"


@dataclass(kw_only=True)
class Checkout:
    """The clone, the place of its state, and what its app shall synthesize."""

    clone: Path
    folder: Path
    state: State
    environ: dict[str, str]
    scene: dict[str, Any] = field(
        default_factory=lambda: {
            "envs": ["dev"],
            "outputs": dict(OUTPUTS),
            "resources": {"app": {"input": "one"}, "vault": {"input": "v"}, "logs": {"input": "l"}},
        }
    )

    @property
    def out(self) -> Path:
        return self.folder / "cdktf.out"

    @property
    def summary(self) -> str:
        """The job summary."""
        path = self.folder / "summary.md"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def start(self, script: str, *words: str, stdin: int | None = None, **environ: str) -> subprocess.Popen[str]:
        """Start a script, in a process group of its own as in a terminal."""
        path = self.folder / "scene.json"
        path.write_text(json.dumps({"state": self.state.url, **self.scene}), encoding="utf-8")
        own = {
            "SCENE": str(path),
            "CDKTF_OUTDIR": str(self.out),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
        }
        return subprocess.Popen(
            [self.clone / ".venv/bin/python", f"scripts/{script}.py", *words, *OPTIONS.get(script, ())],
            cwd=self.clone,
            env={**self.environ, **own, **environ},
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, script: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end; no secret is in what it prints or leaves behind."""
        with self.start(script, *words, stdin=None, **environ) as process:
            stdout, stderr = process.communicate()
        self.check_no_secret(stdout, stderr)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def check_no_secret(self, *texts: str) -> None:
        """In the texts, in any file of the folder, in the state."""
        files = [path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink()]
        for content in [*(text.encode() for text in texts), *files, *self.state.contents.values()]:
            assert not [value for value in SECRETS.values() if value.encode() in content]


def clone_to(folder: Path) -> None:
    """What git has, with the tests' app, and with this checkout's environments."""
    folder.mkdir()
    for name in ("scripts", "settings", "gateway", "local"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("cdktf.json", "package.json", "package-lock.json", "Pipfile.lock", ".terraform-version"):
        shutil.copy(ROOT / name, folder / name)
    python_lock = from_pipfile_lock((ROOT / "Pipfile.lock").read_text(encoding="utf-8"))
    link_environment(".venv", clone=folder, lock=python_lock)
    link_environment("node_modules", clone=folder, lock=(ROOT / "package-lock.json").read_text(encoding="utf-8"))
    shutil.copy(ROOT / "tests/delivery/app/main.py", folder / "main.py")
