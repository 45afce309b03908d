"""The subscription, Key Vault, logs, and the backend of Terraform's state."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from settings.naming import NOT_RESERVED
from settings.resource_ids import GIVEN
from settings.values import Between, Group, Switch, must_be, whole_number


class KeyVault(Group):
    """Source: https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview."""

    soft_delete_retention_days: Annotated[int, whole_number(7, 90)] = Field(
        7,
        description="Days that a deleted vault or secret can be recovered (prod: 30). Choose it before the first "
        "deployment: Azure refuses every later change.",
    )
    purge_protection: Switch = Field(
        default=False, description="Prevent purging before that time (prod: true). Cannot be undone."
    )
    audit_log: Switch = Field(
        default=False, description="Log into the workspace who reads or changes a secret (prod: true)."
    )


class Logs(Group):
    """Sources: https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure and .../logs/daily-cap."""

    retention_days: Annotated[int, whole_number(30, 730)] = Field(30, description="Days that logs are kept.")
    daily_quota_gb: Annotated[float, Between(0.023, 10_000, "a number of gigabytes")] = Field(
        1.0,
        description="Largest amount of logs per day. 1 GB is about 1.7 million requests. Later lines of that day are "
        "lost; the gateway goes on. Azure's -1 for unlimited is refused.",
    )
    client_address: Switch = Field(
        default=False,
        description="The client's address in every line of the access log, not only of requests without a valid key.",
    )


_UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
SubscriptionId = Annotated[
    str, StringConstraints(pattern=_UUID), must_be("the id of a subscription, as `az account show` prints it"), GIVEN
]
TenantId = Annotated[
    str, StringConstraints(pattern=_UUID), must_be("the id of a tenant, as tenantId of `az account show`"), GIVEN
]
ResourceGroupName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]$"),
    must_be("1 to 90 letters, digits and '-_.()', without a final '.'"),
]
StorageAccountName = Annotated[
    str, StringConstraints(pattern="^[a-z0-9]{3,24}$"), must_be("3 to 24 lower-case letters and digits"), NOT_RESERVED
]
ContainerName = Annotated[
    str,
    StringConstraints(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", min_length=3, max_length=63),
    must_be("3 to 63 lower-case letters, digits and single inner hyphens"),
]
BlobName = Annotated[
    str,
    StringConstraints(pattern="^[A-Za-z0-9_-][A-Za-z0-9._/-]{0,253}[A-Za-z0-9_-]$"),
    must_be("2 to 255 letters, digits and '-_./', without '.' or '/' at either end"),
]


Replication = Annotated[
    Literal["LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS"],
    must_be('"LRS", "ZRS", "GRS", "RAGRS", "GZRS" or "RAGZRS"'),
]


class Backend(Group):
    """The blob of Terraform's state: one per environment, accessed with Entra ID, never with a key."""

    # What must have a value here, a file may leave out: it gets the convention's.
    model_config = ConfigDict(json_schema_extra=lambda schema: schema.pop("required"))

    resource_group_name: ResourceGroupName = Field(description="Default: the convention's name.")
    storage_account_name: StorageAccountName = Field(
        description="One for each environment. Default: the convention's name."
    )
    container_name: ContainerName = Field("tfstate", description="Container of the blob.")
    key: BlobName = Field(description="Name of the blob; default: {env}.tfstate.")
    replication: Replication = Field(
        "LRS",
        description="Copies of the state: in one datacentre, in three zones of the region (ZRS), also in another "
        "region (GRS, GZRS), readable there (RAGRS, RAGZRS). The bootstrap sets it.",
    )
