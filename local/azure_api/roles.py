"""Roles, their assignments, and what these permit.

Built-in roles: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles, as far as the actions of the
stack tell them apart.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from local.azure_api.errors import AzureError
from local.azure_api.resource_id import ResourceId
from settings.roles import (
    ACR_PULL,
    COGNITIVE_SERVICES_OPENAI_USER,
    KEY_VAULT_SECRETS_USER,
    MONITORING_METRICS_PUBLISHER,
)

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TYPES = re.compile(r"PrincipalType\] ForAnyOfAnyValues:StringEqualsIgnoreCase \{([^}]*)\}")
_SECRETS = "Microsoft.KeyVault/vaults/secrets"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role definition; `actions` are of Resource Manager, `data` of a vault or a storage account."""

    id: str
    name: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    is_custom: bool = False

    def permits(self, action: str, *, data: bool = False) -> bool:
        if data:
            return _matches(action, self.data)
        return _matches(action, self.actions) and not _matches(action, self.not_actions)

    def as_json(self, scope: str) -> dict[str, Any]:
        permissions = [{"actions": self.actions, "notActions": self.not_actions, "dataActions": self.data}]
        kind = "CustomRole" if self.is_custom else "BuiltInRole"
        properties = {"roleName": self.name, "type": kind, "permissions": permissions, "assignableScopes": ["/"]}
        return {
            "id": f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{self.id}",
            "name": self.id,
            "type": "Microsoft.Authorization/roleDefinitions",
            "properties": properties,
        }


_BUILT_IN = (
    Role(id="8e3af657-a8ff-443c-a75c-2fe8c4bcb635", name="Owner", actions=("*",)),
    Role(
        id="b24988ac-6180-42a0-ab88-20f7382dd24c",
        name="Contributor",
        actions=("*",),
        not_actions=(
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
        ),
    ),
    Role(id="acdd72a7-3385-48ef-bd42-f606fba81ae7", name="Reader", actions=("*/read",)),
    Role(
        id="f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        name="Role Based Access Control Administrator",
        actions=("Microsoft.Authorization/roleAssignments/*", "*/read"),
    ),
    Role(id="b86a8fe4-44ce-4948-aee5-eccb2c155cd7", name="Key Vault Secrets Officer", data=(f"{_SECRETS}/*",)),
    Role(
        id=KEY_VAULT_SECRETS_USER,
        name="Key Vault Secrets User",
        data=(f"{_SECRETS}/getSecret/action", f"{_SECRETS}/readMetadata/action"),
    ),
    Role(
        id="ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        name="Storage Blob Data Contributor",
        actions=("Microsoft.Storage/storageAccounts/blobServices/containers/read",),
        data=(f"{_BLOBS}/*",),
    ),
    Role(
        id="2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        name="Storage Blob Data Reader",
        actions=("Microsoft.Storage/storageAccounts/blobServices/containers/read",),
        data=(f"{_BLOBS}/read",),
    ),
    Role(
        id=ACR_PULL,
        name="AcrPull",
        actions=("Microsoft.ContainerRegistry/registries/pull/read",),
    ),
    Role(id=COGNITIVE_SERVICES_OPENAI_USER, name="Cognitive Services OpenAI User"),
    Role(id=MONITORING_METRICS_PUBLISHER, name="Monitoring Metrics Publisher"),
)


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A role of a principal at a scope; `condition` restricts which roles its holder may assign."""

    id: ResourceId
    role: str
    principal: str
    principal_type: str = "ServicePrincipal"
    condition: str | None = None

    @property
    def scope(self) -> str:
        return self.id.parent.text

    def as_json(self) -> dict[str, Any]:
        role = f"/subscriptions/{self.id.subscription}/providers/Microsoft.Authorization/roleDefinitions/{self.role}"
        properties = {
            "roleDefinitionId": role,
            "principalId": self.principal,
            "principalType": self.principal_type,
            "scope": self.scope,
            "condition": self.condition,
        }
        kind = "Microsoft.Authorization/roleAssignments"
        return {"id": self.id.text, "name": self.id.name, "type": kind, "properties": properties}


@dataclass
class Roles:
    """All role definitions and assignments, in effect at once: Azure needs minutes."""

    definitions: dict[str, Role] = field(default_factory=lambda: {role.id: role for role in _BUILT_IN})
    assignments: dict[str, Assignment] = field(default_factory=dict)

    def named(self, name: str) -> Role:
        """By its name or its id; LookupError if it is not among those that are imitated."""
        for role in self.definitions.values():
            if name in {role.id, role.name}:
                return role
        raise LookupError(f"local/azure_api/roles.py has no role {name}")

    def define(self, role: Role) -> None:
        self.definitions[role.id] = role

    def allows(self, principal: str, action: str, scope: ResourceId, *, data: bool = False) -> bool:
        return any(
            self.definitions[assignment.role].permits(action, data=data)
            for assignment in self._of(principal)
            if scope.is_in(assignment.scope)
        )

    def require(self, principal: str, action: str, scope: ResourceId) -> None:
        """`AzureError` as Resource Manager answers who may not."""
        if not self.allows(principal, action, scope):
            raise AzureError(
                403,
                "AuthorizationFailed",
                f"The client with object id '{principal}' does not have authorization to perform action '{action}' "
                f"over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your "
                "credentials.",
            )

    def require_assignable(self, caller: str, action: str, assignment: Assignment) -> None:
        """As `require`, with the conditions of the caller's own assignments."""
        self.require(caller, action, assignment.id.parent)
        holders = [
            held
            for held in self._of(caller)
            if assignment.id.is_in(held.scope) and self.definitions[held.role].permits(action)
        ]
        if not any(held.condition is None or _meets(held.condition, assignment) for held in holders):
            raise AzureError(
                403,
                "AuthorizationFailed",
                f"The client with object id '{caller}' does not have authorization to perform action '{action}' over "
                f"scope '{assignment.id}': an assignment has a condition that does not permit it (ABAC).",
            )

    def has_any(self, principal: str, *, within: str) -> bool:
        """Whether the principal has a role on the subscription or on something in it."""
        return any(assignment.id.is_in(within) for assignment in self._of(principal))

    def _of(self, principal: str) -> Iterator[Assignment]:
        return (assignment for assignment in self.assignments.values() if assignment.principal == principal)


def _meets(condition: str, assignment: Assignment) -> bool:
    """Of the form of scripts/bootstrapping/access.py: lists of roles and of types of principals."""
    types = {name.strip(" '").lower() for found in _TYPES.findall(condition) for name in found.split(",")}
    roles = {found.lower() for found in _UUID.findall(condition)}
    return assignment.role.lower() in roles and (not types or assignment.principal_type.lower() in types)


def _matches(action: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
