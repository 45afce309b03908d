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
from scripts.setup import cdktf_cli
from scripts.setup.paths import ROOT


def main() -> None:
    """Check the settings, then become the CLI."""
    all_settings()
    os.environ.update(cdktf_cli.environment())
    os.chdir(ROOT)  # where cdktf.json is
    exec_program([*cdktf_cli.program_words(), *sys.argv[1:]])
