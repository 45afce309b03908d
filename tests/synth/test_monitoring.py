"""What watches the gateway: built from the settings and the query files, and absent where it is off."""

import json
from typing import Any

import pytest

from constructs.alerts import RULES
from constructs.workbook import SECTIONS
from local.runner.stack import unescape
from queries import query_names, read_query
from settings.observability import Alerts
from tests.docs.markdown import anchors
from tests.queries.workspace import Workspace
from tests.synth.conftest import Synthesize
from tests.synth.stack import ROOT, Stack

RULE = "azurerm_monitor_scheduled_query_rules_alert_v2"
WORKSPACE = "${azurerm_log_analytics_workspace.gateway.id}"
OPTIONAL_KINDS = ("application_insights", "consumption", "monitor_", "cognitive")
# https://github.com/hashicorp/terraform-provider-azurerm, v4.81.0, monitor_scheduled_query_rules_alert_v2_resource.go
FREQUENCIES = {
    "PT1M",
    "PT5M",
    "PT10M",
    "PT15M",
    "PT30M",
    "PT45M",
    "PT1H",
    "PT2H",
    "PT3H",
    "PT4H",
    "PT5H",
    "PT6H",
    "P1D",
}
WINDOWS = FREQUENCIES - {"PT1M"} | {"P2D"}
KQL_SPANS = {"15m": "PT15M", "1h": "PT1H", "1d": "P1D", "2d": "P2D"}


def _resource(stack: Stack, kind: str, name: str = "gateway") -> dict[str, Any]:
    found: dict[str, Any] = stack.resources[f"azurerm_{kind}.{name}"]
    return found


def _rules(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = stack.document["resource"][RULE]
    return found


def test_a_stack_of_the_repository_has_only_what_its_settings_turn_on(stack: Stack) -> None:
    wanted = stack.settings.observability
    found = [kind for kind in stack.document["resource"] if any(part in kind for part in OPTIONAL_KINDS)]
    if not (
        wanted.application_insights
        or wanted.has_receivers
        or wanted.workbook
        or stack.settings.owned_upstreams
        or stack.settings.key_vault.audit_log
    ):
        assert found == []


def test_telemetry_alone_adds_no_alert_web_test_workbook_or_budget(keyless: Stack) -> None:
    found = {kind for kind in keyless.document["resource"] if any(part in kind for part in OPTIONAL_KINDS[:3])}
    assert found == {"azurerm_application_insights", "azurerm_monitor_diagnostic_setting"}


def test_application_insights_takes_telemetry_of_the_gateways_identity_alone(keyless: Stack) -> None:
    component = _resource(keyless, "application_insights")
    assert component["local_authentication_disabled"] is True
    assert component["workspace_id"] == WORKSPACE
    role = _resource(keyless, "role_assignment", "metrics_publisher")
    assert role["scope"] == "${azurerm_application_insights.gateway.id}"
    assert role["role_definition_id"].endswith("/roleDefinitions/3913510d-42f4-4e42-8a64-420c390055eb")
    assert role["principal_id"] == "${azurerm_user_assigned_identity.gateway.principal_id}"


def test_the_web_test_asks_for_readiness_of_the_address_that_stays(complete: Stack) -> None:
    test = _resource(complete, "application_insights_standard_web_test")
    assert test["request"]["url"] == "https://${azurerm_container_app.gateway.ingress[0].fqdn}/health/readiness"
    assert test["validation_rules"]["expected_status_code"] == 200
    assert test["application_insights_id"] == "${azurerm_application_insights.gateway.id}"
    alert = _resource(complete, "monitor_metric_alert", "web_test")
    criteria = alert["application_insights_web_test_location_availability_criteria"]
    assert criteria["web_test_id"] == "${azurerm_application_insights_standard_web_test.gateway.id}"
    assert 1 < criteria["failed_location_count"] < len(test["geo_locations"])


def test_every_receiver_is_told_of_every_alert_and_of_the_budget(complete: Stack) -> None:
    group = _resource(complete, "monitor_action_group")
    assert [one["email_address"] for one in group["email_receiver"]] == ["ops@example.com", "on-call@example.com"]
    assert len(group["short_name"]) <= 12
    receivers = ["${azurerm_monitor_action_group.gateway.id}", complete.settings.observability.action_group_id]
    assert all(rule["action"]["action_groups"] == receivers for rule in _rules(complete).values())
    told = _resource(complete, "monitor_metric_alert", "web_test")["action"]
    assert [one["action_group_id"] for one in told] == receivers
    notifications = _resource(complete, "consumption_budget_resource_group")["notification"]
    assert all(one["contact_groups"] == receivers for one in notifications)


def test_an_existing_group_of_receivers_is_enough(synthesize_files: Synthesize) -> None:
    owner = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/theirs"
    group = f"{owner}/providers/Microsoft.Insights/actionGroups/theirs"
    text = f'env = "uat"\n[observability]\naction_group_id = "{group}"\n'
    stack = synthesize_files({"uat.toml": text})["uat"]
    assert "azurerm_monitor_action_group" not in stack.document["resource"]
    assert {group} == {one for rule in _rules(stack).values() for one in rule["action"]["action_groups"]}
    assert all(rule["description"].endswith(f" docs/alerts.md#{name}") for name, rule in _rules(stack).items())


def test_a_rule_is_there_for_each_threshold_that_is_not_zero(complete: Stack) -> None:
    assert {rule.threshold for rule in RULES.values()} == Alerts.model_fields.keys()
    assert _rules(complete).keys() == RULES.keys() - {"latency"}  # its threshold is 0
    thresholds = complete.settings.observability.alerts
    for name, rule in _rules(complete).items():
        [criteria] = rule["criteria"]
        assert criteria["threshold"] == getattr(thresholds, RULES[name].threshold)
        assert criteria["operator"] == RULES[name].operator


def test_a_rules_query_is_the_file_of_its_name(complete: Stack) -> None:
    for name, rule in _rules(complete).items():
        [criteria] = rule["criteria"]
        assert unescape(criteria["query"]) == read_query(f"alert_{name}").with_settings(complete.settings).text
        assert Workspace().columns(unescape(criteria["query"])) == [criteria["metric_measure_column"]]
        assert rule["scopes"] == [WORKSPACE]
        assert rule["skip_query_validation"] is True  # a new workspace has no table yet


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_one_that_azure_takes_and_its_query_sees_as_much_as_it_asks_for(name: str) -> None:
    rule = RULES[name]
    assert rule.every in FREQUENCIES
    assert rule.window in WINDOWS
    assert KQL_SPANS[read_query(f"alert_{name}").parameters["period"]] == rule.window


def test_every_query_of_an_alert_has_its_rule() -> None:
    assert {name for name in query_names() if name.startswith("alert_")} == {f"alert_{name}" for name in RULES}


def test_an_alert_tells_what_happened_and_what_to_do(complete: Stack) -> None:
    for name, rule in _rules(complete).items():
        assert read_query(f"alert_{name}").question in rule["description"]
        assert rule["description"].endswith(f" https://github.com/contoso/gateway/blob/main/docs/alerts.md#{name}")
        assert rule["display_name"].startswith("AI gateway complete: ")
    assert "Threshold: above 1,000,000." in _rules(complete)["tokens_per_day"]["description"]
    assert "Threshold: below 99.5." in _rules(complete)["availability"]["description"]


def test_every_alert_has_its_entry_in_the_runbook(complete: Stack) -> None:
    alerts = {*RULES, *complete.document["resource"]["azurerm_monitor_metric_alert"]}
    assert alerts <= anchors(ROOT / "docs/alerts.md")


def test_the_workbook_has_every_query_that_is_no_alert_once(complete: Stack) -> None:
    items = json.loads(_resource(complete, "application_insights_workbook")["data_json"])["items"]
    shown = {item["name"]: item["content"] for item in items if item["type"] == 3}
    names = [name for section in SECTIONS.values() for name in section]
    others = {name for name in query_names() if name.startswith("alert_")} | {"access_lines"}  # the report's
    assert sorted(names) == [name for name in query_names() if name not in others]
    assert list(shown) == names
    for name, content in shown.items():
        query = read_query(name).with_settings(complete.settings)
        assert content["title"] == query.question
        assert content["crossComponentResources"] == [WORKSPACE]
        assert content["timeContextFromParameter"] == "TimeRange"
        kept = [line for line in query.text.splitlines() if not line.startswith(("let period", "let step"))]
        lines = unescape(content["query"]).splitlines()
        assert [line for line in lines if not line.startswith(("let period", "let step"))] == kept
        assert "let period = 2160h;" in lines


def test_a_chart_shows_columns_that_its_query_has() -> None:
    for section in SECTIONS.values():
        for name, chart in section.items():
            if chart:
                columns = Workspace().columns(read_query(name).text)
                assert {"TimeGenerated", chart.y, chart.by or chart.y} <= {*columns}


def test_the_workbook_is_the_same_resource_in_every_synthesis(complete: Stack) -> None:
    workbook = _resource(complete, "application_insights_workbook")
    assert workbook["name"] == "a0c8d67e-1639-54f4-bb13-d72dae30350a"
    assert json.loads(workbook["data_json"])["version"] == "Notebook/1.0"


def test_the_budget_tells_before_it_is_spent_when_it_is_spent_and_when_it_will_be(complete: Stack) -> None:
    budget = _resource(complete, "consumption_budget_resource_group")
    assert (budget["amount"], budget["time_grain"]) == (500, "Monthly")
    assert budget["time_period"] == {"start_date": "2026-12-01T00:00:00Z"}
    assert budget["resource_group_id"] == "${data.azurerm_resource_group.gateway.id}"
    assert [(one["threshold"], one["threshold_type"]) for one in budget["notification"]] == [
        (80, "Actual"),
        (100, "Actual"),
        (100, "Forecasted"),
    ]
