"""Tells before a deployment whether Azure has what an environment's models need: `preflight.py --env dev`.

Names, models, quota, rights and a subnet; it changes nothing. `bootstrap.py preflight` checks what the bootstrap itself
needs.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse
from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from gateway.secrets import build_secrets
from scripts.azure import ai_accounts, model_quota
from scripts.azure.existing_resources import check_existing_resources, uses_existing
from scripts.azure.gateway_identity import CALL, find_identity, may, role_command
from scripts.azure.login import log_in
from scripts.azure.model_quota import Finding, Region, Wanted
from scripts.azure.subnet import check_subnet
from scripts.bootstrapping import account as azure_account
from scripts.bootstrapping.permissions import check_deployer
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandError, CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.settings import settings_of, today
from scripts.cli.terminal import console
from settings.environment import EnvironmentSettings
from settings.roles import COGNITIVE_SERVICES_OPENAI_USER, MONITORING_METRICS_PUBLISHER
from settings.upstreams import ExistingUpstream, OwnedUpstream

PROVIDER = "Microsoft.CognitiveServices"
TIMEOUT_S = 120.0
_COLUMNS = ("upstream", "deployment", "model", "sku", "capacity", "needs", "free quota", "retires", "")
_NUMBERS = frozenset({"capacity", "needs", "free quota"})


def main() -> None:
    """Check everything, print the table, and fail with all problems at once."""
    arguments = parse(sys.argv[1:])
    settings = settings_of(arguments.env)
    uses_identity = settings.uses_managed_identity or _assigned_roles(settings)
    if not (uses_identity or uses_existing(settings) or settings.network.infrastructure_subnet_id):
        log(f"{settings.env} calls existing accounts with keys only: nothing to check.")
        return
    az = log_in(settings, timeout_s=arguments.timeout_s)
    progress = Progress(again="Nothing was changed.")
    account = azure_account.sign_in(az, progress, subscription=az.subscription)
    problems = _check_provider(az, progress) if settings.owned_upstreams else []
    if settings.owned_upstreams and not problems:
        problems += _check_owned(az, progress, settings, subscription_id=account.subscription_id)
    problems += _check_account_roles(az, progress, settings)
    if uses_existing(settings):
        secrets = frozenset(secret.name for secret in build_secrets(settings))
        problems += check_existing_resources(az, progress, settings, secrets=secrets)
    problems += check_subnet(az, progress, settings, subscription_id=account.subscription_id)
    if roles := _assigned_roles(settings):
        problems += check_deployer(
            az,
            progress,
            account=account,
            group=settings.resource_group,
            identity=settings.naming.name("deploy_identity"),
            roles=roles,
        )
    if problems:
        text = "\n".join(f"- {problem}" for problem in problems)
        raise ScriptError(f"\nFailed: preflight of {settings.env}\n{text}\nNothing was changed.")
    progress.ok(f"Azure has what {settings.env} needs")


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="preflight.py",
        description="Tells before a deployment whether Azure offers an environment's models in its regions, with "
        "enough quota, and whether names, rights and a subnet are there. Changes nothing.",
    )
    parser.add_argument("--env", required=True, metavar="NAME", help="the environment")
    parser.add_argument(
        "--timeout-s",
        type=float,
        default=TIMEOUT_S,
        metavar="N",
        help=f"longest wait for one answer of Azure (default: {TIMEOUT_S:.0f})",
    )
    return parser.parse_args(words)


def table(findings: Sequence[Finding]) -> Table:
    """One line per deployment."""
    result = Table(box=None, header_style="bold")
    for name in _COLUMNS:
        result.add_column(name, justify="right" if name in _NUMBERS else "left", overflow="fold")
    for finding in findings:
        wanted, quota = finding.wanted, finding.quota
        status = Text("missing", style="bold red") if finding.problems else Text("ok", style="green")
        result.add_row(
            *(wanted.upstream, wanted.name, f"{wanted.model} {wanted.version}", wanted.sku),
            *(str(wanted.capacity), str(wanted.needed), f"{quota.free} of {quota.limit}" if quota else "unknown"),
            str(finding.retires or ""),
            status,
        )
    return result


def _check_provider(az: CommandLine, progress: Progress) -> list[str]:
    """Without the resource provider Azure tells neither models nor quota."""
    with progress.step(f"Resource provider {PROVIDER}"):
        state = az.query("provider", "show", "--namespace", PROVIDER)["registrationState"]
        if state == "Registered":
            progress.ok("registered")
            return []
    command = f"az provider register --wait --namespace {PROVIDER}"
    return [f"The resource provider {PROVIDER} is {state}. Register it, which takes minutes:\n  {command}"]


def _check_owned(
    az: CommandLine, progress: Progress, settings: EnvironmentSettings, *, subscription_id: str
) -> list[str]:
    problems: list[str] = []
    wanted: list[Wanted] = []
    with progress.step("Accounts"):
        deleted = ai_accounts.find_deleted(az)
        for upstream in settings.owned_upstreams:
            account = ai_accounts.Account(
                name=settings.naming.name("ai_account", location_short=upstream.location_short),
                resource_group=settings.resource_group,
                location=upstream.location,
            )
            deployments = ai_accounts.find_deployments(az, account)
            if deployments is not None:
                progress.ok(f"{account.name} exists")
            else:
                try:
                    problem = ai_accounts.why_not_free(az, account, subscription_id=subscription_id, deleted=deleted)
                except CommandError:
                    progress.note(f"this login may not ask whether the name {account.name} is free; continuing.")
                else:
                    if problem:
                        problems.append(problem)
                    else:
                        progress.ok(f"the name {account.name} is free")
            wanted += _wanted(upstream, deployments or ())
    regions: dict[str, Region] = {}
    for location in dict.fromkeys(each.location for each in wanted):
        with progress.step(f"Models and quota in {location}"):
            regions[location] = Region.read(az, location)
    findings = model_quota.check(az, wanted, regions, subscription_id=subscription_id, today=today())
    console().print(table(findings))
    for finding in findings:
        for note in finding.notes:
            progress.note(note)
        problems += finding.problems
    return problems


def _wanted(upstream: OwnedUpstream, deployments: Iterable[ai_accounts.Json]) -> list[Wanted]:
    """The upstream's deployments, with the capacity that each has already."""
    deployed = {
        (each["name"], each["properties"]["model"]["name"], each["sku"]["name"]): int(each["sku"]["capacity"] or 0)
        for each in deployments
        if each["sku"]  # old ones have none
    }
    return [
        Wanted(
            upstream=upstream.name,
            location=upstream.location,
            name=each.name,
            model=each.model,
            version=each.version,
            format=each.format,
            sku=each.sku,
            capacity=each.capacity,
            deployed=deployed.get((each.name, each.model, each.sku), 0),
        )
        for each in upstream.deployments
    ]


def _check_account_roles(az: CommandLine, progress: Progress, settings: EnvironmentSettings) -> list[str]:
    """Whether the identity may call existing accounts where the stack does not assign its role."""
    upstreams = [
        upstream
        for upstream in settings.all_upstreams
        if isinstance(upstream, ExistingUpstream) and not settings.uses_key(upstream) and not upstream.account_id
    ]
    if not upstreams:
        return []
    problems: list[str] = []
    with progress.step("The identity's role on existing accounts"):
        identity = find_identity(az, settings)
        for upstream in upstreams:
            account_id = ai_accounts.find_account_id(az, upstream.endpoint)
            command = role_command(identity, role=COGNITIVE_SERVICES_OPENAI_USER, scope=account_id or "ACCOUNT_ID")
            calls = {CALL[model.kind] for model in settings.all_models if upstream.serves(model.deployment)}
            is_allowed = may(az, identity, data_actions=calls, scope=account_id) if account_id else None
            if is_allowed:
                progress.ok(f"{upstream.name}: assigned")
            elif is_allowed is None:
                when = "" if identity.principal_id else " after the first deployment"
                progress.note(f"{upstream.name}: cannot be read. Assign it{when}, if it is missing:\n  {command}")
            else:
                problems.append(f"{upstream.name}: {identity.name} may not call {upstream.endpoint}. Run:\n  {command}")
    return problems


def _assigned_roles(settings: EnvironmentSettings) -> list[str]:
    """The roles that the stack assigns, besides that on the vault, by id."""
    existing = [upstream for upstream in settings.all_upstreams if isinstance(upstream, ExistingUpstream)]
    roles = []
    if settings.owned_upstreams or any(upstream.account_id for upstream in existing):
        roles.append(COGNITIVE_SERVICES_OPENAI_USER)
    if settings.observability.application_insights:
        roles.append(MONITORING_METRICS_PUBLISHER)
    return roles
