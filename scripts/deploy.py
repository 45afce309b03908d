"""Deploys an environment: `deploy.py --env dev`. Secrets are read from TF_VAR_... variables.

A client's key that is in the Key Vault is kept: to replace one use `rotate.py`.

Shows the plan, asks for confirmation, runs `cdktf deploy`, then the smoke test. With the digest of a plan that was
reviewed before, it deploys that and nothing else: if its own plan differs, it shows both, changes nothing, and ends
with exit code 3. `REVIEWED_PLAN` has the text of the reviewed one. `cdktf deploy` cannot apply a saved plan and plans
once more: it also applies what changes in Azure in these seconds.

A plan that deletes or replaces the Container Apps environment, the app, the Key Vault, the workspace or the resource
group, or hands a client's key to another project, is refused, unless `--allow-loss` names it.

Ctrl-C leaves no locked state: Terraform is interrupted and waited for.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="deploy.py", description="Plans, asks, deploys and tests environments.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--env", action="append", metavar="NAME", help="an environment; repeatable")
    which.add_argument("--all", action="store_true", help="all environments: dev first, prod last")
    parser.add_argument("--yes", action="store_true", help="deploy without confirmation")
    parser.add_argument(
        "--expect-digest",
        type=digest,
        metavar="DIGEST",
        help="deploy only what plan.py has shown with this digest; else the exit code is 3",
    )
    parser.add_argument(
        "--allow-loss",
        action="extend",
        type=str.split,
        default=[],
        metavar="ADDRESSES",
        help="deploy although the plan loses this, such as azurerm_key_vault.gateway; the refusal names it",
    )
    parser.add_argument("--no-smoke", action="store_true", help="skip the smoke test")
    parser.add_argument("--default-endpoint", action="store_true", help="use an Azure OpenAI that no setting names")
    arguments = parser.parse_args(words)
    if arguments.expect_digest and len(arguments.env or ()) != 1:
        parser.error("--expect-digest is that of one environment: name it with --env")
    return arguments


def digest(text: str) -> str:
    """As plan.py prints it; a workflow whose plan handed none on must not deploy."""
    if not re.fullmatch("[0-9a-f]{32}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no digest of plan.py, which has 32 hexadecimal digits")
    return text


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(first=parse, node=True)

from scripts.azure.key_vault import cache_vault_token
from scripts.azure.login import log_in
from scripts.cli.settings import require_endpoints
from scripts.terraform.deployment import deploy, warn_of_shared_keys
from scripts.terraform.required_inputs import check_inputs
from scripts.terraform.stacks import prepare


def main() -> None:
    """Deploy one environment after the other, until one fails."""
    arguments = parse(sys.argv[1:])
    if not arguments.default_endpoint:
        require_endpoints(arguments.env, unless="--default-endpoint")
    stacks = prepare(arguments.env)
    az = log_in(*stacks)
    cache_vault_token(az)
    check_inputs(stacks)
    if len(stacks) > 1:
        warn_of_shared_keys([stack.env for stack in stacks])
    for stack in stacks:
        deploy(
            stack,
            az=az,
            yes=arguments.yes,
            test=not arguments.no_smoke,
            expected=arguments.expect_digest,
            allowed_losses=arguments.allow_loss,
        )
