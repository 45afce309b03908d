"""`az rest`: the two things of Microsoft Graph that have no command of their own."""

from __future__ import annotations

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import AzError, Json, command

GRAPH = "https://graph.microsoft.com/v1.0"
DENIED = '{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete it."}}'


@command("rest")
def rest(azure: Azure, *, url: str, method: str = "get") -> Json:
    """Reads only."""
    if method != "get":
        raise AzError("", f"{method} {url}: this stand-in only reads")
    if url == f"{GRAPH}/policies/authorizationPolicy":
        if azure["allowed_to_create_apps"] is None:
            raise AzError("", f"Forbidden({DENIED})")
        return {"defaultUserRolePermissions": {"allowedToCreateApps": azure["allowed_to_create_apps"]}}
    if url == f"{GRAPH}/me/transitiveMemberOf/microsoft.graph.directoryRole":
        return {"value": [{"displayName": role} for role in azure["directory_roles"]]}
    raise AzError("", f"Not Found({url})", exit_code=1)
