"""Application Insights: metrics and traces of the gateway."""

from cdktf import ITerraformDependable

from constructs import Construct, azurerm
from constructs.caller import Caller
from constructs.identity import Identity
from constructs.observability import Observability
from constructs.resource_group import ResourceGroup
from constructs.roles import assign_role
from settings.environment import EnvironmentSettings
from settings.roles import MONITORING_METRICS_PUBLISHER


class ApplicationInsights(Construct):
    """The component and the gateway's role on it, if the settings turn it on: otherwise `id` is None, `roles` empty.

    Its data lies in the workspace, within the workspace's quota, and is paid there. Local authentication is off: to
    know the connection string is not enough to send anything.
    """

    id: str | None = None
    roles: tuple[ITerraformDependable, ...] = ()
    """They need minutes before the app uses them (see `GatewayStack`)."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        group: ResourceGroup,
        identity: Identity,
        caller: Caller,
        observability: Observability,
    ) -> None:
        super().__init__(scope, construct_id)
        if not settings.observability.application_insights:
            return
        component = azurerm.ApplicationInsights(
            self,
            "component",
            name=settings.naming.name("application_insights"),
            location=group.location,
            resource_group_name=group.name,
            workspace_id=observability.workspace_id,
            application_type="web",
            local_authentication_disabled=True,  # the bindings, and azurerm 4.62, have no other name for it
            tags=group.tags,
        )
        component.override_logical_id("gateway")
        self.id = component.id
        publisher = assign_role(
            self,
            "metrics_publisher",
            role=MONITORING_METRICS_PUBLISHER,
            target_id=component.id,
            subscription_id=caller.subscription_id,
            identity=identity,
        )
        self.roles = (publisher,)
