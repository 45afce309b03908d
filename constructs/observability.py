"""Where the logs of the containers go."""

from constructs import Construct, azurerm
from constructs.resource_group import ResourceGroup
from settings.environment import EnvironmentSettings


class Observability(Construct):
    """A Log Analytics workspace, paid by the gigabyte, up to a number of them per day, or an existing one."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: EnvironmentSettings, group: ResourceGroup
    ) -> None:
        super().__init__(scope, construct_id)
        self.workspace_id = settings.existing.log_analytics_workspace or self._build_workspace(settings, group=group)

    def _build_workspace(self, settings: EnvironmentSettings, *, group: ResourceGroup) -> str:
        workspace = azurerm.LogAnalyticsWorkspace(
            self,
            "workspace",
            name=settings.naming.name("log_analytics_workspace"),
            location=group.location,
            resource_group_name=group.name,
            sku="PerGB2018",
            retention_in_days=settings.logs.retention_days,
            daily_quota_gb=settings.logs.daily_quota_gb,
            tags=group.tags,
        )
        workspace.override_logical_id("gateway")
        return str(workspace.id)
