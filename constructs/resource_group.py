"""The resource group: the place, and the tags, of everything in one environment."""

from constructs import Construct, azurerm
from constructs.escaping import literals
from settings.environment import EnvironmentSettings


class ResourceGroup(Construct):
    """The group that the bootstrap made, which is only read: no plan and no destruction can lose it.

    So whoever deploys needs no rights outside it (docs/decisions/0029-rights-on-one-group.md).
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: EnvironmentSettings) -> None:
        super().__init__(scope, construct_id)
        self.location = settings.location
        self.tags = literals(settings.all_tags)
        group = azurerm.DataAzurermResourceGroup(self, "group", name=settings.resource_group)
        group.override_logical_id("gateway")
        self.name = group.name
        self.id = group.id
