"""A clone whose app needs no Azure, the real Terraform on PATH, and a place for its state."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scripts.setup import stamp
from scripts.setup.environment import prepare, tool
from scripts.setup.requirements import from_pipfile_lock
from tests.cloud.stand_ins import cloud
from tests.delivery.state import State, serve

__all__ = ["cloud"]

ROOT = Path(__file__).parents[2]
SECRETS = {
    "TF_VAR_gateway_key": "canary-of-the-gateway",
    "TF_VAR_gateway_key_secondary": "canary-of-the-second-key",
    "TF_VAR_azure_openai_api_key": "canary-of-azure",
}
OURS = ("TF_", "ARM_", "AIGATEWAY_", "GITHUB_", "TFSTATE_", "GATEWAY_", "AZURE_", "CDKTF_", "COV_", "CI")
HAS_TERRAFORM = sys.platform == "linux" and platform.machine() == "x86_64"


@dataclass(kw_only=True)
class Desk:
    """A person or a runner in front of the clone."""

    clone: Path
    folder: Path
    state: State
    environ: dict[str, str]
    scene: dict[str, Any] = field(
        default_factory=lambda: {
            "envs": ["dev"],
            "url": "http://127.0.0.1:9/v1",
            "outputs": {},
            "resources": {"app": {"input": "one"}, "vault": {"input": "v"}, "logs": {"input": "l"}},
        }
    )

    @property
    def out(self) -> Path:
        return self.folder / "cdktf.out"

    @property
    def summary(self) -> str:
        """The page of the workflow's run."""
        path = self.folder / "summary.md"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def start(
        self, script: str, *arguments: str, stdin: int = subprocess.DEVNULL, **environ: str
    ) -> subprocess.Popen[str]:
        """Start a script, alone in its group as on a terminal."""
        path = self.folder / "scene.json"
        path.write_text(json.dumps({"state": self.state.url, **self.scene}), encoding="utf-8")
        own = {
            "SCENE": str(path),
            "CDKTF_OUTDIR": str(self.out),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
        }
        return subprocess.Popen(
            [self.clone / ".venv/bin/python", f"scripts/{script}.py", *arguments],
            cwd=self.clone,
            env={**self.environ, **own, **environ},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, script: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end; no secret is in what it prints or leaves behind."""
        with self.start(script, *arguments, stdin=subprocess.DEVNULL, **environ) as process:
            stdout, stderr = process.communicate()
        self.check_no_secret(stdout, stderr)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def check_no_secret(self, *texts: str) -> None:
        """In the texts, in any file of the folder, in the state."""
        files = [path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink()]
        for content in [*(text.encode() for text in texts), *files, *self.state.contents.values()]:
            assert not [value for value in SECRETS.values() if value.encode() in content]


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git has, with the tests' app; the environments are this one's."""
    prepare(node=True)
    folder = tmp_path_factory.mktemp("delivery") / "clone"
    folder.mkdir()
    for name in ("scripts", "settings", "local"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("cdktf.json", "package.json", "package-lock.json", "Pipfile.lock", ".terraform-version"):
        shutil.copy(ROOT / name, folder / name)
    python_lock = from_pipfile_lock((ROOT / "Pipfile.lock").read_text(encoding="utf-8"))
    borrow(folder / ".venv", lock=python_lock)
    borrow(folder / "node_modules", lock=(ROOT / "package-lock.json").read_text(encoding="utf-8"))
    shutil.copy(ROOT / "tests/delivery/app/main.py", folder / "main.py")
    return folder


def borrow(folder: Path, *, lock: str) -> None:
    """Let an environment of ours be one of the clone, by its parts: its stamp names its place."""
    folder.mkdir()
    for part in (ROOT / folder.name).iterdir():
        if part.name != stamp.NAME:
            (folder / part.name).symlink_to(part)
    stamp.put(folder, lock=lock)


@pytest.fixture(scope="session")
def terraform() -> Path:
    """The folder of the real Terraform, which PyPI has for one platform."""
    if not HAS_TERRAFORM:
        pytest.skip("PyPI has Terraform for Linux on x86-64 alone")
    prepare(tools=["terraform"])
    return tool("terraform").parent


@pytest.fixture
def state() -> Iterator[State]:
    """An empty one."""
    with serve() as state:
        yield state


@pytest.fixture
def desk(clone: Path, terraform: Path, state: State, tmp_path: Path) -> Desk:
    """Everything in place, the secrets as well."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    program = tmp_path / "bin"
    program.mkdir()
    (program / "terraform").symlink_to(terraform / "terraform")
    path = os.pathsep.join([str(program), inherited["PATH"]])
    return Desk(clone=clone, folder=tmp_path, state=state, environ={**inherited, **SECRETS, "PATH": path})


@pytest.fixture(scope="session")
def deployed(clone: Path, terraform: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The state after a first deployment."""
    with serve() as state:
        here = desk.__wrapped__(clone, terraform, state, tmp_path_factory.mktemp("first"))  # type: ignore[attr-defined]
        ran = here.run("deploy", "--env", "dev", "--yes", "--no-smoke")
        assert ran.returncode == 0, ran.stderr
        return state.contents["dev"]
