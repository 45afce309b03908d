"""The Container Apps environment, in which the app runs."""

from collections.abc import Sequence

from cdktf import ITerraformDependable

from constructs import Construct, azurerm
from constructs.observability import Observability
from constructs.resource_group import ResourceGroup
from settings.environment import EnvironmentSettings

_CONSUMPTION = "Consumption"
"""Name and type of the profile that bills what replicas use; Azure refuses counts of nodes for it."""


class ContainerAppEnvironment(Construct):
    """An environment with the workload profile Consumption; it comes after `roles`, to give them time (`GatewayStack`).

    The profile is there from the start: adding the first one later would replace the environment and its domain
    (docs/decisions/0028-workload-profile.md). The same is true of its subnet and its zones. `workload_profile` is its
    name, for the app.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        group: ResourceGroup,
        observability: Observability,
        roles: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        self.resource = azurerm.ContainerAppEnvironment(
            self,
            "environment",
            name=settings.naming.name("container_app_environment"),
            location=group.location,
            resource_group_name=group.name,
            log_analytics_workspace_id=observability.workspace_id,
            logs_destination="log-analytics",
            infrastructure_subnet_id=settings.network.infrastructure_subnet_id,
            zone_redundancy_enabled=settings.network.zone_redundancy or None,  # false would need a subnet, too
            workload_profile=[
                azurerm.ContainerAppEnvironmentWorkloadProfile(name=_CONSUMPTION, workload_profile_type=_CONSUMPTION)
            ],
            tags=group.tags,
            depends_on=roles,
        )
        self.resource.override_logical_id("gateway")
        self.id = self.resource.id
        self.workload_profile = _CONSUMPTION
