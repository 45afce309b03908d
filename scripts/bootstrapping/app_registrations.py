"""App registrations and their service principals in Microsoft Entra ID, found by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scripts.bootstrapping.account import Principal
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError

# Microsoft Graph's answers until all of its replicas have a new application.
NOT_REPLICATED = (
    "does not exist or one of its queried reference-property",
    "does not reference a valid application",
)


@dataclass(frozen=True, kw_only=True)
class Application:
    """An app registration with its service principal."""

    name: str
    client_id: str
    principal: Principal
    is_new: bool


def find_app(az: CommandLine, name: str) -> dict[str, Any] | None:
    """The app registration of exactly this name (`--display-name` is a prefix), or None.

    Raises:
        ScriptError: there are several.
    """
    found: list[dict[str, Any]] = az.query("ad", "app", "list", "--filter", f"displayName eq '{name}'")
    if len(found) > 1:
        ids = ", ".join(app["appId"] for app in found)
        raise ScriptError(
            f"There are {len(found)} app registrations named {name} ({ids}). Delete or rename all but one."
        )
    return found[0] if found else None


def find_principals(az: CommandLine, client_id: str) -> list[str]:
    """The object ids of its service principals: one, or none."""
    return [str(each["id"]) for each in az.query("ad", "sp", "list", "--filter", f"appId eq '{client_id}'")]


def ensure_app(az: CommandLine, progress: Progress, name: str) -> Application:
    """Create the app registration and its service principal, where missing."""
    with progress.step(f"Identity {name}"):
        app = find_app(az, name)
        if app:
            client_id = str(app["appId"])
            progress.ok(f"app registration {name} ({client_id})")
        else:
            created = az.change("ad", "app", "create", "--display-name", name, "--sign-in-audience", "AzureADMyOrg")
            client_id = str(created["appId"]) if created else placeholder(name)
            progress.created(f"app registration {name} ({client_id})")
        principal = _ensure_principal(az, progress, name=name, client_id=client_id, is_new=app is None)
        return Application(name=name, client_id=client_id, principal=principal, is_new=app is None)


def placeholder(name: str) -> str:
    """The client id that a dry run shows of an application it did not create."""
    return f"<client id of {name}>"


def _ensure_principal(az: CommandLine, progress: Progress, *, name: str, client_id: str, is_new: bool) -> Principal:
    found = [] if is_new else find_principals(az, client_id)
    if found:
        progress.ok("service principal")
        return Principal(id=found[0], type="ServicePrincipal", name=name)
    created = az.change("ad", "sp", "create", "--id", client_id, retry_on=NOT_REPLICATED)
    progress.created("service principal")
    id_ = str(created["id"]) if created else f"<object id of {name}>"
    return Principal(id=id_, type="ServicePrincipal", name=name, is_new=True)
