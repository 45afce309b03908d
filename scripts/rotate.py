"""A new key for the clients of a project, without an outage: `rotate.py --env dev add`, later `retire`.

Between the two, clients move to the new key, which `add` says how to read. Both can be repeated.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse

from scripts.azure.app import address, tell_from_where
from scripts.azure.offers import settings_of
from scripts.azure.rotating import Rotation
from scripts.azure.vault import Vault
from scripts.cli.command_line import azure
from scripts.cli.error_handling import ScriptError
from scripts.terraform import stacks


def main() -> None:
    """Add or retire."""
    arguments = parse(sys.argv[1:])
    project = suffix_of(arguments.env, arguments.project)
    if not arguments.skip_synth:
        stacks.synthesize()
    az = azure(dry_run=arguments.dry_run)
    stack = stacks.load(arguments.env)
    tell_from_where(arguments.env)
    rotation = Rotation(
        vault=Vault(az=az, name=stack.key_vault),
        base_url=(arguments.base_url or address(az, stack)).rstrip("/").removesuffix("/v1"),
        env=arguments.env,
        project=project,
        wait_s=arguments.wait_s,
        every_s=arguments.every_s,
        smoke=not arguments.no_smoke,
    )
    {"add": rotation.add, "retire": rotation.retire}[arguments.half]()


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="rotate.py", description="Replaces the key of a project without an outage.")
    parser.add_argument("half", choices=("add", "retire"), help="a second key beside the first; then in its place")
    parser.add_argument("--env", required=True, metavar="NAME", help="the environment")
    parser.add_argument("--project", metavar="NAME", help="whose key (default: the first of the settings)")
    parser.add_argument("--base-url", metavar="URL", help="the gateway (default: the app's own address)")
    parser.add_argument("--wait-s", type=float, default=2400.0, metavar="N", help="for the door (default: 2400)")
    parser.add_argument("--every-s", type=float, default=15.0, metavar="N", help="between two knocks (default: 15)")
    parser.add_argument("--no-smoke", action="store_true", help="without the smoke tests")
    parser.add_argument("--dry-run", action="store_true", help="show every command, change nothing, wait for nothing")
    parser.add_argument("--skip-synth", action="store_true", help="take the stacks as they were synthesized last")
    return parser.parse_args(words)


def suffix_of(env: str, project: str | None) -> str | None:
    """What the project's secrets carry in their names; the first one's carry nothing."""
    first, *others = settings_of(env).all_projects
    if project in {None, "", first}:
        return None
    if project not in others:
        raise ScriptError(f"There is no project {project!r} in {env}; there are {', '.join([first, *others])}.", code=2)
    return project
