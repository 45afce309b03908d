"""App registrations and their service principals in Microsoft Entra ID, found by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scripts.bootstrapping.account import Principal
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandError, CommandLine
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
    return [str(each["id"]) for each in _list_principals(az, client_id)]


def _list_principals(az: CommandLine, client_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = az.query("ad", "sp", "list", "--filter", f"appId eq '{client_id}'")
    return found


def ensure_app(az: CommandLine, progress: Progress, name: str, *, caller: Principal) -> Application:
    """Create the app registration and its service principal, where missing; tell who else could log in as it."""
    with progress.step(f"Identity {name}"):
        app = find_app(az, name)
        if app:
            client_id = str(app["appId"])
            progress.ok(f"app registration {name} ({client_id})")
            _report_passwords(progress, app, kind="app", id_=client_id)
            _report_owners(az, progress, client_id=client_id, caller=caller)
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
    found = [] if is_new else _list_principals(az, client_id)
    if found:
        id_ = str(found[0]["id"])
        progress.ok("service principal")
        _report_passwords(progress, found[0], kind="sp", id_=id_)
        return Principal(id=id_, type="ServicePrincipal", name=name)
    created = az.change("ad", "sp", "create", "--id", client_id, retry_on=NOT_REPLICATED)
    progress.created("service principal")
    id_ = str(created["id"]) if created else f"<object id of {name}>"
    return Principal(id=id_, type="ServicePrincipal", name=name, is_new=True)


def _report_passwords(progress: Progress, found: Mapping[str, Any], *, kind: Literal["app", "sp"], id_: str) -> None:
    """The workflows have none: whoever made one can log in from anywhere."""
    for field, what, option in (("passwordCredentials", "password", ""), ("keyCredentials", "certificate", " --cert")):
        for each in found.get(field) or ():
            delete = f"az ad {kind} credential delete --id {id_} --key-id {each['keyId']}{option}"
            progress.note(f"it has a {what}, which no workflow needs. To delete it: {delete}")


def _report_owners(az: CommandLine, progress: Progress, *, client_id: str, caller: Principal) -> None:
    """An owner can add passwords and credentials. Anybody who may register applications could have made one before."""
    try:
        owners = az.query("ad", "app", "owner", "list", "--id", client_id)
    except CommandError:
        progress.note("this login cannot read who owns it.")
        return
    others = [str(each.get("userPrincipalName") or each["displayName"]) for each in owners if each["id"] != caller.id]
    if others:
        who = ", ".join(sorted(others))
        progress.note(f"also owned by {who}, who can log in as it (docs/security.md#when-somebody-leaves)")
