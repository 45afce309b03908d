"""A request to the gateway from outside, every few minutes."""

from constructs import Construct, azurerm
from constructs.container_app import ContainerApp
from constructs.resource_group import ResourceGroup
from settings.environment import EnvironmentSettings

# https://learn.microsoft.com/azure/azure-monitor/app/availability (population tags)
LOCATIONS = ("emea-nl-ams-azr", "emea-gb-db3-azr", "us-va-ash-azr")
"""West Europe, North Europe, East US."""
_FREQUENCY_S = 900
"""Azure bills each run of a test, and a replica that is idle is cheaper."""
_CERTIFICATE_DAYS = 7


class WebTest(Construct):
    """Asks for readiness, which needs no key and calls no model.

    A replica answers it, so that an environment with `min_replicas = 0` never has none.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        group: ResourceGroup,
        insights_id: str,
        app: ContainerApp,
    ) -> None:
        super().__init__(scope, construct_id)
        test = azurerm.ApplicationInsightsStandardWebTest(
            self,
            "test",
            name=settings.naming.name("web_test"),
            location=group.location,
            resource_group_name=group.name,
            application_insights_id=insights_id,
            geo_locations=list(LOCATIONS),
            frequency=_FREQUENCY_S,
            timeout=30,
            enabled=True,
            retry_enabled=True,
            request=azurerm.ApplicationInsightsStandardWebTestRequest(
                url=f"https://{app.fqdn}/health/readiness",
                follow_redirects_enabled=False,
                parse_dependent_requests_enabled=False,
            ),
            validation_rules=azurerm.ApplicationInsightsStandardWebTestValidationRules(
                expected_status_code=200,
                ssl_check_enabled=True,
                ssl_cert_remaining_lifetime=_CERTIFICATE_DAYS,
            ),
            tags=group.tags,
        )
        test.override_logical_id("gateway")
        self.id = test.id
        self.insights_id = insights_id
