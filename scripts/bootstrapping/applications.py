"""App registrations and service principals, found by their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scripts.bootstrapping.account import Principal
from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError

# Microsoft Graph answers with these while its replicas have not all heard of a new application.
NOT_YET = ("does not exist or one of its queried reference-property", "does not reference a valid application")


@dataclass(frozen=True, kw_only=True)
class Application:
    """One identity of the pipeline."""

    name: str
    client_id: str
    principal: Principal
    is_new: bool


def find_application(az: CommandLine, name: str) -> dict[str, Any] | None:
    """The one of exactly this name (`--display-name` would be a prefix); `ScriptError` if there are several."""
    found: list[dict[str, Any]] = az.ask("ad", "app", "list", "--filter", f"displayName eq '{name}'")
    if len(found) > 1:
        ids = ", ".join(app["appId"] for app in found)
        raise ScriptError(
            f"There are {len(found)} app registrations called {name} ({ids}). Delete or rename all but one."
        )
    return found[0] if found else None


def ensure_application(az: CommandLine, steps: Steps, name: str) -> Application:
    """Make what is missing of it."""
    with steps.step(f"Identity {name}"):
        app = find_application(az, name)
        if app:
            client_id = str(app["appId"])
            steps.found(f"app registration {name} ({client_id})")
        else:
            made = az.change("ad", "app", "create", "--display-name", name, "--sign-in-audience", "AzureADMyOrg")
            client_id = str(made["appId"]) if made else f"<client id of {name}>"
            steps.created(f"app registration {name} ({client_id})")
        principal = _ensure_principal(az, steps, name=name, client_id=client_id, is_new=app is None)
        return Application(name=name, client_id=client_id, principal=principal, is_new=app is None)


def _ensure_principal(az: CommandLine, steps: Steps, *, name: str, client_id: str, is_new: bool) -> Principal:
    found = [] if is_new else az.ask("ad", "sp", "list", "--filter", f"appId eq '{client_id}'")
    if found:
        steps.found("service principal")
        return Principal(id=found[0]["id"], type="ServicePrincipal", name=name)
    made = az.change("ad", "sp", "create", "--id", client_id, not_yet=NOT_YET)
    steps.created("service principal")
    id_ = str(made["id"]) if made else f"<object id of {name}>"
    return Principal(id=id_, type="ServicePrincipal", name=name, is_new=True)
