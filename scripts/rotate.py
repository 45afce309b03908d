"""Replaces the client key of a project without an outage: `rotate.py --env dev add`, later `retire`.

In between, move the clients to the new key; `add` prints how to read it. Both steps can be repeated.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse

from scripts.azure.container_app import address, log_ingress_limits
from scripts.azure.key_vault import KeyVault
from scripts.azure.login import log_in
from scripts.azure.polling import Polling
from scripts.azure.rotation import Rotation
from scripts.cli.settings import models_of, settings_of
from scripts.terraform import stacks


def main() -> None:
    """Add or retire."""
    arguments = parse(sys.argv[1:])
    project = project_in_names(arguments.env, arguments.project)

    if not arguments.skip_synth:
        stacks.synthesize()
    stack = stacks.load(arguments.env)
    az = log_in(stack, dry_run=arguments.dry_run)
    log_ingress_limits(arguments.env)
    rotation = Rotation(
        vault=KeyVault(az=az, name=stack.key_vault),
        base_url=(arguments.base_url or address(az, stack)).rstrip("/").removesuffix("/v1"),
        env=arguments.env,
        project=project,
        polling=Polling(timeout_s=arguments.wait_s, interval_s=arguments.every_s),
        smoke=not arguments.no_smoke,
    )
    {"add": rotation.add, "retire": rotation.retire}[arguments.step]()


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="rotate.py", description="Replaces a project's client key in two steps.")
    parser.add_argument("step", choices=("add", "retire"), help="add a second key, or make it the only one")
    parser.add_argument("--env", required=True, metavar="NAME", help="the environment")
    parser.add_argument("--project", metavar="NAME", help="the project (default: the default project)")
    parser.add_argument("--base-url", metavar="URL", help="the gateway (default: the app's address)")
    parser.add_argument("--wait-s", type=float, default=2400.0, metavar="N", help="timeout in seconds (default: 2400)")
    parser.add_argument("--every-s", type=float, default=15.0, metavar="N", help="seconds between polls (default: 15)")
    parser.add_argument("--no-smoke", action="store_true", help="skip the smoke tests")
    parser.add_argument("--dry-run", action="store_true", help="show every changing command and run none")
    parser.add_argument("--skip-synth", action="store_true", help="use the stacks of the last synthesis")
    return parser.parse_args(words)


def project_in_names(env: str, project: str | None) -> str | None:
    """The project's part of its secrets' names: none for the default one."""
    settings = settings_of(env)
    name, _ = models_of(settings, project=project)
    return None if name == settings.default_project else name
