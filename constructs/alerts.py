"""Alerts on the log: one rule per line of `RULES`, from a query of queries/ and a threshold of the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from constructs import Construct, azurerm
from constructs.action_group import ActionGroup
from constructs.escaping import literal
from constructs.observability import Observability
from constructs.resource_group import ResourceGroup
from constructs.web_test import WebTest
from queries import read_query
from settings.environment import EnvironmentSettings

_RUNBOOK = "docs/alerts.md"
_WORDS = {"LessThan": "below", "LessThanOrEqual": "at most", "GreaterThan": "above", "GreaterThanOrEqual": "at least"}
_FAILED_LOCATIONS = 2
"""Of the web test: one may have trouble of its own."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When to tell: the one row of the query has a column of the threshold's name, which is compared with it."""

    title: str
    threshold: str
    """Its name in `[observability.alerts]`; of a switch, 1."""
    operator: Literal["LessThan", "LessThanOrEqual", "GreaterThan", "GreaterThanOrEqual"]
    severity: Literal[0, 1, 2, 3, 4]
    """0 critical, 1 error, 2 warning, 3 informational."""
    window: str = "PT15M"
    """What the query sees: its `period`."""
    every: str = "PT15M"
    """How often it runs. A rule costs the least at 15 minutes and more, three times as much at five."""


# A rule's name is that of its query, queries/alert_NAME.kql, and of its section in the runbook.
RULES: Mapping[str, Rule] = {
    "availability": Rule(
        title="availability is below its target",
        threshold="availability_percent",
        operator="LessThan",
        severity=1,
        window="PT1H",
    ),
    "latency": Rule(
        title="clients wait too long for the first byte", threshold="p95_ms", operator="GreaterThan", severity=2
    ),
    "upstream_failures": Rule(
        title="many calls to Azure OpenAI fail",
        threshold="upstream_failures",
        operator="GreaterThanOrEqual",
        severity=2,
    ),
    "no_region_left": Rule(
        title="no region answered a request",
        threshold="no_region_left",
        operator="GreaterThanOrEqual",
        severity=1,
        every="PT5M",
    ),
    "translation_overloaded": Rule(
        title="LiteLLM has no place for more chats",
        threshold="translation_overloaded",
        operator="GreaterThanOrEqual",
        severity=2,
    ),
    "tokens_per_day": Rule(
        title="more tokens than planned were used in a day",
        threshold="tokens_per_day",
        operator="GreaterThan",
        severity=2,
        window="P1D",
        every="PT1H",
    ),
    "daily_cap": Rule(
        title="the log has reached its daily quota, and alerts see nothing more",
        threshold="daily_cap",
        operator="GreaterThanOrEqual",
        severity=1,
        window="P1D",
    ),
    "retirement": Rule(
        title="Azure soon retires a model that is in use",
        threshold="retirement_days",
        operator="LessThanOrEqual",
        severity=2,
        window="P2D",
        every="PT6H",
    ),
}


class Alerts(Construct):
    """The rules whose threshold is not 0 or false, and one on the web test if there is one.

    A rule tells once when it fires and once when it is over.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        group: ResourceGroup,
        observability: Observability,
        action_group: ActionGroup,
        web_test: WebTest | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings, self._group, self._receivers = settings, group, action_group.ids
        for name, rule in RULES.items():
            if threshold := getattr(settings.observability.alerts, rule.threshold):
                self._build_rule(name, rule, threshold=float(threshold), workspace_id=observability.workspace_id)
        if web_test:
            self._build_web_test_alert(web_test)

    def _build_rule(self, name: str, rule: Rule, *, threshold: float, workspace_id: str) -> None:
        query = read_query(f"alert_{name}").with_settings(self._settings)
        alert = azurerm.MonitorScheduledQueryRulesAlertV2(
            self,
            name,
            name=self._settings.naming.name("alert", part=name.replace("_", "-")),
            display_name=f"AI gateway {self._settings.env}: {rule.title}",
            description=self._describe(name, f"{query.question} Threshold: {_WORDS[rule.operator]} {threshold:,.15g}."),
            location=self._group.location,
            resource_group_name=self._group.name,
            scopes=[workspace_id],
            severity=rule.severity,
            window_duration=rule.window,
            evaluation_frequency=rule.every,
            auto_mitigation_enabled=True,
            skip_query_validation=True,  # the log's tables are made by its first lines, minutes after the rule
            criteria=[
                azurerm.MonitorScheduledQueryRulesAlertV2Criteria(
                    query=literal(query.text),
                    time_aggregation_method="Maximum",
                    metric_measure_column=rule.threshold,
                    operator=rule.operator,
                    threshold=threshold,
                    failing_periods=azurerm.MonitorScheduledQueryRulesAlertV2CriteriaFailingPeriods(
                        minimum_failing_periods_to_trigger_alert=1, number_of_evaluation_periods=1
                    ),
                )
            ],
            action=azurerm.MonitorScheduledQueryRulesAlertV2Action(action_groups=self._receivers),
            tags=self._group.tags,
        )
        alert.override_logical_id(name)

    def _build_web_test_alert(self, web_test: WebTest) -> None:
        """The rules on the log see nothing of a gateway that writes none."""
        alert = azurerm.MonitorMetricAlert(
            self,
            "web-test",
            name=self._settings.naming.name("alert", part="web-test"),
            description=self._describe("web_test", f"The gateway was not ready, seen from {_FAILED_LOCATIONS} places."),
            resource_group_name=self._group.name,
            scopes=[web_test.id, web_test.insights_id],
            severity=1,
            window_size="PT30M",
            frequency="PT5M",
            auto_mitigate=True,
            application_insights_web_test_location_availability_criteria=(
                azurerm.MonitorMetricAlertApplicationInsightsWebTestLocationAvailabilityCriteria(
                    web_test_id=web_test.id,
                    component_id=web_test.insights_id,
                    failed_location_count=_FAILED_LOCATIONS,
                )
            ),
            action=[azurerm.MonitorMetricAlertAction(action_group_id=receiver) for receiver in self._receivers],
            tags=self._group.tags,
        )
        alert.override_logical_id("web_test")

    def _describe(self, name: str, what: str) -> str:
        """What whoever is told reads first."""
        return literal(f"{what} What to do: {self._settings.observability.runbook_url or _RUNBOOK}#{name}")
