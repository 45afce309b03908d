"""What the environment uses and somebody else has made: a resource group, a workspace, a Key Vault, a registry.

Only the group is read. A data source of a workspace asks for its shared keys, and one of a vault or a registry needs
rights there, neither of which the identity of a pull request has: their ids say what the stack must know.
See docs/existing.md.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from settings.operations import ResourceGroupName
from settings.resource_ids import RESOURCE_ID, name_of, of_kind, printed_by, subscription_of
from settings.values import FieldPath, Group, Switch, must_be

_WORKSPACE = "a Log Analytics workspace"
_VAULT = "a Key Vault"
_REGISTRY = "a container registry"
WORKSPACE_FIELDS = ("retention_days", "daily_quota_gb")
"""Those of `logs` that are the workspace's."""
_IN_ONE_SUBSCRIPTION = ("log_analytics_workspace", "key_vault")

WorkspaceId = Annotated[
    str,
    RESOURCE_ID,
    printed_by("az monitor log-analytics workspace show --resource-group GROUP --workspace-name NAME", what=_WORKSPACE),
    of_kind(
        "Microsoft.OperationalInsights/workspaces", name="[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]", what=_WORKSPACE
    ),
]
VaultId = Annotated[
    str,
    RESOURCE_ID,
    printed_by("az keyvault show --name NAME", what=_VAULT),
    of_kind("Microsoft.KeyVault/vaults", name="[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]", what=_VAULT),
]
RegistryId = Annotated[
    str,
    RESOURCE_ID,
    printed_by("az acr show --name NAME", what=_REGISTRY),
    of_kind("Microsoft.ContainerRegistry/registries", name="[A-Za-z0-9]{5,50}", what=_REGISTRY),
]
LoginServer = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{3,70}\.azurecr\.(io|us|cn)$"),
    must_be("the login server of the registry, like name.azurecr.io"),
]


class Existing(Group):
    """What is not given, the stack makes; the resource group, the bootstrap."""

    resource_group: ResourceGroupName | None = Field(
        None, description="Name of the resource group for everything that the stack makes. It must exist."
    )
    log_analytics_workspace: WorkspaceId | None = Field(
        None,
        description="Id of the workspace for logs, in `subscription_id`. Its owner sets how long it keeps them, and "
        "how many.",
    )
    key_vault: VaultId | None = Field(
        None,
        description="Id of the Key Vault for the secrets, in `subscription_id`: one for each environment, which roles "
        "open. Its owner sets soft delete, purge protection and its own log.",
    )
    assign_role: Switch = Field(
        default=True,
        description="The stack assigns the gateway's identity its role on `key_vault`, which whoever deploys must be "
        "allowed to do. If false, the owner of the vault does.",
    )

    def check(self, *, subscription_id: str | None, delete_lock: bool) -> dict[FieldPath, str]:
        """What Terraform could not read again, or is its owner's to decide, by field path.

        azurerm 4.81 looks for the vault of a secret, and for the workspace of a Container Apps environment, in the
        provider's subscription alone. What it does not find there it takes for deleted.
        """
        messages: dict[FieldPath, str] = {}
        for field in _IN_ONE_SUBSCRIPTION:
            resource: str | None = getattr(self, field)
            if resource is None or subscription_of(resource) == (subscription_id or "").lower():
                continue
            wanted = f"which is {subscription_id}" if subscription_id else "which must be given, too"
            messages[field,] = f"must be in the subscription of subscription_id, {wanted}"
        if delete_lock and self.resource_group:
            messages["resource_group",] = "must be left out with delete_lock = true: its owner locks it, or does not"
        if not self.assign_role and self.key_vault is None:
            messages["assign_role",] = "must be left out without existing.key_vault, which it is about"
        return messages


class Registry(Group):
    """A private Azure Container Registry, from which the app pulls its image with its own identity."""

    id: RegistryId = Field(description="Id of the registry. It may be in another subscription of the same tenant.")
    login_server: LoginServer = Field(
        default_factory=lambda given: f"{name_of(given['id']).lower()}.azurecr.io",
        description="Its host, where `image` must come from. Default: NAME.azurecr.io.",
    )
    assign_role: Switch = Field(
        default=True,
        description="The stack assigns the app's identity AcrPull on the registry, which whoever deploys must be "
        "allowed to do. If false, the owner of the registry does.",
    )

    def holds(self, repository: str) -> bool:
        """Whether an image of this repository comes from here."""
        return repository.startswith(f"{self.login_server}/")


def check_owned(
    owned: Group, instead_of: str, existing: Existing | None, *, fields: Sequence[str]
) -> dict[FieldPath, str]:
    """A message for each of these fields that is given although somebody else's resource has none of them from us.

    `instead_of` is the field of `existing` that names that resource.
    """
    if existing is None or getattr(existing, instead_of) is None:
        return {}
    message = f"must be left out: the owner of existing.{instead_of} decides that, and the stack changes nothing there"
    return {(field,): message for field in fields if field in owned.model_fields_set}
