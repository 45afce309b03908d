"""Secrets of Key Vaults: versions, soft delete, purge.

https://learn.microsoft.com/rest/api/keyvault/secrets
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.azure_api.errors import AzureError, answer_error
from local.azure_api.login import KEY_VAULT, caller_of
from local.azure_api.resource_id import ResourceId
from local.azure_api.roles import Roles
from local.tokens import TENANT_ID

_RETENTION_S = 90 * 24 * 3600
_Vault = dict[str, Any]
_Version = dict[str, Any]


@dataclass(kw_only=True)
class Secret:
    """Its versions, the newest last; `is_deleted`: it can be recovered, and its name is taken."""

    versions: list[_Version] = field(default_factory=list)
    is_deleted: bool = False


class VaultSecrets:
    """The secrets by vault and name; `find_vault` gives the vault as a resource, or None."""

    def __init__(self, roles: Roles, *, find_vault: Callable[[str], _Vault | None]) -> None:
        self._roles = roles
        self._find_vault = find_vault
        self.secrets: dict[tuple[str, str], Secret] = {}

    def app(self) -> Starlette:
        deleted = "/deletedsecrets/{name}"
        routes = [
            Route("/secrets/{name}", self._set, methods=["PUT"]),
            Route("/secrets/{name}", self._delete, methods=["DELETE"]),
            Route("/secrets/{name}", self._get, methods=["GET"]),
            Route("/secrets/{name}/", self._get, methods=["GET"]),
            Route("/secrets/{name}/", self._update, methods=["PATCH"]),
            Route("/secrets/{name}/versions", self._versions, methods=["GET"]),
            Route("/secrets/{name}/{version}", self._get, methods=["GET"]),
            Route("/secrets/{name}/{version}", self._update, methods=["PATCH"]),
            Route(deleted, self._get_deleted, methods=["GET"]),
            Route(deleted, self._purge, methods=["DELETE"]),
            Route(f"{deleted}/recover", self._recover, methods=["POST"]),
            Route("/certificates/contacts", self._certificate_contacts, methods=["GET"]),
            Route("/", self._root, methods=["GET"]),
        ]
        return Starlette(routes=routes, exception_handlers={AzureError: _answer_error})

    def forget(self, vault: str) -> None:
        """The vault is purged."""
        self.secrets = {place: secret for place, secret in self.secrets.items() if place[0] != vault}

    def can_read(self, principal: str, url: str) -> str:
        """Why a principal cannot read the secret of this address; empty if it can."""
        host, _, path = url.removeprefix("https://").partition("/")
        name = path.split("/")[1] if "/" in path else ""
        vault = self._find_vault(host.partition(".")[0])
        if vault is None:
            return f"there is no vault {host}"
        scope = ResourceId(f"{vault['id']}/secrets/{name}")
        if not self._roles.allows(principal, "Microsoft.KeyVault/vaults/secrets/getSecret/action", scope, data=True):
            return f"{principal} may not read secrets of {host}"
        secret = self.secrets.get((vault["name"], name))
        return "" if secret and not secret.is_deleted else f"there is no secret {name} in {host}"

    async def _root(self, _: Request) -> Response:
        """The provider asks for it until the vault's name is known."""
        return Response(status_code=404)

    async def _certificate_contacts(self, request: Request) -> Response:
        self._authorize(request, "certificatecas/read", kind="certificates")
        raise AzureError(404, "ContactsNotFound", "Contacts not found.")

    async def _set(self, request: Request) -> Response:
        place = self._authorize(request, "setSecret/action")
        secret = self.secrets.setdefault(place, Secret())
        if secret.is_deleted:
            raise AzureError(409, "Conflict", f"Secret {place[1]} is currently in a deleted but recoverable state.")
        secret.versions.append({**await request.json(), "version": uuid.uuid4().hex, "created": int(time.time())})
        return _bundle(place, secret.versions[-1])

    async def _get(self, request: Request) -> Response:
        place = self._authorize(request, "getSecret/action")
        return _bundle(place, self._version(place, request))

    async def _versions(self, request: Request) -> Response:
        """Without their values."""
        place = self._authorize(request, "readMetadata/action")
        self._version(place, request)
        versions = [_content(place, {**version, "value": None}) for version in self.secrets[place].versions]
        return JSONResponse({"value": versions})

    async def _update(self, request: Request) -> Response:
        place = self._authorize(request, "update/action")
        version = self._version(place, request)
        version.update(await request.json())
        return _bundle(place, version)

    async def _delete(self, request: Request) -> Response:
        place = self._authorize(request, "delete")
        self._version(place, request)
        self.secrets[place].is_deleted = True
        return self._deleted_bundle(place)

    async def _get_deleted(self, request: Request) -> Response:
        return self._deleted_bundle(self._authorize(request, "readMetadata/action"))

    async def _recover(self, request: Request) -> Response:
        place = self._authorize(request, "recover/action")
        self._deleted_bundle(place)
        self.secrets[place].is_deleted = False
        return _bundle(place, self.secrets[place].versions[-1])

    async def _purge(self, request: Request) -> Response:
        place = self._authorize(request, "purge/action")
        self._deleted_bundle(place)
        vault = self._find_vault(place[0])
        if vault and vault["properties"].get("enablePurgeProtection"):
            message = "Operation 'purge' is not allowed because purge protection is enabled for this vault."
            raise AzureError(403, "Forbidden", message)
        del self.secrets[place]
        return Response(status_code=204)

    def _version(self, place: tuple[str, str], request: Request) -> _Version:
        secret, wanted = self.secrets.get(place), request.path_params.get("version")
        versions = secret.versions if secret and not secret.is_deleted else []
        found = [version for version in versions if wanted in {None, version["version"]}]
        if found:
            return found[-1]
        raise AzureError(404, "SecretNotFound", f"A secret with (name/id) {place[1]} was not found in this key vault.")

    def _deleted_bundle(self, place: tuple[str, str]) -> Response:
        secret = self.secrets.get(place)
        if not secret or not secret.is_deleted:
            raise AzureError(404, "SecretNotFound", f"Deleted Secret not found: {place[1]}")
        purge_at = int(time.time()) + _RETENTION_S
        more = {"recoveryId": f"https://{place[0]}.vault.azure.net/deletedsecrets/{place[1]}"}
        return _bundle(place, {**secret.versions[-1], "value": None}, **more, scheduledPurgeDate=purge_at)

    def _authorize(self, request: Request, action: str, *, kind: str = "secrets") -> tuple[str, str]:
        """Vault and secret of a request that may be made."""
        name = request.url.hostname.partition(".")[0] if request.url.hostname else ""
        vault = self._find_vault(name)
        if vault is None:
            raise AzureError(404, "VaultNotFound", f"There is no vault {name}.")
        caller, secret = caller_of(request.headers, audience=KEY_VAULT), request.path_params.get("name", "")
        scope = ResourceId(f"{vault['id']}/{kind}/{secret}")
        wanted = f"Microsoft.KeyVault/vaults/{kind}/{action}"
        if not self._roles.allows(caller.oid, wanted, scope, data=True):
            raise AzureError(
                403,
                "Forbidden",
                "Caller is not authorized to perform action on resource. If role assignments, deny assignments or role "
                f"definitions were changed recently, please observe propagation time. Action: '{wanted}', object id: "
                f"'{caller.oid}', vault: {name}.",
            )
        return vault["name"], secret


def _bundle(place: tuple[str, str], version: dict[str, Any], **more: object) -> Response:
    return JSONResponse(_content(place, version, **more))


def _content(place: tuple[str, str], version: dict[str, Any], **more: object) -> dict[str, Any]:
    vault, name = place
    content = {
        "id": f"https://{vault}.vault.azure.net/secrets/{name}/{version['version']}",
        "value": version.get("value"),
        "contentType": version.get("contentType"),
        "tags": version.get("tags"),
        "attributes": {"enabled": True, "created": version["created"], "updated": version["created"]},
        **more,
    }
    return {key: value for key, value in content.items() if value is not None}


async def _answer_error(request: Request, error: Exception) -> Response:
    """A request without a token is told where to get one; the provider asks first without one."""
    response = await answer_error(request, error)
    if response.status_code == 401:
        authority = f"https://login.microsoftonline.com/{TENANT_ID}"
        response.headers["WWW-Authenticate"] = f'Bearer authorization="{authority}", resource="{KEY_VAULT}"'
    return response
