"""Writes the settings files of coding clients for a gateway: `GATEWAY_KEY=... client_settings.py --base-url URL`.

The key comes from the environment or a prompt: other users of the machine can read arguments. The files contain it, so
only their owner can read them.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse
import dataclasses
import getpass
import os

from scripts.cli.base_url import normalize
from scripts.cli.error_handling import ScriptError
from scripts.client_files import CLIENTS, access_to, write_all
from scripts.client_files.sdk import KEY_VARIABLE
from scripts.setup.paths import STATE


def main() -> None:
    """Write all files and say how to use them."""
    arguments = parse(sys.argv[1:])
    base_url = normalize(arguments.base_url)
    access = access_to(arguments.env, base_url=base_url, key="", project=arguments.project)
    access = dataclasses.replace(access, key=_key())  # asked for when all else is right
    for client, usage in write_all(arguments.output, access=access, clients=CLIENTS).items():
        print(f"{client}: {usage}")


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="client_settings.py",
        description="Writes the settings files of coding clients. The key comes from GATEWAY_KEY or a prompt.",
    )
    parser.add_argument("--base-url", required=True, metavar="URL", help="https://HOST/v1 or https://HOST")
    parser.add_argument("--env", default="dev", metavar="NAME", help="the environment with the models (default: dev)")
    parser.add_argument("--project", metavar="NAME", help="the project of the key (default: the default project)")
    parser.add_argument(
        "--output", type=Path, default=STATE / "clients", metavar="FOLDER", help="where (default: .local/clients)"
    )
    return parser.parse_args(words)


def _key() -> str:
    key = os.environ.get(KEY_VARIABLE, "")
    if not key and sys.stdin.isatty():
        key = getpass.getpass("The gateway's key: ")
    if not key.strip():
        raise ScriptError(f"The gateway's key is missing: set {KEY_VARIABLE}.", code=2)
    return key.strip()
