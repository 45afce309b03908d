"""A fresh clone of this repository and a shell in it, with stand-ins for `az`, `gh` and `terraform` on PATH."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.runner.session import run
from scripts.setup.requirements import from_pipfile_lock, image_locks
from tests import fixed_environments
from tests.cloud.fixtures import Cloud, put
from tests.docs.markdown import ROOT
from tests.shared import link_environment

TOOLS = ("cat", "ps", "rm", "mkdir", "dirname", "basename", "uname", "sleep")
LONGEST_S = 600
CDKTF = """
const [verb, stack, ...options] = process.argv.slice(2);
const cwd = `${options[options.indexOf("--output") + 1]}/stacks/${stack}`;
for (const command of verb === "diff" ? ["init", "plan"] : ["init", "plan", "apply"]) {
  const {status} = require("child_process").spawnSync("terraform", [command], {cwd, stdio: "inherit"});
  if (status) process.exit(status);
}
"""


class Clone:
    """The clone, the state of its clouds, and the shell."""

    def __init__(self, folder: Path, *, settings: str, stacks: Path) -> None:
        """`settings` is added to the file of each environment; `stacks` are what `main.py` writes."""
        self.root = folder / "clone"
        _copy(self.root)
        (folder / "cloud").mkdir()
        self.cloud = Cloud(folder / "cloud")
        self._install_programs()
        self._initialize_git(folder / "remote.git")
        for file in (self.root / "settings/environments").glob("*.toml"):
            file.write_text(f"{file.read_text(encoding='utf-8')}\n{settings}", encoding="utf-8")
        self._replace_synthesis_and_cli(stacks)

    def shell(
        self, commands: Sequence[str], *, answers: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> str:
        """Run the commands in one bash and answer their prompts; returns the output."""
        script = "\n".join(["set -euo pipefail", """trap 'echo "failed: $BASH_COMMAND" >&2' ERR""", *commands])
        keyboard, terminal = pty.openpty()
        os.write(keyboard, "".join(f"{line}\n" for line in answers).encode())
        try:
            ran = subprocess.run(
                ["bash", "-c", script],  # noqa: S607
                cwd=self.root,
                env={**self.cloud.environ, **(env or {})},
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

    @contextmanager
    def container_apps(self) -> Iterator[None]:
        """Run the containers of the stack that `terraform apply` deploys, with the keys that it got."""
        ended = threading.Event()
        deployed, running = self.cloud.folder / "deployed.json", self.cloud.folder / "running.json"

        def serve() -> None:
            while not deployed.exists():
                if ended.wait(0.1):
                    return
            app = json.loads(deployed.read_text(encoding="utf-8"))
            variables = {f"TF_VAR_{name}": value for name, value in app["variables"].items()}
            secrets = self.cloud.folder / "local-secrets.json"
            with run(stack=Path(app["stack"]), environ=variables, secrets=secrets) as session:
                new = running.with_suffix(".new")
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

    def _install_programs(self) -> None:
        """The stand-ins, and the system's Python."""
        install_interactive(self.cloud)
        put(self.cloud.bin / "terraform", module="tests.docs.terraform")
        python = self.cloud.folder / "tools/python3"
        python.unlink(missing_ok=True)
        python.symlink_to(Path(sys.executable).resolve())

    def _replace_synthesis_and_cli(self, stacks: Path) -> None:
        """Let `main.py` copy `stacks`, and the cdktf CLI call Terraform only: other tests run the real ones."""
        copying = f"import shutil\nshutil.copytree({str(stacks)!r}, 'cdktf.out/stacks', dirs_exist_ok=True)\n"
        (self.root / "main.py").write_text(copying, encoding="utf-8")
        cli = self.root / "node_modules/cdktf-cli"
        cli.unlink()
        (cli / "bundle/bin").mkdir(parents=True)
        (cli / "bundle/bin/cdktf").write_text(CDKTF, encoding="utf-8")

    def _initialize_git(self, remote: Path) -> None:
        """`origin` has a URL of GitHub; a push goes into a folder."""
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
            subprocess.run(["git", *words], cwd=self.root, env=self.cloud.environ, check=True)  # noqa: S607


def install_interactive(cloud: Cloud) -> None:
    """What people type in a terminal: `az` and `gh` with their queries and logins, and other programs."""
    (cloud.folder / "scripted").mkdir()
    for program in ("az", "gh"):
        (cloud.bin / program).rename(cloud.folder / "scripted" / program)
        put(cloud.bin / program, module="tests.docs.interactive")
    for tool in TOOLS:
        found = shutil.which(tool)
        if found and not (cloud.folder / "tools" / tool).exists():
            (cloud.folder / "tools" / tool).symlink_to(found)


def _copy(root: Path) -> None:
    """Copy what git would commit; link the installed environments."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    # docs/deploy.md names resources of the original settings.
    shutil.rmtree(root / "settings/environments")
    shutil.copytree(fixed_environments.ENVIRONMENTS, root / "settings/environments")
    link_environment(".venv", clone=root, lock=from_pipfile_lock((ROOT / "Pipfile.lock").read_text(encoding="utf-8")))
    link_environment("node_modules", clone=root, lock=(ROOT / "package-lock.json").read_text(encoding="utf-8"))
    for version, lock in image_locks(ROOT / "local/image").items():
        if (ROOT / f".image/litellm-{version}").is_dir():
            link_environment(f".image/litellm-{version}", clone=root, lock=lock.read_text(encoding="utf-8"))
