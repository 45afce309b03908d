"""Blob Storage, as far as Terraform's backend calls it: blobs in containers, and leases as the locks of a state.

https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.azure_api.errors import AzureError, answer_error
from local.azure_api.login import STORAGE, caller_of
from local.azure_api.resource_id import ResourceId
from local.azure_api.roles import Roles

_METHODS = ["GET", "HEAD", "PUT", "DELETE"]
_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "DELETE": "delete"}
_META = "x-ms-meta-"


@dataclass(kw_only=True)
class Blob:
    """`metadata` are headers; `lease` is the id of whoever holds it."""

    content: bytes = b""
    metadata: dict[str, str] = field(default_factory=dict)
    lease: str = ""


class Blobs:
    """All blobs, by account, container and name; `accounts` tells where an account is in Resource Manager."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self.accounts: dict[str, ResourceId] = {}
        self.blobs: dict[tuple[str, str, str], Blob] = {}

    def app(self) -> Starlette:
        routes = [
            Route("/{container}", self._list, methods=["GET"]),
            Route("/{container}/{name:path}", self._blob, methods=_METHODS),
        ]
        return Starlette(routes=routes, exception_handlers={AzureError: answer_error})

    async def _list(self, request: Request) -> Response:
        account, container = self._authorize(request)
        prefix = request.query_params.get("prefix", "")
        names = sorted(name for of, within, name in self.blobs if (of, within) == (account, container))
        found = "".join(f"<Blob><Name>{escape(name)}</Name></Blob>" for name in names if name.startswith(prefix))
        content = f'<?xml version="1.0"?><EnumerationResults><Blobs>{found}</Blobs><NextMarker/></EnumerationResults>'
        return Response(content, media_type="application/xml")

    async def _blob(self, request: Request) -> Response:
        place = (*self._authorize(request), request.path_params["name"])
        blob = self.blobs.get(place)
        part = request.query_params.get("comp")
        if request.method == "PUT" and part is None:
            new = Blob(content=await request.body(), metadata=_metadata(request.headers))
            if blob is not None:
                _require_lease(blob, request)
                new.lease = blob.lease
            self.blobs[place] = new
            return _answer(201)
        if blob is None:
            raise AzureError(404, "BlobNotFound", "The specified blob does not exist.")
        if request.method in {"GET", "HEAD"}:
            leased = {"x-ms-lease-state": "leased" if blob.lease else "available"}
            return _answer(200, blob.content, {**blob.metadata, **leased})
        if part == "lease":
            return _lease(blob, request)
        _require_lease(blob, request)
        if request.method == "DELETE":
            del self.blobs[place]
            return _answer(202)
        if part == "metadata":
            blob.metadata = _metadata(request.headers)
            return _answer(200)
        raise AzureError(400, "InvalidQueryParameterValue", f"comp={part} is not imitated.")

    def _authorize(self, request: Request) -> tuple[str, str]:
        """Account and container of a request that may be made."""
        account = request.url.hostname.partition(".")[0] if request.url.hostname else ""
        container = request.path_params["container"]
        caller = caller_of(request.headers, audience=STORAGE)
        if account not in self.accounts:
            raise AzureError(404, "AccountNotFound", f"There is no storage account {account}.")
        scope = ResourceId(f"{self.accounts[account]}/blobServices/default/containers/{container}")
        action = f"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/{_VERBS[request.method]}"
        if not self._roles.allows(caller.oid, action, scope, data=True):
            message = "This request is not authorized to perform this operation using this permission."
            raise AzureError(403, "AuthorizationPermissionMismatch", message)
        return account, container


def _lease(blob: Blob, request: Request) -> Response:
    action, lease = request.headers.get("x-ms-lease-action"), request.headers.get("x-ms-lease-id", "")
    if action == "acquire":
        if blob.lease:
            raise AzureError(409, "LeaseAlreadyPresent", "There is already a lease present.")
        blob.lease = request.headers.get("x-ms-proposed-lease-id") or str(uuid.uuid4())
        return _answer(201, headers={"x-ms-lease-id": blob.lease})
    if action == "release" and lease != blob.lease:
        raise AzureError(409, "LeaseIdMismatchWithLeaseOperation", "The lease ID specified did not match.")
    if action not in {"release", "break"}:
        raise AzureError(400, "InvalidHeaderValue", f"The lease action {action} is not imitated.")
    blob.lease = ""
    return _answer(200 if action == "release" else 202)


def _require_lease(blob: Blob, request: Request) -> None:
    """Who writes a leased blob names the lease."""
    given = request.headers.get("x-ms-lease-id")
    if blob.lease and given is None:
        raise AzureError(412, "LeaseIdMissing", "There is currently a lease on the blob and no lease ID was specified.")
    if (given or "") != blob.lease:
        raise AzureError(
            412, "LeaseIdMismatchWithBlobOperation", "The lease ID did not match the lease ID for the blob."
        )


def _metadata(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith(_META)}


def _answer(status: int, content: bytes = b"", headers: Mapping[str, str] | None = None) -> Response:
    own = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2023-11-03"}
    return Response(content, status, {**own, **(headers or {})}, media_type="application/json")
