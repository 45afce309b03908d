"""Somebody else's subnet for the Container Apps environment, and its spread over availability zones."""

from typing import Annotated

from pydantic import Field

from settings.locations import check_zones
from settings.resource_ids import RESOURCE_ID, of_kind, printed_by
from settings.values import FieldPath, Group, Switch

_SUBNET = "a subnet"

SubnetId = Annotated[
    str,
    RESOURCE_ID,
    printed_by("az network vnet subnet show --resource-group GROUP --vnet-name NETWORK --name NAME", what=_SUBNET),
    of_kind(
        "Microsoft.Network/virtualNetworks/subnets",
        name="[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?",
        what=_SUBNET,
    ),
]


class Network(Group):
    """The network of the Container Apps environment: docs/network.md. A later change replaces it: a new address.

    Sources: https://learn.microsoft.com/azure/container-apps/custom-virtual-networks and
    https://learn.microsoft.com/azure/reliability/reliability-container-apps.
    """

    infrastructure_subnet_id: SubnetId | None = Field(
        None,
        description="Id of an existing subnet for this environment alone, in `location`: /27 or larger, delegated to "
        "Microsoft.App/environments. Default: a network of Azure's own.",
    )
    zone_redundancy: Switch = Field(
        default=False,
        description="Spread the environment over the availability zones of its region. Needs the subnet, and replicas "
        "in at least two zones: in prod `scale.min_replicas` is then 2 by default.",
    )

    def check(self, *, location: str | None) -> dict[FieldPath, str]:
        """What could not work, by field path; `location` is None if nothing is known about the region."""
        if not self.zone_redundancy:
            return {}
        if self.infrastructure_subnet_id is None:
            return {("zone_redundancy",): "must be false, or network.infrastructure_subnet_id given: it needs a subnet"}
        no_zones = check_zones(location) if location else None
        return {("zone_redundancy",): no_zones} if no_zones else {}
