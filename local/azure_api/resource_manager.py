"""Azure Resource Manager: resources of every kind by the same rules, long-running operations, and who may do what.

https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
"""

import copy
import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.azure_api import container_apps
from local.azure_api.changes import Change, Resource
from local.azure_api.errors import AzureError, answer_error, not_found
from local.azure_api.kinds import KINDS, Kind
from local.azure_api.login import RESOURCE_MANAGER, caller_of
from local.azure_api.resource_id import ResourceId
from local.azure_api.roles import Assignment, Roles
from local.azure_api.vault_secrets import VaultSecrets
from local.tokens import TENANT_ID
from settings.locations import REGIONS

_METHODS = ["GET", "PUT", "PATCH", "DELETE", "POST", "HEAD"]
_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_GROUP = "microsoft.resources/subscriptions/resourcegroups"
_ROLE_ASSIGNMENT = "microsoft.authorization/roleassignments"
_SUBSCRIPTION = "/subscriptions/{subscription}"
_POLLS = 1
"""How often an operation is still running when it is asked for."""


@dataclass(kw_only=True)
class Operation:
    """A change that is not finished; who polls it brings its end nearer."""

    id: str
    is_delete: bool
    polls: int = _POLLS


class ResourceManager:
    """The resources by their ids in lower case, and what is going on with them.

    `deleted_*` are soft-deleted: they keep their names. `unknown` are requests that are not imitated, for the test.
    """

    def __init__(self, roles: Roles) -> None:
        self.roles = roles
        self.secrets = VaultSecrets(roles, find_vault=self.vault)
        self.resources: dict[str, Resource] = {}
        self.subscriptions: set[str] = set()
        self.deleted_vaults: dict[str, Resource] = {}
        self.deleted_accounts: dict[str, Resource] = {}
        self.deleted_workspaces: dict[str, Resource] = {}
        self.unknown: list[str] = []
        self._operations: dict[str, Operation] = {}
        self._features: dict[str, Any] = {}

    def app(self) -> Starlette:
        providers = f"{_SUBSCRIPTION}/providers"
        deleted = "microsoft.cognitiveservices/locations/{location}/resourcegroups/{group}/deletedaccounts/{name}"
        vault = "microsoft.keyvault/locations/{location}/deletedvaults/{name}"
        routes = [
            Route("/metadata/endpoints", self._metadata),
            Route(_SUBSCRIPTION, self._subscription),
            Route(f"{_SUBSCRIPTION}/resources", self._resources),
            Route(providers, self._providers),
            Route(f"{providers}/microsoft.operationalinsights/deletedworkspaces", self._deleted_workspaces),
            Route(f"{providers}/{vault}", self._deleted_vault),
            Route(f"{providers}/{vault}/purge", self._purge_vault, methods=["POST"]),
            Route(f"{providers}/{deleted}", self._deleted_account, methods=["GET", "DELETE"]),
            Route(f"{providers}/{{namespace}}/locations/{{location}}/operationstatuses/{{id}}", self._operation),
            Route(f"{providers}/{{namespace}}/{{type}}", self._list),
            Route(f"{_SUBSCRIPTION}/resourcegroups/{{group}}/resources", self._resources),
            Route("/{scope:path}/providers/microsoft.authorization/roledefinitions", self._role_definitions),
            Route("/{scope:path}/providers/microsoft.authorization/roledefinitions/{id}", self._role_definition),
            Route("/{path:path}/currentbillingfeatures", self._billing_features, methods=["GET", "PUT"]),
            Route("/{path:path}/sharedkeys", self._shared_keys, methods=["POST"]),
            Route("/{path:path}/listsecrets", self._list_secrets, methods=["POST"]),
            Route("/{path:path}", self._resource, methods=_METHODS),
        ]
        return Starlette(routes=routes, exception_handlers={AzureError: answer_error})

    def vault(self, name: str) -> Resource | None:
        """The vault of this name."""
        vaults = self.children("", "microsoft.keyvault/vaults")
        return next((vault for vault in vaults if vault["name"].lower() == name.lower()), None)

    def children(self, scope: str, kind: str) -> list[Resource]:
        """Resources of a kind in a scope; of any kind for an empty text."""
        found = [(ResourceId(resource["id"]), resource) for resource in self.resources.values()]
        return [resource for id_, resource in found if id_.is_in(scope) and kind in {"", id_.type}]

    def put(self, id_: ResourceId, resource: Resource, *, caller: str = "") -> Resource:
        """Create or change a resource by the rules of its kind, without asking who may."""
        kind = KINDS.get(id_.type)
        old = self.resources.get(id_.key)
        new = {**copy.deepcopy(resource), "id": id_.text, "name": id_.name, "type": kind.name if kind else id_.type}
        if old is not None:
            new["id"] = old["id"]
        new.setdefault("properties", {})
        if kind:
            kind.complete(Change(azure=self, caller=caller, id=id_, resource=new, old=old))
        new["properties"]["provisioningState"] = "Succeeded"
        self.resources[id_.key] = new
        return new

    # What every subscription has.

    async def _metadata(self, _: Request) -> Response:
        cloud = {"endpoint": RESOURCE_MANAGER.removeprefix("https://"), "locations": sorted(REGIONS)}
        return JSONResponse({"cloudEndpoint": {"public": cloud}})

    async def _subscription(self, request: Request) -> Response:
        subscription = self._known(request)
        content = {"id": f"/subscriptions/{subscription}", "subscriptionId": subscription, "tenantId": TENANT_ID}
        return JSONResponse({**content, "state": "Enabled", "displayName": "The imitation's"})

    async def _providers(self, request: Request) -> Response:
        """Providers and their registration: not for who has a role on a resource group only."""
        scope = ResourceId(f"/subscriptions/{self._known(request)}")
        self.roles.require(self._caller(request), "Microsoft.Resources/subscriptions/providers/read", scope)
        names = sorted({kind.name.partition("/")[0] for kind in KINDS.values()})
        found = [{"namespace": name, "registrationState": "Registered", "resourceTypes": []} for name in names]
        return JSONResponse({"value": found})

    async def _resources(self, request: Request) -> Response:
        """Those that the caller may see, perhaps of one type."""
        group = request.path_params.get("group")
        scope = f"/subscriptions/{self._known(request)}{f'/resourceGroups/{group}' if group else ''}"
        wanted = re.search(r"resourceType eq '([^']+)'", request.query_params.get("$filter", ""))
        kinds = {wanted[1].lower()} if wanted else set(KINDS) - {"microsoft.authorization/locks"}
        found = [each for each in self.children(scope, "") if ResourceId(each["id"]).type in kinds]
        return JSONResponse({"value": self._visible(request, found)})

    async def _list(self, request: Request) -> Response:
        kind = f"{request.path_params['namespace']}/{request.path_params['type']}".lower()
        found = self.children(f"/subscriptions/{self._known(request)}", kind)
        return JSONResponse({"value": self._visible(request, found)})

    async def _operation(self, request: Request) -> Response:
        for key, operation in self._operations.items():
            if operation.id == request.path_params["id"]:
                is_done = self._poll(key)
                return JSONResponse({"id": operation.id, "status": "Succeeded" if is_done else "InProgress"})
        return JSONResponse({"id": request.path_params["id"], "status": "Succeeded"})

    # Soft-deleted resources lie in the subscription: a role on a resource group does not reach them.

    async def _deleted_workspaces(self, request: Request) -> Response:
        scope = ResourceId(f"/subscriptions/{self._known(request)}")
        self.roles.require(self._caller(request), "Microsoft.OperationalInsights/deletedWorkspaces/read", scope)
        return JSONResponse({"value": list(self.deleted_workspaces.values())})

    async def _deleted_vault(self, request: Request) -> Response:
        return JSONResponse(
            self._deleted(request, self.deleted_vaults, "Microsoft.KeyVault/locations/deletedVaults/read")
        )

    async def _purge_vault(self, request: Request) -> Response:
        action = "Microsoft.KeyVault/locations/deletedVaults/purge/action"
        vault = self._deleted(request, self.deleted_vaults, action)
        if vault["properties"].get("enablePurgeProtection"):
            raise AzureError(400, "MethodNotAllowed", "Purge is not allowed: purge protection is enabled.")
        del self.deleted_vaults[vault["name"].lower()]
        self.secrets.forget(vault["name"])
        location = f"{RESOURCE_MANAGER}/subscriptions/{self._known(request)}/providers/Microsoft.KeyVault/locations/"
        location += (
            f"{vault['location']}/operationStatuses/{uuid.uuid4()}?api-version={request.query_params['api-version']}"
        )
        return Response(status_code=202, headers={"Location": location}, media_type="application/json")

    async def _deleted_account(self, request: Request) -> Response:
        verb = _VERBS[request.method]
        action = f"Microsoft.CognitiveServices/locations/resourceGroups/deletedAccounts/{verb}"
        account = self._deleted(request, self.deleted_accounts, action)
        if verb == "delete":
            del self.deleted_accounts[account["name"].lower()]
        return JSONResponse(account)

    def _deleted(self, request: Request, found: dict[str, Resource], action: str) -> Resource:
        scope = ResourceId(f"/subscriptions/{self._known(request)}")
        self.roles.require(self._caller(request), action, scope)
        name = request.path_params["name"].lower()
        if name not in found:
            raise AzureError(404, "NotFound", f"There is no deleted resource {name}.")
        return found[name]

    # Roles.

    async def _role_definitions(self, request: Request) -> Response:
        scope = self._readable_roles(request)
        name = re.search(r"roleName eq '([^']+)'", request.query_params.get("$filter", ""))
        roles = [role for role in self.roles.definitions.values() if not name or role.name == name[1]]
        return JSONResponse({"value": [role.as_json(scope) for role in roles]})

    async def _role_definition(self, request: Request) -> Response:
        scope, role = self._readable_roles(request), self.roles.definitions.get(request.path_params["id"])
        if role is None:
            raise AzureError(404, "RoleDefinitionDoesNotExist", "The specified role definition does not exist.")
        return JSONResponse(role.as_json(scope))

    def _readable_roles(self, request: Request) -> str:
        """Azure tells an id with the subscription alone; whoever has any role there may read definitions."""
        subscription = ResourceId(f"/{request.path_params['scope']}").subscription
        if not self.roles.has_any(self._caller(request), within=f"/subscriptions/{subscription}"):
            raise AzureError(403, "AuthorizationFailed", "No role in this subscription.")
        return f"/subscriptions/{subscription}"

    def _role_assignment(self, method: str, caller: str, id_: ResourceId, body: dict[str, Any]) -> Response:
        existing = self.roles.assignments.get(id_.key)
        action = f"Microsoft.Authorization/roleAssignments/{_VERBS[method]}"
        if method == "PUT":
            wanted = body["properties"]
            role = ResourceId(wanted["roleDefinitionId"]).name
            kind, condition = wanted.get("principalType", "User"), wanted.get("condition")
            new = Assignment(
                id=id_, role=role, principal=wanted["principalId"], principal_type=kind, condition=condition
            )
            self.roles.require_assignable(caller, action, new)
            if role not in self.roles.definitions:
                raise AzureError(400, "RoleDefinitionDoesNotExist", f"There is no role {role}.")
            if id_.parent.type in KINDS and id_.parent.key not in self.resources:
                raise not_found(id_.parent.text)
            same = (new.scope.lower(), role, new.principal)
            if any((each.scope.lower(), each.role, each.principal) == same for each in self.roles.assignments.values()):
                raise AzureError(409, "RoleAssignmentExists", "The role assignment already exists.")
            self.roles.assignments[id_.key] = new
            return JSONResponse(new.as_json(), 201)
        if existing is None:
            self.roles.require(caller, action, id_.parent)
            raise AzureError(404, "RoleAssignmentNotFound", f"The role assignment '{id_.name}' is not found.")
        if method == "DELETE":
            self.roles.require_assignable(caller, action, existing)
            del self.roles.assignments[id_.key]
        else:
            self.roles.require(caller, action, id_.parent)
        return JSONResponse(existing.as_json())

    # Actions on resources.

    async def _shared_keys(self, request: Request) -> Response:
        self._authorize_action(request, "Microsoft.OperationalInsights/workspaces/sharedKeys/action")
        return JSONResponse({"primarySharedKey": "cHJpbWFyeQ==", "secondarySharedKey": "c2Vjb25kYXJ5"})

    async def _list_secrets(self, request: Request) -> Response:
        app = self._authorize_action(request, "Microsoft.App/containerApps/listSecrets/action")
        return JSONResponse({"value": app["properties"]["configuration"].get("secrets") or []})

    async def _billing_features(self, request: Request) -> Response:
        id_ = ResourceId(f"/{request.path_params['path']}")
        verb = _VERBS[request.method]
        self._authorize_action(request, f"Microsoft.Insights/components/currentBillingFeatures/{verb}")
        if request.method == "PUT":
            self._features[id_.key] = await request.json()
        cap = {"Cap": 100.0, "ResetTime": 0, "StopSendNotificationWhenHitCap": False, "WarningThreshold": 0}
        cap |= {"StopSendNotificationWhenHitThreshold": False, "MaxHistoryCap": 0}
        return JSONResponse(self._features.get(id_.key) or {"CurrentBillingFeatures": ["Basic"], "DataVolumeCap": cap})

    def _authorize_action(self, request: Request, action: str) -> Resource:
        id_ = ResourceId(f"/{request.path_params['path']}")
        self.roles.require(self._caller(request), action, id_)
        if id_.key not in self.resources:
            raise not_found(id_.text)
        return self.resources[id_.key]

    # Resources.

    async def _resource(self, request: Request) -> Response:
        caller, method = self._caller(request), request.method
        id_ = ResourceId(str(request.scope["original_path"]))
        if id_.subscription not in self.subscriptions:
            raise AzureError(404, "SubscriptionNotFound", f"The subscription '{id_.subscription}' could not be found.")
        raw = await request.body()
        body = json.loads(raw) if raw else {}
        if id_.type == _ROLE_ASSIGNMENT:
            return self._role_assignment(method, caller, id_, body)
        kind = self._kind(request, id_)
        type_name = kind.name if kind else "Microsoft.Resources/subscriptions/resourceGroups"
        self.roles.require(caller, f"{type_name}/{_VERBS[method]}", id_)
        if id_.group.type == _GROUP and id_.group.key not in self.resources and id_.type != _GROUP:
            raise AzureError(404, "ResourceGroupNotFound", f"Resource group '{id_.group.name}' could not be found.")
        if method in {"GET", "HEAD"}:
            return self._read(id_)
        self._refuse_while_busy(id_)
        if method == "DELETE":
            return self._delete(id_, kind)
        return self._write(id_, kind, body, caller=caller, is_patch=method == "PATCH")

    def _kind(self, request: Request, id_: ResourceId) -> Kind | None:
        """None for a resource group."""
        version = request.query_params.get("api-version")
        if version is None:
            raise AzureError(
                400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required."
            )
        if id_.type == _GROUP:
            return None
        kind = KINDS.get(id_.type)
        if kind is None or version not in kind.versions or request.method == "POST":
            self.unknown.append(f"{request.method} {id_.type} {version}")
            supported = f" The supported api-versions are '{', '.join(kind.versions)}'." if kind else ""
            message = f"No registered resource provider found for API version '{version}' of '{id_.type}'.{supported}"
            raise AzureError(400, "NoRegisteredProviderFound", message)
        return kind

    def _read(self, id_: ResourceId) -> Response:
        operation = self._operations.get(id_.key)
        if operation and operation.is_delete and self._poll(id_.key):
            raise not_found(id_.text)
        resource = self.resources.get(id_.key)
        if resource is None:
            code = "ResourceGroupNotFound" if id_.type == _GROUP else "ResourceNotFound"
            raise AzureError(404, code, f"'{id_.text}' was not found.")
        return JSONResponse(_shown(resource))

    def _write(
        self, id_: ResourceId, kind: Kind | None, body: dict[str, Any], *, caller: str, is_patch: bool
    ) -> Response:
        old = self.resources.get(id_.key)
        if is_patch and old is None:
            raise not_found(id_.text)
        if id_.parent.type in KINDS and id_.parent.key not in self.resources:
            raise AzureError(404, "ParentResourceNotFound", f"'{id_.parent}' was not found.")
        if body.get("location", "westeurope").lower() not in {*REGIONS, "global"}:
            raise AzureError(400, "LocationNotAvailableForResourceType", f"There is no location {body['location']}.")
        for fixed in ("location", "kind"):
            if old and body.get(fixed, old.get(fixed)) != old.get(fixed) and fixed in old:
                raise AzureError(409, "InvalidResourceLocation", f"The {fixed} of '{id_}' cannot be changed.")
        if old and not is_patch and id_.type == "microsoft.keyvault/vaults":
            body = _merged(old, body)
        recovered = self._recovered(id_, body)
        new = self.put(id_, _merged(old or {}, body) if is_patch else {**recovered, **body}, caller=caller)
        headers = {}
        shown = _shown(new)
        if kind and kind.is_long:
            operation = Operation(id=str(uuid.uuid4()), is_delete=False)
            self._operations[id_.key] = operation
            namespace, location = kind.name.partition("/")[0], new.get("location", "global")
            path = f"/subscriptions/{id_.subscription}/providers/{namespace}/locations/{location}/operationStatuses"
            headers["Azure-AsyncOperation"] = f"{RESOURCE_MANAGER}{path}/{operation.id}?api-version={kind.versions[-1]}"
            shown["properties"] = {**shown["properties"], "provisioningState": "InProgress"}
        return JSONResponse(shown, 200 if old or not kind else kind.created, headers)

    def _recovered(self, id_: ResourceId, body: dict[str, Any]) -> Resource:
        """What a soft-deleted resource of that name brings back, if it is asked for."""
        self.deleted_workspaces.pop(id_.key, None)
        if (body.get("properties") or {}).get("createMode") == "recover":
            return self.deleted_vaults.pop(id_.name.lower(), {})
        return {}

    def _delete(self, id_: ResourceId, kind: Kind | None) -> Response:
        resource = self.resources.get(id_.key)
        if resource is None:
            return Response(status_code=204)
        locks = [lock["id"] for lock in self.children("", "microsoft.authorization/locks")]
        if any(id_.is_in(ResourceId(lock).parent.text) for lock in locks) and id_.text not in locks:
            raise AzureError(409, "ScopeLocked", f"The scope '{id_}' cannot perform delete operation: it is locked.")
        if id_.type == "microsoft.app/managedenvironments":
            apps = self.children("", "microsoft.app/containerapps")
            if any(ResourceId(app["properties"]["managedEnvironmentId"]).key == id_.key for app in apps):
                raise AzureError(409, "ManagedEnvironmentHasContainerApps", "The environment still has container apps.")
        if kind and kind.is_long:
            self._operations[id_.key] = Operation(id=str(uuid.uuid4()), is_delete=True)
            return Response(status_code=202, media_type="application/json")
        self._remove(id_)
        return JSONResponse({})

    def _remove(self, id_: ResourceId) -> None:
        """With all that lies in it; role assignments on it end, too."""
        removed = self.resources[id_.key]
        soft = {
            "microsoft.keyvault/vaults": (self.deleted_vaults, removed["name"].lower()),
            "microsoft.cognitiveservices/accounts": (self.deleted_accounts, removed["name"].lower()),
            "microsoft.operationalinsights/workspaces": (self.deleted_workspaces, id_.key),
        }
        if id_.type in soft:
            deleted, name = soft[id_.type]
            deleted[name] = removed
        self.resources = {key: each for key, each in self.resources.items() if not ResourceId(key).is_in(id_.key)}
        held = self.roles.assignments
        self.roles.assignments = {key: each for key, each in held.items() if not each.id.is_in(id_.key)}

    def _refuse_while_busy(self, id_: ResourceId) -> None:
        """One change of a resource at a time; an AI account and its deployments are one for this."""
        root = id_.parent if id_.parent.type == "microsoft.cognitiveservices/accounts" else id_
        busy = [key for key in self._operations if ResourceId(key).is_in(root.key) or id_.is_in(key)]
        if busy:
            raise AzureError(409, "OperationInProgress", f"Another operation is in progress: {busy[0]}.")

    def _poll(self, key: str) -> bool:
        """Whether the operation has ended; its effect is there then."""
        operation = self._operations[key]
        operation.polls -= 1
        if operation.polls >= 0:
            return False
        del self._operations[key]
        if operation.is_delete:
            self._remove(ResourceId(key))
        return True

    def _visible(self, request: Request, found: Iterable[Resource]) -> list[Resource]:
        caller = self._caller(request)
        return [
            _shown(each) for each in found if self.roles.allows(caller, f"{each['type']}/read", ResourceId(each["id"]))
        ]

    def _known(self, request: Request) -> str:
        """The subscription of a request; one in which the caller has no role is not found."""
        subscription = request.path_params["subscription"].lower()
        is_visible = self.roles.has_any(self._caller(request), within=f"/subscriptions/{subscription}")
        if subscription not in self.subscriptions or not is_visible:
            raise AzureError(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")
        return str(subscription)

    def _caller(self, request: Request) -> str:
        return caller_of(request.headers, audience=RESOURCE_MANAGER).oid


def _shown(resource: Resource) -> Resource:
    return (
        container_apps.without_values(resource) if resource["type"] == "Microsoft.App/containerApps" else {**resource}
    )


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A JSON merge patch; tags are replaced as a whole."""
    merged = dict(old)
    for name, value in new.items():
        before = old.get(name)
        if isinstance(before, dict) and isinstance(value, dict) and name != "tags":
            merged[name] = _merged(before, value)
        else:
            merged[name] = value
    return merged
