"""What is measured and who is told: off by default, and refused where it could not work."""

from datetime import date

import pytest

from settings.loading import load_environment
from settings.observability import Alerts
from tests.settings.conftest import Refuses, WriteFile

GROUP = (
    f"/subscriptions/{'1' * 8}-1111-1111-1111-{'1' * 12}/resourceGroups/rg/providers/Microsoft.Insights/actionGroups/ag"
)
RECEIVER = 'observability.alert_emails = ["team@example.com"]\n'
BUDGET = "[observability.budget]\nmonthly_amount = 500\nstart = 2026-12-01\n"


def test_by_default_nothing_is_on_and_nobody_is_told(write: WriteFile) -> None:
    observability = load_environment(write('env = "dev"')).observability

    assert not any((observability.application_insights, observability.workbook, observability.web_test))
    assert (observability.budget, observability.has_receivers) == (None, False)
    assert observability.alerts.tokens_per_day == 0


def test_everything_can_be_on(write: WriteFile) -> None:
    content = f"""
        env = "dev"
        [observability]
        application_insights = true
        sampling_percent = 0.5
        alert_emails = ["team@example.com", "b@example.com"]
        action_group_id = "{GROUP}"
        workbook = true
        web_test = true
        [observability.alerts]
        p95_ms = 0
        tokens_per_day = 5_000_000
        {BUDGET}"""
    observability = load_environment(write(content)).observability

    assert observability.budget
    assert (observability.budget.monthly_amount, observability.budget.start) == (500, date(2026, 12, 1))
    alerts = observability.alerts
    assert (alerts.p95_ms, alerts.tokens_per_day, alerts.availability_percent) == (0, 5_000_000, 99.0)
    assert observability.has_receivers


def test_variables_set_parts_of_it(write: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_OBSERVABILITY__ALERT_EMAILS", "a@example.com, b@example.com")
    monkeypatch.setenv("AIGATEWAY_OBSERVABILITY__BUDGET__MONTHLY_AMOUNT", "7")
    monkeypatch.setenv("AIGATEWAY_OBSERVABILITY__BUDGET__START", "2027-01-01")
    observability = load_environment(write('env = "dev"')).observability

    assert observability.alert_emails == ("a@example.com", "b@example.com")
    assert observability.budget
    assert observability.budget.monthly_amount == 7


@pytest.mark.parametrize("name", Alerts.model_fields)
def test_every_alert_can_be_switched_off(write: WriteFile, name: str) -> None:
    off = "false" if Alerts.model_fields[name].annotation is bool else "0"
    settings = load_environment(write(f'env = "dev"\n{RECEIVER}observability.alerts.{name} = {off}'))

    assert not getattr(settings.observability.alerts, name)


NOBODY = "must be .*, or observability.alert_emails or observability.action_group_id must name a receiver"
WEB_TEST = "observability = {application_insights = true, web_test = true}\n"


@pytest.mark.parametrize(
    ("content", "field", "value", "allowed"),
    [
        ("sampling_percent = 101", "sampling_percent", "101", "a number from 0 to 100"),
        ("sampling_percent = 50", "sampling_percent", "50", "or observability.application_insights true"),
        ('alert_emails = ["me"]', "alert_emails[0]", '"me"', "must be an e-mail address"),
        ('alert_emails = ["a@b.de", "A@b.de"]', "alert_emails", '["a@b.de", "A@b.de"]', "must be different addresses"),
        ('alert_emails = ["a@b..de"]', "alert_emails[0]", '"a@b..de"', "must be an e-mail address"),
        (
            f"{RECEIVER}observability.alerts.availability_percent = 0.995",
            "alerts.availability_percent",
            "0.995",
            "99.5$",
        ),
        ('action_group_id = "ag"', "action_group_id", '"ag"', "must be the id of an action group"),
        ('runbook_url = "alerts.md"', "runbook_url", '"alerts.md"', "must be an address like https://github.com/OWNER"),
        ('runbook_url = "https://a.de/b#c"', "runbook_url", '"https://a.de/b#c"', "alerts.md, without #"),
        ('runbook_url = "https://a.de/b"', "runbook_url", '"https://a.de/b"', NOBODY),
        ("web_test = true", "web_test", "true", "must be false, or observability.application_insights true"),
        (f"{RECEIVER}{BUDGET}x = 5", "budget.x", "5", "is not a setting; allowed are monthly_amount, start"),
        (RECEIVER + BUDGET.replace("500", "0"), "budget.monthly_amount", "0", "a whole number from 1"),
        (
            RECEIVER + BUDGET.replace("-01\n", "-02\n"),
            "budget.start",
            '"2026-12-02"',
            "must be the first day of a month",
        ),
        (RECEIVER + BUDGET.replace("2026-12-01", "5"), "budget.start", "5", "must be a date like 2027-08-24"),
        (BUDGET, "budget", "", NOBODY),
        ("alerts.p95_ms = 5", "alerts", "", NOBODY),
        (f"{RECEIVER}observability.alerts.p95_ms = -1", "alerts.p95_ms", "-1", "a whole number from 0"),
        (f"{RECEIVER}observability.alerts.daily_cap = 2", "alerts.daily_cap", "2", "true or false"),
        (f"{RECEIVER}observability.alerts.availability_percent = 101", "alerts.availability_percent", "101", "to 100"),
        (
            f"{RECEIVER}observability.alerts.p99_ms = 5",
            "alerts.p99_ms",
            "5",
            "allowed are availability_percent, p95_ms",
        ),
        (
            f"{WEB_TEST}ingress.external = false",
            "web_test",
            "true",
            "or ingress.external true and ingress.ip_allowlist e",
        ),
        (
            f'{WEB_TEST}ingress.ip_allowlist = ["203.0.113.0/24"]',
            "web_test",
            "true",
            "Azure calls from addresses of its",
        ),
    ],
)
def test_an_impossible_value_is_refused(refuses: Refuses, content: str, field: str, value: str, allowed: str) -> None:
    prefix = "" if content.startswith(("observability", "[")) else "observability."
    refuses(prefix + content, field=f"observability.{field}", value=value, allowed=allowed)
