"""`az rest`: what has no command of its own, in Microsoft Graph and Resource Manager."""

from __future__ import annotations

from tests.cloud.az.azure import Azure
from tests.cloud.az.cognitiveservices import model_capacities
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
    if f"{azure.scope}/providers/Microsoft.CognitiveServices/modelCapacities?api-version=" in url:
        return model_capacities(azure, url)
    raise AzError("", f"Not Found({url})", exit_code=1)
