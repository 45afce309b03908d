"""A fresh copy of this repository, and a person's shell in it, with stand-ins for `az`, `gh`, `terraform` on PATH."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.runner.session import run
from scripts.setup import stamp
from scripts.setup.requirements import from_pipfile_lock, image_locks
from tests import known
from tests.cloud.stand_ins import Cloud, put
from tests.docs.pages import ROOT

TOOLS = ("cat", "ps", "rm", "mkdir", "dirname", "basename", "uname", "sleep")
LONGEST_S = 600


class Desk:
    """The copy, its clouds, and the shell."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "clone"
        copy(self.clone)
        (folder / "cloud").mkdir()
        self.cloud = Cloud(folder / "cloud")
        self._settle()
        self._begin_history(folder / "remote.git")

    def shell(self, commands: Sequence[str], *, types: Sequence[str] = (), env: Mapping[str, str] | None = None) -> str:
        """Run them in one bash, one after the other, and type what they will ask for; what was printed."""
        script = "\n".join(["set -euo pipefail", """trap 'echo "failed: $BASH_COMMAND" >&2' ERR""", *commands])
        keyboard, terminal = pty.openpty()
        os.write(keyboard, "".join(f"{line}\n" for line in types).encode())
        try:
            ran = subprocess.run(
                ["bash", "-c", script],  # noqa: S607
                cwd=self.clone,
                env={**self.environ, **(env or {})},
                stdin=terminal,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=LONGEST_S,
                check=False,
            )
        finally:
            os.close(keyboard)
            os.close(terminal)
        assert ran.returncode == 0, ran.stdout[-6000:]
        return ran.stdout

    @property
    def environ(self) -> dict[str, str]:
        """A person's, who has not set anything yet."""
        return self.cloud.environ

    @contextmanager
    def platform(self) -> Iterator[None]:
        """Whatever `terraform apply` deploys in the meantime runs: the stack's containers, with the keys it got."""
        ended = threading.Event()
        deployed, running = self.cloud.folder / "deployed.json", self.cloud.folder / "running.json"

        def serve() -> None:
            while not ended.wait(0.2):
                if deployed.exists():
                    break
            else:
                return
            time.sleep(0.2)
            told = json.loads(deployed.read_text(encoding="utf-8"))
            variables = {f"TF_VAR_{name}": value for name, value in told["variables"].items()}
            secrets = self.cloud.folder / "local-secrets.json"
            with run(stack=Path(told["stack"]), environ=variables, secrets=secrets) as session:
                new = running.with_suffix(".new")  # nobody may read half of it
                new.write_text(json.dumps({"url": session.host_url}), encoding="utf-8")
                new.replace(running)
                ended.wait()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(30)

    def _settle(self) -> None:
        """Programs: the stand-ins of the scripts behind those of a terminal, and the system's Python."""
        folder = self.cloud.folder
        (folder / "itself").mkdir()
        for program in ("az", "gh"):
            (self.cloud.bin / program).rename(folder / "itself" / program)
            put(self.cloud.bin / program, module="tests.docs.logins")
        put(self.cloud.bin / "terraform", module="tests.docs.terraform")
        python = folder / "tools/python3"
        python.unlink(missing_ok=True)
        python.symlink_to(Path(sys.executable).resolve())
        for tool in TOOLS:
            found = shutil.which(tool)
            if found and not (folder / "tools" / tool).exists():
                (folder / "tools" / tool).symlink_to(found)

    def _begin_history(self, remote: Path) -> None:
        """`origin` is on GitHub by its name; a push goes into a folder."""
        github = "https://github.com/contoso/gateway.git"
        for words in (
            ["init", "--quiet", "--initial-branch", "main"],
            ["init", "--quiet", "--bare", "--initial-branch", "main", str(remote)],
            ["config", "user.name", "Ada"],
            ["config", "user.email", "ada@contoso.example"],
            ["config", "commit.gpgsign", "false"],
            ["config", f"url.{remote}.pushInsteadOf", github],
            ["remote", "add", "origin", github],
            ["add", "--all"],
            ["commit", "--quiet", "--message", "As cloned"],
            ["push", "--quiet", "--set-upstream", "origin", "main"],
        ):
            subprocess.run(["git", *words], cwd=self.clone, env=self.environ, check=True)  # noqa: S607


def copy(clone: Path) -> None:
    """What git would take, and the environments of this checkout, by their parts: a stamp names its place."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    # What docs/deploy.md names are the repository's settings as they came, and not what they have become.
    shutil.rmtree(clone / "settings/environments")
    shutil.copytree(known.ENVIRONMENTS, clone / "settings/environments")
    _borrow(clone / ".venv", lock=from_pipfile_lock((ROOT / "Pipfile.lock").read_text(encoding="utf-8")))
    _borrow(clone / "node_modules", lock=(ROOT / "package-lock.json").read_text(encoding="utf-8"))
    for version, lock in image_locks(ROOT / "local/image").items():
        if (ROOT / f".image/litellm-{version}").is_dir():
            _borrow(clone / f".image/litellm-{version}", lock=lock.read_text(encoding="utf-8"))


def _borrow(folder: Path, *, lock: str) -> None:
    folder.mkdir(parents=True)
    clone = folder.parents[1] if folder.parent.name == ".image" else folder.parent
    for part in (ROOT / folder.relative_to(clone)).iterdir():
        if part.name != stamp.NAME:
            (folder / part.name).symlink_to(part)
    stamp.put(folder, lock=lock)
