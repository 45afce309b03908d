"""The resource group: the place, and the tags, of everything in one environment."""

from constructs import Construct, azurerm
from constructs.escaping import literals
from settings.environment import EnvironmentSettings


class ResourceGroup(Construct):
    """One environment, one resource group: it can be read, priced and removed as a whole."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: EnvironmentSettings) -> None:
        super().__init__(scope, construct_id)
        self.location = settings.location
        self.tags = literals(settings.all_tags)
        group = azurerm.ResourceGroup(
            self,
            "group",
            name=settings.naming.name("resource_group"),
            location=self.location,
            tags=self.tags,
        )
        group.override_logical_id("gateway")
        self.name = group.name
        self.id = group.id
