"""The Container Apps environment, in which the app runs."""

from collections.abc import Sequence

from cdktf import ITerraformDependable

from constructs import Construct, azurerm
from constructs.observability import Observability
from constructs.resource_group import ResourceGroup
from settings.environment import EnvironmentSettings


class ContainerAppEnvironment(Construct):
    """An environment on the Consumption plan; it comes after `roles`, to give them time (see `GatewayStack`)."""

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
            tags=group.tags,
            depends_on=roles,
        )
        self.resource.override_logical_id("gateway")
        self.id = self.resource.id
