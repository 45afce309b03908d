"""The gateway's managed identity, and its roles on what somebody else has made."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.cli.command_line import CommandError, CommandLine
from settings.environment import EnvironmentSettings


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
        assignments = az.query(
            *("role", "assignment", "list", "--assignee-object-id", identity.principal_id, "--scope", scope),
            *("--include-inherited", "--fill-principal-name", "false"),
        )
    except CommandError:  # it is not there, or in a subscription that the caller cannot read
        return None
    return any(str(each["roleDefinitionId"]).endswith(role) for each in assignments)


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
