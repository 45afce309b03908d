"""The private registry of somebody else, from which the app pulls its image."""

from cdktf import ITerraformDependable

from constructs import Construct, azurerm
from constructs.identity import Identity
from constructs.roles import assign_role
from settings.environment import EnvironmentSettings
from settings.resource_ids import subscription_of
from settings.roles import ACR_PULL


class Registry(Construct):
    """The app's own identity pulls: no password exists. Without a registry in the settings there is nothing here."""

    roles: tuple[ITerraformDependable, ...] = ()
    """They need minutes before the app uses them (see `GatewayStack`)."""
    pulls: tuple[azurerm.ContainerAppRegistry, ...] = ()
    """Where the app logs in, and as whom."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: EnvironmentSettings, identity: Identity
    ) -> None:
        super().__init__(scope, construct_id)
        registry = settings.registry
        if registry is None:
            return
        self.pulls = (azurerm.ContainerAppRegistry(server=registry.login_server, identity=identity.id),)
        if registry.assign_role:
            role = assign_role(
                self,
                "image_puller",
                role=ACR_PULL,
                target_id=registry.id,
                subscription_id=subscription_of(registry.id),
                identity=identity,
            )
            self.roles = (role,)
