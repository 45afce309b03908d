"""What somebody else has made for an environment (settings/existing.py): whether a deployment can use it.

What this login may not read is noted: only the deployment shows it.
"""

from __future__ import annotations

from typing import Any

from scripts.azure.gateway_identity import find_identity, may, role_command
from scripts.azure.key_vault import KeyVault
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandError, CommandLine
from scripts.cli.error_handling import ScriptError
from settings.environment import EnvironmentSettings
from settings.existing import Registry
from settings.resource_ids import group_of, name_of, subscription_of
from settings.roles import ACR_PULL, KEY_VAULT_SECRETS_USER, REPOSITORY_READER

_DOCUMENT = "docs/existing.md"
_ABAC = "AbacRepositoryPermissions"
_ACTIONS = {ACR_PULL: ("Microsoft.ContainerRegistry/registries/pull/read",)}
_DATA_ACTIONS = {
    KEY_VAULT_SECRETS_USER: ("Microsoft.KeyVault/vaults/secrets/getSecret/action",),
    REPOSITORY_READER: ("Microsoft.ContainerRegistry/registries/repositories/content/read",),
}
"""What the gateway needs of a role: another role that allows it does, too."""


def uses_existing(settings: EnvironmentSettings) -> bool:
    """Whether there is anything to check."""
    existing = settings.existing
    named = (existing.resource_group, existing.log_analytics_workspace, existing.key_vault, settings.registry)
    return any(named)


def check_existing_resources(
    az: CommandLine, progress: Progress, settings: EnvironmentSettings, *, secrets: frozenset[str]
) -> list[str]:
    """Each problem; `secrets` are the names of those that the stack writes."""
    problems: list[str] = []
    with progress.step("What somebody else has made"):
        if group := settings.existing.resource_group:
            problems += _check_group(az, progress, group)
        if workspace := settings.existing.log_analytics_workspace:
            problems += _check_workspace(az, progress, workspace)
        if vault := settings.existing.key_vault:
            problems += _check_vault(az, progress, settings, vault, secrets=secrets)
            if not settings.existing.assign_role:
                problems += _check_role(az, progress, settings, role=KEY_VAULT_SECRETS_USER, scope=vault)
        if settings.registry:
            problems += _check_registry(az, progress, settings, settings.registry)
    return problems


def _check_group(az: CommandLine, progress: Progress, name: str) -> list[str]:
    if az.query("group", "exists", "--name", name):
        progress.ok(f"resource group {name}")
        return []
    return [f"The resource group {name} (existing.resource_group) does not exist in this subscription."]


def _check_workspace(az: CommandLine, progress: Progress, workspace: str) -> list[str]:
    words = ("--workspace-name", name_of(workspace), "--resource-group", group_of(workspace))
    found, problems = _show(
        az,
        progress,
        workspace,
        "monitor",
        "log-analytics",
        "workspace",
        "show",
        *words,
        field="log_analytics_workspace",
    )
    if found:
        progress.ok(f"workspace {name_of(workspace)}, which keeps logs for {found['retentionInDays']} days")
    return problems


def _check_vault(
    az: CommandLine, progress: Progress, settings: EnvironmentSettings, vault: str, *, secrets: frozenset[str]
) -> list[str]:
    name = name_of(vault)
    words = ("--name", name, "--resource-group", group_of(vault))
    found, problems = _show(az, progress, vault, "keyvault", "show", *words, field="key_vault")
    if not found:
        return problems
    properties = found["properties"]
    if not properties.get("enableRbacAuthorization"):
        problems.append(
            f"The Key Vault {name} is opened by access policies. The stack gives the gateway a role, which works only "
            f"after its owner has run: az keyvault update --name {name} --enable-rbac-authorization true"
        )
    rules = properties.get("networkAcls") or {}
    if properties.get("publicNetworkAccess") == "Disabled" or rules.get("defaultAction") == "Deny":
        progress.note(
            f"the network rules of {name} must let in whoever deploys, and the outbound addresses of the Container "
            "Apps environment."
        )
    try:
        tags = KeyVault(az=az, name=name).tags()
    except ScriptError:
        progress.note(f"this login may not list the secrets of {name}; continuing.")
        return problems
    own = settings.all_tags.items()
    if foreign := sorted(secret for secret in secrets if secret in tags and not own <= tags[secret].items()):
        problems.append(
            f"The Key Vault {name} already has secrets of the names that {settings.env} needs, without its tags: "
            f"{', '.join(foreign)}. Use another vault, or see {_DOCUMENT}#names-in-the-vault."
        )
    if not problems:
        progress.ok(f"Key Vault {name}, which roles open")
    return problems


def _check_registry(
    az: CommandLine, progress: Progress, settings: EnvironmentSettings, registry: Registry
) -> list[str]:
    name = name_of(registry.id)
    words = ("--name", name, "--resource-group", group_of(registry.id), "--subscription", subscription_of(registry.id))
    found, problems = _show(az, progress, registry.id, "acr", "show", *words, field="registry.id")
    if problems:
        return problems
    is_by_repository = found is not None and found.get("roleAssignmentMode") == _ABAC
    if found and (server := str(found["loginServer"]).lower()) != registry.login_server:
        problems.append(
            f"The login server of {name} is {server}: set registry.login_server, and let image come from it."
        )
    if is_by_repository and registry.assign_role:
        problems.append(
            f"The registry {name} has permissions by repository, for which AcrPull does nothing. Set "
            "registry.assign_role = false, and let its owner assign Container Registry Repository Reader."
        )
    if found and not problems:
        progress.ok(f"registry {name}")
    if not registry.assign_role:
        role = REPOSITORY_READER if is_by_repository else ACR_PULL
        problems += _check_role(az, progress, settings, role=role, scope=registry.id)
    return problems


def _check_role(
    az: CommandLine, progress: Progress, settings: EnvironmentSettings, *, role: str, scope: str
) -> list[str]:
    """Whether the gateway may do what this role is for, which its stack does not assign."""
    identity = find_identity(az, settings)
    command = role_command(identity, role=role, scope=scope)
    found = may(az, identity, actions=_ACTIONS.get(role, ()), data_actions=_DATA_ACTIONS.get(role, ()), scope=scope)
    if found:
        progress.ok(f"{identity.name} has its role on {name_of(scope)}")
    elif found is None:
        when = "" if identity.principal_id else ", after the first deployment has made the identity and stopped"
        progress.note(f"the role on {name_of(scope)} cannot be read. Its owner assigns it{when}:\n  {command}")
    else:
        return [f"{identity.name} has no role on {name_of(scope)}. Its owner runs:\n  {command}"]
    return []


def _show(
    az: CommandLine, progress: Progress, resource: str, *words: str, field: str
) -> tuple[dict[str, Any] | None, list[str]]:
    """What Azure says of the resource, and a problem if there is none."""
    try:
        found: dict[str, Any] | None = az.find(*words)
    except CommandError:
        progress.note(f"this login may not read {name_of(resource)}; continuing.")
        return None, []
    return found, [] if found else [f"{field} names {resource}, which does not exist."]
