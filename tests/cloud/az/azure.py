"""Azure's state: a JSON file, with what the caller may do in it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from tests.cloud.az.commands import AzError, Json

Value = Any  # of JSON

TENANT = "11111111-aaaa-4aaa-8aaa-111111111111"
SUBSCRIPTION = "22222222-bbbb-4bbb-8bbb-222222222222"
CALLER = "33333333-cccc-4ccc-8ccc-333333333333"
TEAM = "44444444-dddd-4ddd-8ddd-444444444444"  # a group, with the caller in it
CONTRIBUTOR_NOT = ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"]
# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
BUILT_IN: dict[str, tuple[str, list[str], list[str]]] = {
    "Owner": ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", ["*"], []),
    "Contributor": ("b24988ac-6180-42a0-ab88-20f7382dd24c", ["*"], CONTRIBUTOR_NOT),
    "Reader": ("acdd72a7-3385-48ef-bd42-f606fba81ae7", ["*/read"], []),
    "User Access Administrator": (
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        ["*/read", "Microsoft.Authorization/*"],
        [],
    ),
    "Role Based Access Control Administrator": (
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        ["Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete", "*/read"],
        [],
    ),
    "Key Vault Secrets User": ("4633458b-17de-408a-b874-0445c86b69e6", [], []),
    "Key Vault Secrets Officer": ("b86a8fe4-44ce-4948-aee5-eccb2c155cd7", [], []),
    "Storage Blob Data Contributor": ("ba92f5b4-2d11-453d-a403-e96b0029c9fe", [], []),
    "Storage Blob Data Reader": ("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", [], []),
    "Cognitive Services OpenAI User": (
        "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",
        ["Microsoft.CognitiveServices/*/read"],
        [],
    ),
    "Cognitive Services User": (
        "a97b65f3-24c7-4388-baec-2e87135dc908",
        ["Microsoft.CognitiveServices/*/read", "Microsoft.CognitiveServices/accounts/listkeys/action"],
        [],
    ),
    "Cognitive Services OpenAI Contributor": (
        "a001fd3d-188f-4b5d-821b-7da978bf7442",
        ["Microsoft.CognitiveServices/*/read", "Microsoft.CognitiveServices/accounts/deployments/write"],
        [],
    ),
    "AcrPull": ("7f951dda-4ed3-4680-a7ca-43fe172d538d", ["Microsoft.ContainerRegistry/registries/pull/read"], []),
    "Container Registry Repository Reader": ("b93aa761-3e63-49ed-ac28-beffa264f7ac", [], []),
    "Monitoring Metrics Publisher": ("3913510d-42f4-4e42-8a64-420c390055eb", [], []),
}
_OPENAI = "Microsoft.CognitiveServices/accounts/OpenAI"
DATA_ACTIONS: dict[str, list[str]] = {
    "Key Vault Secrets User": [
        "Microsoft.KeyVault/vaults/secrets/getSecret/action",
        "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
    ],
    "Key Vault Secrets Officer": ["Microsoft.KeyVault/vaults/secrets/*"],
    "Container Registry Repository Reader": ["Microsoft.ContainerRegistry/registries/repositories/content/read"],
    "Cognitive Services OpenAI User": [
        f"{_OPENAI}/*/read",
        f"{_OPENAI}/deployments/chat/completions/action",
        f"{_OPENAI}/deployments/embeddings/action",
        f"{_OPENAI}/responses/*",
    ],
    "Cognitive Services User": ["Microsoft.CognitiveServices/*"],
    "Cognitive Services OpenAI Contributor": [f"{_OPENAI}/*"],
}
"""Of built-in roles, those that somebody asks for."""
PROVIDERS = (
    "Microsoft.App",
    "Microsoft.Authorization",
    "Microsoft.CognitiveServices",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.ContainerService",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Storage",
    "microsoft.insights",
)


def new() -> Json:
    """A subscription in which nothing was made yet, and its owner at the keyboard."""
    return {
        "logged_in": True,
        "user": {"name": "ada@contoso.example", "type": "user"},
        "default": SUBSCRIPTION,
        "subscriptions": [
            {
                "id": SUBSCRIPTION,
                "name": "Gateway",
                "state": "Enabled",
                "tenantId": TENANT,
                "tenantDisplayName": "Contoso",
            },
            {
                "id": "55555555-eeee-4eee-8eee-555555555555",
                "name": "Elsewhere",
                "state": "Enabled",
                "tenantId": "66666666-ffff-4fff-8fff-666666666666",
                "tenantDisplayName": "Fabrikam",
            },
        ],
        "allowed_to_create_apps": True,  # None: the caller may not read the policy
        "directory_roles": [],
        "providers": dict.fromkeys(PROVIDERS, "Registered"),  # unless a subscription has its own
        "container_apps_regions": ["South Africa North", "West Europe", "East US"],
        "groups": {},
        "storage": {},
        "taken": [],  # storage accounts of other people
        "apps": [],
        "service_principals": [],
        "role_assignments": [assignment(CALLER, "Owner", f"/subscriptions/{SUBSCRIPTION}", number=0)],
        "resources": [],
        "custom_roles": [],
        "locks": [],
        "vaults": {},  # their secrets
        "vaults_deleted": [],
        "existing_vaults": {},  # their properties, if somebody else has made them
        "registries": {},
        "vaults_are_closed": False,
        "container_apps": {},
        "ai_regions": {},
        "ai_accounts": [],
        "ai_deleted": [],
        "ai_taken": [],  # subdomains of other people
        "identities": {},  # principal ids
        "networks": [],
        "workspaces": {},
        "workspaces_deleted": [],
        "made": 0,
    }


def assignment(principal: str, role: str, scope: str, *, number: int, condition: str | None = None) -> Json:
    """A role assignment as it is kept; also for a test's state."""
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{guid(number)}",
        "name": guid(number),
        "principalId": principal,
        "principalType": "User",
        "roleDefinitionId": definition_id(BUILT_IN[role][0]),
        "scope": scope,
        "condition": condition,
        "conditionVersion": "2.0" if condition else None,
    }


def subscription(id_: str, name: str, *, tenant: str = TENANT) -> Json:
    """One for a test's state, in which no resource provider is registered."""
    unregistered = dict.fromkeys(PROVIDERS, "NotRegistered") | {"Microsoft.Authorization": "Registered"}
    return {"id": id_, "name": name, "state": "Enabled", "tenantId": tenant, "providers": unregistered}


def definition_id(name: str, *, subscription: str = SUBSCRIPTION) -> str:
    """A role definition's id in the subscription; only its end, a GUID, tells one role from another."""
    return f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{name}"


def guid_of(definition: str) -> str:
    """The GUID in a role definition's id."""
    return definition.rpartition("/")[2]


def guid(number: int) -> str:
    """One that nobody else has."""
    return f"99999999-0000-4000-8000-{number:012d}"


class Azure:
    """The state, for the time of one call."""

    def __init__(self, data: Json, *, subscription: str | None) -> None:
        self.data = data
        self.asked = subscription

    def __getitem__(self, key: str) -> Value:
        return self.data[key]

    def guid(self) -> str:
        """A new one."""
        self.data["made"] += 1
        return guid(self.data["made"])

    @property
    def subscription(self) -> Json:
        """The one that is asked for by id or name, or the default one."""
        wanted = self.asked or self["default"]
        for subscription in self["subscriptions"]:
            if wanted.lower() in {subscription["id"], subscription["name"].lower()}:
                found: Json = subscription
                return found
        raise AzError("", f"Subscription '{wanted}' not found. Check the ID or name and try again.")

    @property
    def scope(self) -> str:
        """The subscription's."""
        return f"/subscriptions/{self.subscription['id']}"

    @property
    def providers(self) -> Json:
        """The subscription's resource providers, each with the state of its registration."""
        found: Json = self.subscription.get("providers") or self["providers"]
        return found

    @property
    def tenant(self) -> str:
        """Of the default subscription: the directory that `az ad` works on."""
        default = next(each for each in self["subscriptions"] if each["id"] == self["default"])
        return str(default["tenantId"])

    def in_tenant(self, kind: str) -> list[Json]:
        """The app registrations or service principals of that directory."""
        return [each for each in self[kind] if each.get("tenantId", TENANT) == self.tenant]

    @property
    def caller(self) -> str:
        """The object id of who is logged in."""
        user = self["user"]
        if user["type"] == "user":
            return CALLER
        found: str = next(sp["id"] for sp in self["service_principals"] if sp["appId"] == user["name"])
        return found

    def definitions(self) -> list[Json]:
        """Every role definition that can be assigned in the subscription, as `az` prints it."""
        built_in = [
            self._definition(
                name,
                role,
                actions=actions,
                not_actions=no,
                data_actions=DATA_ACTIONS.get(role),
                kind="BuiltInRole",
                scopes=["/"],
            )
            for role, (name, actions, no) in BUILT_IN.items()
        ]
        custom = [
            self._definition(
                each["name"],
                each["roleName"],
                actions=each["actions"],
                not_actions=[],
                data_actions=each.get("dataActions"),
                kind="CustomRole",
                scopes=each["assignableScopes"],
            )
            for each in self["custom_roles"]
            if any(is_above(scope, self.scope) for scope in each["assignableScopes"])
        ]
        return built_in + custom

    def _definition(
        self,
        name: str,
        role: str,
        *,
        actions: list[str],
        not_actions: list[str],
        data_actions: list[str] | None,
        kind: str,
        scopes: list[str],
    ) -> Json:
        permission = {
            "actions": actions,
            "notActions": not_actions,
            "dataActions": data_actions,
            "notDataActions": None,
        }
        return {
            "id": definition_id(name, subscription=self.subscription["id"]),
            "name": name,
            "roleName": role,
            "roleType": kind,
            "assignableScopes": scopes,
            "permissions": [permission],
        }

    def require(self, action: str, scope: str) -> None:
        """Azure's refusal unless one of the caller's roles at the scope or above allows the action."""
        mine = {self.caller, TEAM if self["user"]["type"] == "user" else ""}
        held = {
            guid_of(given["roleDefinitionId"])
            for given in self["role_assignments"]
            if given["principalId"] in mine and is_above(given["scope"], scope)
        }
        permissions = [part for role in self.definitions() if role["name"] in held for part in role["permissions"]]
        if not any(
            _matches(part["actions"], action) and not _matches(part["notActions"], action) for part in permissions
        ):
            raise AzError(
                "AuthorizationFailed",
                f"The client '{self['user']['name']}' with object id '{self.caller}' does not have authorization to "
                f"perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently "
                "granted, please refresh your credentials.",
            )


def is_above(above: str, scope: str) -> bool:
    """Whether what is granted there holds here: the root and management groups are above everything."""
    inherited = above == "/" or above.startswith("/providers/Microsoft.Management/")
    return inherited or f"{scope}/".lower().startswith(f"{above}/".lower())


def _matches(patterns: list[str], action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
