"""A change of a resource, as the rules of its kind see it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from local.azure_api.errors import AzureError, not_found
from local.azure_api.resource_id import ResourceId
from local.azure_api.roles import Roles
from local.azure_api.vault_secrets import VaultSecrets

Resource = dict[str, Any]


class Azure(Protocol):
    """What a hook may ask for."""

    resources: dict[str, Resource]
    deleted_vaults: dict[str, Resource]
    roles: Roles
    secrets: VaultSecrets

    def children(self, scope: str, kind: str) -> Iterable[Resource]: ...


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a hook is told: who changes a resource, what it was, and what it will be."""

    azure: Azure
    caller: str
    id: ResourceId
    resource: Resource
    old: Resource | None

    @property
    def properties(self) -> dict[str, Any]:
        found: dict[str, Any] = self.resource["properties"]
        return found

    def keep(self, **made: object) -> None:
        """Properties that Azure makes once, at creation."""
        before = self.old["properties"] if self.old else {}
        self.properties.update({name: before.get(name, value) for name, value in made.items()})

    def default(self, **values: object) -> None:
        """Properties that nobody has given."""
        for name, value in values.items():
            if self.properties.get(name) is None:
                self.properties[name] = value

    def require_resource(self, id_: str) -> Resource:
        """Another resource that this one names."""
        found = self.azure.resources.get(ResourceId(id_).key)
        if found is None:
            raise not_found(id_)
        return found

    def require_right(self, action: str, id_: str) -> None:
        """The caller's, on another resource that this one uses."""
        if not self.azure.roles.allows(self.caller, action, ResourceId(id_)):
            message = f"The client '{self.caller}' has permission to change '{self.id}'; however, it does not have "
            message += f"permission to perform action '{action}' on the linked scope '{id_}'."
            raise AzureError(403, "LinkedAuthorizationFailed", message)

    def refuse(self, code: str, message: str) -> AzureError:
        return AzureError(400, code, message)
