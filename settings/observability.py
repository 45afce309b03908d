"""What is measured, who is told, and what a month may cost. All of it is off by default: what is off costs nothing."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from settings.resource_ids import GIVEN
from settings.values import Between, Day, FieldPath, Group, Switch, list_of, must_be, refused, whole_number


def _first_of_a_month(day: date) -> date:
    if day.day != 1:
        raise refused("must be the first day of a month, like 2026-12-01")
    return day


def _different(addresses: tuple[str, ...]) -> tuple[str, ...]:
    if len({address.lower() for address in addresses}) < len(addresses):
        raise refused("must be different addresses")
    return addresses


def _in_percent(share: float) -> float:
    if 0 < share <= 1:
        raise refused("must be in percent, like 99.5")
    return share


Email = Annotated[
    str,
    StringConstraints(pattern=r"^[^@\s,;<>]{1,64}@([A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,63}$"),
    must_be("an e-mail address"),
]
ActionGroupId = Annotated[
    str,
    StringConstraints(
        pattern="^$|^/subscriptions/[0-9a-f-]{36}/resource[gG]roups/[^/]{1,90}/providers/[mM]icrosoft.[iI]nsights/"
        "action[gG]roups/[^/]{1,260}$"
    ),
    must_be("the id of an action group, as `az monitor action-group show --query id` prints it"),
    GIVEN,
]
RunbookUrl = Annotated[
    str,
    StringConstraints(pattern=r"^$|^https://[^\s#]{4,300}$"),
    must_be("an address like https://github.com/OWNER/REPOSITORY/blob/main/docs/alerts.md, without #"),
]
FirstDay = Annotated[Day, AfterValidator(_first_of_a_month)]
Amount = Annotated[int, whole_number(1, 1_000_000_000)]
Count = Annotated[int, whole_number(0, 1_000_000_000_000)]


class Budget(Group):
    """A budget of the resource group. Azure tells its receivers; it stops nothing.

    Source: https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-acm-create-budgets.
    """

    monthly_amount: Amount = Field(description="Amount per month, in the currency of the subscription.")
    start: FirstDay = Field(
        description="First day of a month. At its creation, Azure refuses one before the current month."
    )


class Alerts(Group):
    """Thresholds of docs/alerts.md. 0 (`daily_cap`: false): there is no such alert."""

    availability_percent: Annotated[float, Between(0, 100), AfterValidator(_in_percent)] = Field(
        99.0, description="Lowest share of requests that do not fail because of the gateway or Azure."
    )
    p95_ms: Count = Field(60_000, description="Highest 95th percentile of the time to the first byte, in milliseconds.")
    upstream_failures: Count = Field(50, description="Failed attempts in the upstreams within 15 minutes.")
    no_region_left: Count = Field(1, description="Requests that no region could answer, within 15 minutes.")
    translation_overloaded: Count = Field(
        1, description="Requests for which LiteLLM had no place in time, within 15 minutes."
    )
    tokens_per_day: Count = Field(0, description="Tokens of all projects together within a day.")
    daily_cap: Switch = Field(
        default=True, description="Tell that logs.daily_quota_gb was reached, after which the other rules see nothing."
    )
    retirement_days: Annotated[int, whole_number(0, 365)] = Field(
        30, description="Days before Azure retires a model in use."
    )


class Observability(Group):
    """Application Insights, alerts and their receivers, workbook and budget."""

    application_insights: Switch = Field(
        default=False, description="Send metrics and traces to an Application Insights of the environment."
    )
    sampling_percent: Annotated[float, Between(0, 100)] = Field(
        10.0, description="Share of the requests that are sent as traces, in percent. Metrics count all of them."
    )
    alert_emails: Annotated[tuple[Email, ...], list_of("e-mail addresses"), AfterValidator(_different)] = Field(
        (), description="Receivers of alerts and of the budget. Without a receiver there are no alerts."
    )
    action_group_id: ActionGroupId = Field(
        "", description="Id of an existing action group that is a receiver, too. Default: none."
    )
    runbook_url: RunbookUrl = Field(
        "",
        description="Where receivers of an alert read docs/alerts.md: the alert's text links its entry there. Default: "
        "the text has the file's name.",
    )
    workbook: Switch = Field(default=False, description="Make a workbook from the queries of queries/.")
    web_test: Switch = Field(
        default=False,
        description="Let Azure call /health/readiness from several places every few minutes. Needs "
        "application_insights, and an ingress that is open to any address.",
    )
    budget: Budget | None = Field(None, description="A monthly budget of the resource group.")
    alerts: Alerts = Field(Alerts(), description="Thresholds of the alerts.")

    @property
    def has_receivers(self) -> bool:
        """Whether anybody would be told."""
        return bool(self.alert_emails or self.action_group_id)

    def check(self, *, is_open: bool) -> dict[FieldPath, str]:
        """What could not work, by field path; `is_open`: any address reaches the gateway."""
        messages: dict[FieldPath, str] = {}
        if self.web_test and not self.application_insights:
            messages["web_test",] = "must be false, or observability.application_insights true, which it is a part of"
        default = Observability.model_fields["sampling_percent"].default
        if self.sampling_percent != default and not self.application_insights:
            messages["sampling_percent",] = "must be the default, or observability.application_insights true"
        if self.web_test and not is_open:
            messages["web_test",] = (
                "must be false, or ingress.external true and ingress.ip_allowlist empty: Azure calls from addresses of "
                "its own"
            )
        if not self.has_receivers:
            receivers = "observability.alert_emails or observability.action_group_id must name a receiver"
            if self.budget:
                messages["budget",] = f"must be left out, or {receivers}"
            if self.runbook_url:
                messages["runbook_url",] = f"must be left out, or {receivers}"
            if self.alerts != Alerts():
                messages["alerts",] = f"must be the defaults, or {receivers}"
        return messages
