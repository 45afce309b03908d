"""The gateway's managed identity, and its roles on what somebody else has made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scripts.azure.role_permissions import allow, find_assignments, find_permissions
from scripts.cli.command_line import CommandError, CommandLine
from settings.environment import EnvironmentSettings
from settings.models import Kind

CALL: Mapping[Kind, str] = {
    "responses": "Microsoft.CognitiveServices/accounts/OpenAI/responses/write",
    "chat": "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action",
    "embeddings": "Microsoft.CognitiveServices/accounts/OpenAI/deployments/embeddings/action",
}
"""The data action of a call, by the kind of the model, as Azure's refusals name it; all of them are listed at
https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The gateway's managed identity."""

    name: str
    resource_group: str
    principal_id: str | None
    """None before the first deployment."""


def find_identity(az: CommandLine, settings: EnvironmentSettings) -> Identity:
    """The identity of the environment."""
    name, group = settings.naming.name("user_assigned_identity"), settings.resource_group
    found = az.find("identity", "show", "--name", name, "--resource-group", group)
    principal = str(found["principalId"]) if found else None
    return Identity(name=name, resource_group=group, principal_id=principal)


def may(
    az: CommandLine, identity: Identity, *, actions: Iterable[str] = (), data_actions: Iterable[str] = (), scope: str
) -> bool | None:
    """Whether the identity may do all of that at the scope; None if it is not known.

    By what its roles allow, there or above: one that is wider than the role of the documentation does, or a custom one.
    """
    if identity.principal_id is None:
        return None
    try:
        assignments = find_assignments(az, identity.principal_id, scope=scope)
        roles = {str(each["roleDefinitionId"]).rpartition("/")[2] for each in assignments}
        found = [find_permissions(az, role) for role in sorted(roles)]
    except CommandError:  # it is not there, or in a subscription that the caller cannot read
        return None
    permissions = [permission for role in found for permission in role]
    if all(allow(permissions, action) for action in actions) and all(
        allow(permissions, action, kind="dataActions") for action in data_actions
    ):
        return True
    return False if all(found) else None  # a custom role of another subscription tells nothing here


def role_command(identity: Identity, *, role: str, scope: str) -> str:
    """The command that assigns the role."""
    principal = (
        identity.principal_id
        or f'"$(az identity show --name {identity.name} --resource-group {identity.resource_group} '
        '--query principalId --output tsv)"'
    )
    return (
        f"az role assignment create --role {role} --assignee-object-id {principal} "
        f"--assignee-principal-type ServicePrincipal --scope {scope}"
    )
