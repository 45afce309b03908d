"""Who is told when an alert fires."""

from constructs import Construct, azurerm
from constructs.escaping import literal
from constructs.resource_group import ResourceGroup
from settings.environment import EnvironmentSettings

_SHORT_NAME = "AI gateway"
"""In text messages; at most 12 characters."""


class ActionGroup(Construct):
    """A group of the receivers in the settings, an existing group, or both: `ids` has the groups of every alert."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: EnvironmentSettings, group: ResourceGroup
    ) -> None:
        super().__init__(scope, construct_id)
        observability = settings.observability
        self.ids = [literal(observability.action_group_id)] if observability.action_group_id else []
        if not observability.alert_emails:
            return
        action_group = azurerm.MonitorActionGroup(
            self,
            "group",
            name=settings.naming.name("action_group"),
            resource_group_name=group.name,
            short_name=_SHORT_NAME,
            email_receiver=[
                azurerm.MonitorActionGroupEmailReceiver(
                    name=literal(address), email_address=literal(address), use_common_alert_schema=True
                )
                for address in observability.alert_emails
            ],
            tags=group.tags,
        )
        action_group.override_logical_id("gateway")
        self.ids.insert(0, action_group.id)
