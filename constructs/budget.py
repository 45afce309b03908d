"""The budget of the resource group, which includes owned models. It tells; it stops nothing."""

from constructs import Construct, azurerm
from constructs.action_group import ActionGroup
from constructs.resource_group import ResourceGroup
from settings.environment import EnvironmentSettings
from settings.observability import Budget as BudgetSettings

_NOTIFICATIONS = ((80, "Actual"), (100, "Actual"), (100, "Forecasted"))
"""Percent of the amount, of what was spent or of what the month will have cost by its end."""


class Budget(Construct):
    """An amount per calendar month, in the subscription's currency. Azure counts costs with a delay of up to a day."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        budget: BudgetSettings,
        group: ResourceGroup,
        action_group: ActionGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        resource = azurerm.ConsumptionBudgetResourceGroup(
            self,
            "budget",
            name=settings.naming.name("budget"),
            resource_group_id=group.id,
            amount=budget.monthly_amount,
            time_grain="Monthly",
            time_period=azurerm.ConsumptionBudgetResourceGroupTimePeriod(start_date=f"{budget.start}T00:00:00Z"),
            notification=[
                azurerm.ConsumptionBudgetResourceGroupNotification(
                    operator="GreaterThanOrEqualTo",
                    threshold=percent,
                    threshold_type=kind,
                    contact_groups=action_group.ids,
                )
                for percent, kind in _NOTIFICATIONS
            ],
        )
        resource.override_logical_id("gateway")
