"""The login, which must be of the subscription and the tenant that the settings of an environment name.

Terraform takes both from ARM_... variables, and without them from az; az uses ARM_SUBSCRIPTION_ID, too. Whoever is
logged in elsewhere would plan, read or change another environment's resources of the same names, or find none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Protocol

from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError

_OF_A_WORKFLOW = ("ARM_CLIENT_ID", "ARM_TENANT_ID", "ARM_SUBSCRIPTION_ID")


class Environment(Protocol):
    """Its settings, or its stack; an id that the settings do not name is None, and any login will do."""

    @property
    def env(self) -> str:
        """Its name."""

    @property
    def subscription_id(self) -> str | None:
        """Where its resources are."""

    @property
    def tenant_id(self) -> str | None:
        """Of that subscription."""


def log_in(*environments: Environment, dry_run: bool = False, timeout_s: float | None = None) -> CommandLine:
    """`az` in Terraform's subscription; without ARM_SUBSCRIPTION_ID, in az's default one.

    Raises:
        ScriptError: the settings of one of the environments name another subscription or tenant.
    """
    az = CommandLine("az", dry_run=dry_run, subscription=_given("ARM_SUBSCRIPTION_ID"), timeout_s=timeout_s)
    if os.environ.get("ARM_USE_OIDC") == "true" and (unset := [name for name in _OF_A_WORKFLOW if not _given(name)]):
        raise ScriptError(
            f"{', '.join(unset)}: empty, because GitHub has no such variable for this job. Run "
            f"`python3 scripts/bootstrap.py{''.join(f' --env {each.env}' for each in environments)}`, which sets it.",
            code=2,
        )
    if mistakes := [mistake for environment in environments for mistake in _mistakes(az, environment)]:
        raise ScriptError("\n".join(mistakes), code=2)
    return az


def _mistakes(az: CommandLine, environment: Environment) -> Iterator[str]:
    """At most one, which says what to do; az is asked only for what no variable tells."""
    file = f"settings/environments/{environment.env}.toml"
    for wanted, variable in (
        (environment.tenant_id, "ARM_TENANT_ID"),
        (environment.subscription_id, "ARM_SUBSCRIPTION_ID"),
    ):
        given = _given(variable)
        if given and wanted and given.lower() != wanted.lower():
            yield (
                f"{variable} is {given}, and {file} names {wanted}. Correct the one that is wrong. GitHub's variables "
                f"are set by `python3 scripts/bootstrap.py --env {environment.env}`."
            )
            return
    subscription, tenant = environment.subscription_id, environment.tenant_id
    is_known = (not subscription or _given("ARM_SUBSCRIPTION_ID")) and (not tenant or _given("ARM_TENANT_ID"))
    if is_known:
        return
    account = az.query("account", "show", *(("--subscription", az.subscription) if az.subscription else ()))
    used = f"az uses the subscription {account['name']} ({account['id']}) of the tenant {account['tenantId']}"
    if tenant and account["tenantId"].lower() != tenant.lower():
        yield f"{used}, and {file} names the tenant {tenant}. Run: az login --tenant {tenant}"
    elif subscription and account["id"].lower() != subscription.lower():
        yield f"{used}, and {file} names {subscription}. Run: az account set --subscription {subscription}"


def _given(variable: str) -> str | None:
    return os.environ.get(variable) or None
