"""The container app in Azure: its address and its latest revision."""

from __future__ import annotations

from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.settings import settings_of
from scripts.terraform.stacks import Stack


def address(az: CommandLine, stack: Stack) -> str:
    """The gateway's URL, without a path."""
    app = az.find("containerapp", "show", "--name", stack.container_app, "--resource-group", stack.resource_group)
    if app is None:
        raise not_deployed(stack)
    return f"https://{app['properties']['configuration']['ingress']['fqdn']}"


def latest_revision(az: CommandLine, *, name: str, resource_group: str) -> str:
    """The name of the app's newest revision; a failure is logged, and is no reason to stop."""
    try:
        app = az.query("containerapp", "show", "--name", name, "--resource-group", resource_group)
    except ScriptError as failure:
        log(f"Cannot read the revision from Azure.\n{failure}")
        return "unknown"
    return str(app["properties"]["latestRevisionName"])


def not_deployed(stack: Stack) -> ScriptError:
    """The error for an app that does not exist."""
    return ScriptError(f"There is no {stack.container_app} in {stack.resource_group}: {stack.env} is not deployed yet.")


def log_ingress_limits(env: str) -> None:
    """Tell who can reach the gateway, before a command waits for it on a machine that cannot."""
    ingress = settings_of(env).ingress
    if not ingress.external:
        log(f"{env} is reachable inside its virtual network only: run this command there.")
    if ingress.ip_allowlist:
        log(f"{env} allows {', '.join(map(str, ingress.ip_allowlist))} only: run this command there.")
