"""Which role each identity gets, and where: the table of docs/security.md.

On a subscription there is one: to list deleted workspaces, without which azurerm creates none
(docs/decisions/0029-rights-on-one-group.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from scripts.bootstrapping.targets import Target
from scripts.terraform.stacks import role_of

CONTRIBUTOR = "Contributor"
READER = "Reader"
ROLE_ADMINISTRATOR = "Role Based Access Control Administrator"
SECRETS_READER = "Key Vault Secrets User"
SECRETS_WRITER = "Key Vault Secrets Officer"
STATE_READER = "Storage Blob Data Reader"
STATE_WRITER = "Storage Blob Data Contributor"


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A role and its scope, mostly a resource group."""

    role: str
    scope: str
    condition: str | None = None
    is_on_others: bool = False
    """On a resource of somebody else, where whoever prepares may have no right to assign it."""


def deploying(target: Target, *, role_ids: Mapping[str, str]) -> Iterator[Grant]:
    """Everything in the environment's group, and its own state; what its stack needs of others' resources.

    Contributor assigns no roles; the role administrator does, those that the stack assigns there and no others.
    `role_ids` are those of the stack's roles, by what the stack calls them.
    """
    others = _OthersResources.of(target)
    yield Grant(role=CONTRIBUTOR, scope=target.group)
    yield Grant(role=SECRETS_WRITER, scope=target.group)
    for scope, roles in others.roles.items():
        condition = delegation_condition([role_ids[role] for role in roles])
        is_on_others = scope != target.group
        yield Grant(role=ROLE_ADMINISTRATOR, scope=scope, condition=condition, is_on_others=is_on_others)
    yield Grant(role=STATE_WRITER, scope=target.state)
    if lists_deleted_workspaces(target):
        yield Grant(role=target.stack.deploy_identity, scope=target.account.scope)
    for scope in others.vaults:
        yield Grant(role=READER, scope=scope, is_on_others=True)
        yield Grant(role=SECRETS_WRITER, scope=scope, is_on_others=True)
    for scope in others.workspaces:  # a Container Apps environment sends logs with the workspace's shared key
        yield Grant(role=READER, scope=scope, is_on_others=True)
        yield Grant(role=target.stack.read_identity, scope=scope, is_on_others=True)
    for scope in others.receivers:
        yield Grant(role=READER, scope=scope, is_on_others=True)
    yield from joining(target)


def joining(target: Target) -> Iterator[Grant]:
    """A custom role on somebody else's subnet, which a Container Apps environment joins; no plan reads the subnet."""
    for scope in _OthersResources.of(target).subnets:
        yield Grant(role=f"{target.stack.deploy_identity}-subnet", scope=scope, is_on_others=True)


def lists_deleted_workspaces(target: Target) -> bool:
    """Whether its stack makes a workspace."""
    return "azurerm_log_analytics_workspace" in target.stack.find("resource")


def reading(target: Target) -> Iterator[Grant]:
    """What a plan with a refresh reads, secrets among it; it writes nothing, not even a lock of the state.

    Reader has no action that returns a secret, although the provider needs some: the custom role has those.
    """
    others = _OthersResources.of(target)
    yield Grant(role=READER, scope=target.group)
    yield Grant(role=SECRETS_READER, scope=target.group)
    yield Grant(role=target.stack.read_identity, scope=target.group)
    yield Grant(role=STATE_READER, scope=target.state)
    used = (*others.roles, *others.vaults, *others.workspaces)
    for scope in dict.fromkeys(scope for scope in used if scope != target.group):
        yield Grant(role=READER, scope=scope, is_on_others=True)
    for scope in others.vaults:
        yield Grant(role=SECRETS_READER, scope=scope, is_on_others=True)
    for scope in others.workspaces:
        yield Grant(role=target.stack.read_identity, scope=scope, is_on_others=True)


def planning(target: Target) -> Iterator[Grant]:
    """What a plan without a refresh reads: the state, and the group as a data source."""
    yield Grant(role=READER, scope=target.group)
    yield Grant(role=STATE_READER, scope=target.state)


def own_secrets(target: Target) -> Iterator[Grant]:
    """What whoever runs the bootstrap needs to deploy: an Owner has no right on data."""
    yield Grant(role=SECRETS_WRITER, scope=target.group)
    for scope in _OthersResources.of(target).vaults:
        yield Grant(role=SECRETS_WRITER, scope=scope, is_on_others=True)


def own_state(target: Target) -> Iterator[Grant]:
    """The same, for the state."""
    yield Grant(role=STATE_WRITER, scope=target.state)


@dataclass(frozen=True, kw_only=True)
class _OthersResources:
    """Resources outside the environment's group that its stack uses, by id."""

    roles: Mapping[str, frozenset[str]]
    """The roles that the stack assigns, by scope: the group, or a resource outside it."""
    vaults: tuple[str, ...]
    workspaces: tuple[str, ...]
    subnets: tuple[str, ...]
    receivers: tuple[str, ...]
    """Action groups, which whoever writes an alert must be allowed to read
    (https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-log-alert-rule, prerequisites)."""

    @classmethod
    def of(cls, target: Target) -> _OthersResources:
        """A stack names what is not its own by a literal id."""
        resources = target.stack.find("resource")

        def outside(ids: Iterable[str]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(id_ for id_ in ids if _is_outside(id_, target.group)))

        def named(*attributes: tuple[str, str]) -> tuple[str, ...]:
            return outside(
                each.get(attribute, "")
                for kind, attribute in attributes
                for each in resources.get(f"azurerm_{kind}", {}).values()
            )

        roles: dict[str, set[str]] = {}
        for each in resources.get("azurerm_role_assignment", {}).values():
            scope = each["scope"] if _is_outside(each["scope"], target.group) else target.group
            roles.setdefault(scope, set()).add(role_of(each))
        return cls(
            roles={scope: frozenset(assigned) for scope, assigned in roles.items()},
            vaults=named(("key_vault_secret", "key_vault_id")),
            workspaces=named(
                ("container_app_environment", "log_analytics_workspace_id"),
                ("monitor_diagnostic_setting", "log_analytics_workspace_id"),
                ("application_insights", "workspace_id"),
            ),
            subnets=named(("container_app_environment", "infrastructure_subnet_id")),
            receivers=outside(
                receiver
                for alert in resources.get("azurerm_monitor_scheduled_query_rules_alert_v2", {}).values()
                for receiver in alert["action"]["action_groups"]
            ),
        )


def _is_outside(id_: str, group: str) -> bool:
    """Azure compares ids without regard to case."""
    return id_.startswith("/subscriptions/") and not id_.lower().startswith(f"{group}/".lower())


def delegation_condition(role_ids: Collection[str]) -> str:
    """The condition that lets a role administrator assign and remove only these roles, only for service principals.

    https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-examples
    """
    kind = "Microsoft.Authorization/roleAssignments"
    roles = f"[{kind}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{', '.join(sorted(role_ids))}}}"
    principals = f"[{kind}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {{'ServicePrincipal'}}"
    return " AND ".join(
        f"((!(ActionMatches{{'{kind}/{action}'}})) OR (@{source}{roles} AND @{source}{principals}))"
        for action, source in (("write", "Request"), ("delete", "Resource"))
    )
