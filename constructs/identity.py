"""The identity with which the container app reads its secrets, calls models and sends telemetry."""

from constructs import Construct, azurerm
from constructs.resource_group import ResourceGroup
from settings.environment import EnvironmentSettings


class Identity(Construct):
    """User-assigned, because it must have its roles before the app exists: one of the app's own comes too late."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: EnvironmentSettings, group: ResourceGroup
    ) -> None:
        super().__init__(scope, construct_id)
        identity = azurerm.UserAssignedIdentity(
            self,
            "identity",
            name=settings.naming.name("user_assigned_identity"),
            location=group.location,
            resource_group_name=group.name,
            tags=group.tags,
        )
        identity.override_logical_id("gateway")
        self.id = identity.id
        self.principal_id = identity.principal_id
