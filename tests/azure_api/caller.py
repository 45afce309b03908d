"""Calls of Azure's APIs with the token of an application."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from local.azure_api.login import KEY_VAULT, RESOURCE_MANAGER
from local.tokens import TENANT_ID

VERSIONS = {
    "Microsoft.KeyVault": "2026-02-01",
    "Microsoft.ManagedIdentity": "2024-11-30",
    "Microsoft.OperationalInsights": "2023-09-01",
    "Microsoft.App": "2025-07-01",
    "Microsoft.Authorization": "2022-04-01",
    "Microsoft.Storage": "2023-05-01",
}


@dataclass
class Caller:
    """An application that is signed in."""

    http: httpx.Client
    client_id: str

    def token(self, audience: str) -> str:
        form = {"client_id": self.client_id, "client_assertion": "x", "scope": f"{audience}/.default"}
        url = f"https://login.microsoftonline.com/{TENANT_ID}/oauth2/v2.0/token"
        return str(self.http.post(url, data=form).json()["access_token"])

    def ask(
        self, method: str, url: str, body: object = None, *, audience: str, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        bearer = {"authorization": f"Bearer {self.token(audience)}", **(headers or {})}
        return self.http.request(method, url, json=body, headers=bearer)

    def manage(self, method: str, id_: str, body: object = None, *, version: str = "") -> httpx.Response:
        namespace = id_.rpartition("/providers/")[2].partition("/")[0]
        query = f"?api-version={version or VERSIONS.get(namespace, '2023-07-01')}"
        return self.ask(method, f"{RESOURCE_MANAGER}{id_}{query}", body, audience=RESOURCE_MANAGER)

    def secret(
        self, method: str, name: str, value: str = "", *, path: str = "secrets", vault: str = "our-vault"
    ) -> httpx.Response:
        url = f"https://{vault}.vault.azure.net/{path}/{name}?api-version=7.4"
        return self.ask(method, url, {"value": value} if value else None, audience=KEY_VAULT)
