"""`az ad`: Microsoft Graph of the tenant of the subscription in use; its failures carry no code."""

from __future__ import annotations

import json
import re

from tests.cloud.az.azure import CALLER, Azure
from tests.cloud.az.commands import AzError, Json, command

CREATORS = {
    "Global Administrator",
    "Application Administrator",
    "Cloud Application Administrator",
    "Application Developer",
}


@command("ad signed-in-user show")
def signed_in_user(azure: Azure) -> Json:
    """Of people only."""
    if azure["user"]["type"] != "user":
        raise AzError("", "/me request is only valid with delegated authentication flow.")
    return {"id": CALLER, "userPrincipalName": azure["user"]["name"], "displayName": "Ada"}


@command("ad app list")
def app_list(azure: Azure, *, filter: str | None = None, display_name: str | None = None) -> list[Json]:
    """`--display-name` is a prefix."""
    key, value = _equals(filter) if filter else ("displayName", None)
    return [
        _shown(app)
        for app in azure.in_tenant("apps")
        if (value is None or app[key] == value) and app["displayName"].startswith(display_name or "")
    ]


@command("ad app create", changes=True)
def app_create(
    azure: Azure, *, display_name: str, sign_in_audience: str = "AzureADandPersonalMicrosoftAccount"
) -> Json:
    """The one of that name is changed instead, if there is one."""
    may_create = azure["allowed_to_create_apps"] or CREATORS & set(azure["directory_roles"])
    if not may_create:
        raise AzError(
            "",
            "Directory permission is needed for the current user to register the application. Original error: "
            "Insufficient privileges to complete the operation.",
        )
    same = [app for app in azure.in_tenant("apps") if app["displayName"] == display_name]
    app = same[0] if same else {"id": azure.guid(), "appId": azure.guid(), "tenantId": azure.tenant, "credentials": []}
    app.update({"displayName": display_name, "signInAudience": sign_in_audience})
    if not same:
        azure["apps"].append(app)
    return _shown(app)


@command("ad app delete", changes=True)
def app_delete(azure: Azure, *, id: str) -> None:
    """With its service principal, whose role assignments stay."""
    app = _app(azure, id)
    azure["apps"].remove(app)
    azure.data["service_principals"] = [sp for sp in azure["service_principals"] if sp["appId"] != app["appId"]]


@command("ad app owner list")
def owner_list(azure: Azure, *, id: str) -> list[Json]:
    """Whoever made it, unless a test says otherwise."""
    owners: list[Json] = _app(azure, id).get("owners") or [{"id": CALLER, "userPrincipalName": azure["user"]["name"]}]
    return owners


@command("ad sp list")
def sp_list(azure: Azure, *, filter: str) -> list[Json]:
    """Those of an application."""
    key, value = _equals(filter)
    return [sp for sp in azure.in_tenant("service_principals") if sp[key] == value]


@command("ad sp show")
def sp_show(azure: Azure, *, id: str) -> Json:
    """By application id or object id."""
    for sp in azure.in_tenant("service_principals"):
        if id in {sp["appId"], sp["id"]}:
            found: Json = sp
            return found
    raise AzError("", f"Service principal '{id}' doesn't exist", exit_code=3)


@command("ad sp create", changes=True)
def sp_create(azure: Azure, *, id: str) -> Json:
    """One for each application."""
    app = _app(azure, id)
    if any(sp["appId"] == app["appId"] for sp in azure["service_principals"]):
        raise AzError("", f"The service principal cannot be created: the name {app['appId']} is already in use.")
    sp = {"id": azure.guid(), "appId": app["appId"], "displayName": app["displayName"], "tenantId": azure.tenant}
    azure["service_principals"].append(sp)
    return sp


@command("ad app federated-credential list")
def credential_list(azure: Azure, *, id: str) -> list[Json]:
    """Of one application."""
    credentials: list[Json] = _app(azure, id)["credentials"]
    return credentials


@command("ad app federated-credential create", changes=True)
def credential_create(azure: Azure, *, id: str, parameters: str) -> Json:
    """Neither its name nor its subject, of the same issuer, may be there already."""
    wanted, app = json.loads(parameters), _app(azure, id)
    for credential in app["credentials"]:
        trust = (credential["issuer"], credential["subject"])
        if credential["name"] == wanted["name"] or trust == (wanted["issuer"], wanted["subject"]):
            raise AzError("", "FederatedIdentityCredential with name, or with issuer and subject, already exists.")
    app["credentials"].append({"id": azure.guid(), "description": None, **wanted})
    created: Json = app["credentials"][-1]
    return created


@command("ad app federated-credential update", changes=True)
def credential_update(azure: Azure, *, id: str, federated_credential_id: str, parameters: str) -> None:
    """By id or name; a name never changes. Prints nothing."""
    wanted = json.loads(parameters)
    for credential in _app(azure, id)["credentials"]:
        if federated_credential_id in {credential["id"], credential["name"]}:
            if "name" in wanted:
                raise AzError("", "Property 'name' is read-only and cannot be set.")
            credential.update(wanted)
            return
    raise AzError("", f"Resource '{federated_credential_id}' does not exist.", exit_code=3)


def _equals(odata: str) -> tuple[str, str]:
    found = re.fullmatch(r"(\w+) eq '([^']*)'", odata)
    if not found:
        raise AzError("", f"Invalid filter clause: {odata}")
    return found[1], found[2]


def _app(azure: Azure, id_: str) -> Json:
    for app in azure.in_tenant("apps"):
        if id_ in {app["id"], app["appId"]}:
            found: Json = app
            return found
    what = "does not exist or one of its queried reference-property objects are not present."
    raise AzError("", f"Resource '{id_}' {what}", exit_code=3)


def _shown(app: Json) -> Json:
    return {key: value for key, value in app.items() if key not in {"credentials", "owners", "tenantId"}}
