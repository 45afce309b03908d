"""What watches a running gateway, each part only if the settings turn it on: what is off costs nothing."""

from constructs import Construct
from constructs.action_group import ActionGroup
from constructs.alerts import Alerts
from constructs.application_insights import ApplicationInsights
from constructs.budget import Budget
from constructs.container_app import ContainerApp
from constructs.observability import Observability
from constructs.resource_group import ResourceGroup
from constructs.web_test import WebTest
from constructs.workbook import Workbook
from settings.environment import EnvironmentSettings


class Monitoring(Construct):
    """Web test, alerts and their receivers, budget and workbook."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        group: ResourceGroup,
        observability: Observability,
        insights: ApplicationInsights,
        app: ContainerApp,
    ) -> None:
        super().__init__(scope, construct_id)
        wanted = settings.observability
        web_test = (
            WebTest(self, "web-test", settings=settings, group=group, insights_id=insights.id, app=app)
            if wanted.web_test and insights.id
            else None
        )
        if wanted.has_receivers:
            action_group = ActionGroup(self, "action-group", settings=settings, group=group)
            Alerts(
                self,
                "alerts",
                settings=settings,
                group=group,
                observability=observability,
                action_group=action_group,
                web_test=web_test,
            )
            if wanted.budget:
                Budget(self, "budget", settings=settings, budget=wanted.budget, group=group, action_group=action_group)
        if wanted.workbook:
            Workbook(self, "workbook", settings=settings, group=group, observability=observability)
