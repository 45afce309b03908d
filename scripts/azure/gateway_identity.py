"""The gateway's managed identity, and its roles on what somebody else has made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scripts.azure.role_permissions import allow, find_assignments, find_permissions
from scripts.cli.command_line import CommandError, CommandLine
from settings.environment import EnvironmentSettings
from settings.models import Kind

DATA_ACTIONS: Mapping[Kind, str] = {
    "responses": "Microsoft.CognitiveServices/accounts/OpenAI/responses/write",
    "chat": "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action",
    "embeddings": "Microsoft.CognitiveServices/accounts/OpenAI/deployments/embeddings/action",
}
"""What calling a model of each kind takes, as Azure's refusals name it, and
https://learn.microsoft.com/azure/role-based-access-control/permissions/ai-machine-learning."""


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


def has_role(az: CommandLine, identity: Identity, *, role: str, scope: str) -> bool | None:
    """Whether the identity has the role, by its id, at the scope or above it; None if that is not known."""
    if identity.principal_id is None:
        return None
    try:
        assignments = find_assignments(az, identity.principal_id, scope=scope)
    except CommandError:  # it is not there, or in a subscription that the caller cannot read
        return None
    return any(str(each["roleDefinitionId"]).endswith(role) for each in assignments)


def may_call(az: CommandLine, identity: Identity, *, kinds: Iterable[Kind], account: str) -> bool | None:
    """Whether the identity may call models of these kinds in an account; None if that is not known.

    By what its roles allow: ones that are wider than Cognitive Services OpenAI User, or custom ones, do, too.
    """
    if identity.principal_id is None:
        return None
    try:
        assignments = find_assignments(az, identity.principal_id, scope=account)
        roles = {str(each["roleDefinitionId"]).rpartition("/")[2] for each in assignments}
        permissions = [permission for role in sorted(roles) for permission in find_permissions(az, role)]
    except CommandError:
        return None
    return all(allow(permissions, DATA_ACTIONS[kind], kind="dataActions") for kind in kinds)


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
