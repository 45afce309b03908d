"""Deploys an environment: `deploy.py --env dev`. The secrets are taken from TF_VAR_... variables.

A client's key that is in the Key Vault stays what it is there: `rotate.py` replaces it.

It shows the plan, asks, runs `cdktf deploy`, and then the smoke test. `cdktf deploy` cannot apply a plan that was made
before: it plans again, so what somebody changes in Azure between the two is in no plan that was seen.

Ctrl-C does not leave a locked state behind: Terraform is told to stop, and waited for.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(node=True)

import argparse

from scripts.azure.vault import remember_login
from scripts.cli.command_line import azure
from scripts.terraform.deploying import deploy, warn
from scripts.terraform.planning import prepared
from scripts.terraform.preconditions import check


def main() -> None:
    """One after the other; the first that fails is the last."""
    arguments = parse(sys.argv[1:])
    az = azure()
    remember_login(az)
    stacks = prepared(arguments.env)
    check(stacks)
    if len(stacks) > 1:
        warn([stack.env for stack in stacks])
    for stack in stacks:
        deploy(stack, az=az, yes=arguments.yes, test=not arguments.no_smoke)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="deploy.py", description="Plans, asks, deploys and tests.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--env", action="append", metavar="NAME", help="an environment; may be repeated")
    which.add_argument("--all", action="store_true", help="every environment: dev first, prod last")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--no-smoke", action="store_true", help="do not test the gateway afterwards")
    return parser.parse_args(words)
