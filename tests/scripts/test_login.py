"""The login must be the one that the settings of an environment name, for every script that logs in."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts import preflight, report
from scripts.azure.login import log_in
from scripts.cli.error_handling import ScriptError
from tests.cloud.az.azure import SUBSCRIPTION, TENANT
from tests.cloud.fixtures import Cloud

SCRIPTS = Path(__file__).parents[2] / "scripts"
OTHER = "99999999-eeee-4eee-8eee-999999999999"
AZ_ALONE = {"bootstrap"}
"""It selects the subscription of each environment itself (scripts/bootstrapping/targets.py)."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """As far as a login is concerned."""

    env: str = "prod"
    subscription_id: str | None = None
    tenant_id: str | None = None


@pytest.fixture(autouse=True)
def logged_in(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """As the stand-in's user, without variables of Terraform."""
    for name in ("ARM_CLIENT_ID", "ARM_SUBSCRIPTION_ID", "ARM_TENANT_ID", "ARM_USE_OIDC"):
        monkeypatch.delenv(name, raising=False)
    for name in ("PATH", "HOME", "CLOUD_STAND_INS"):
        monkeypatch.setenv(name, cloud.environ[name])
    return cloud


def test_settings_without_ids_allow_any_login_and_ask_nobody(logged_in: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    assert log_in(Environment()).subscription is None
    monkeypatch.setenv("ARM_SUBSCRIPTION_ID", OTHER)
    assert log_in(Environment()).subscription == OTHER
    assert logged_in.calls() == []


def test_a_login_of_the_configured_subscription_and_tenant_is_accepted(logged_in: Cloud) -> None:
    log_in(Environment(subscription_id=SUBSCRIPTION.upper(), tenant_id=TENANT))
    assert [call.words[:2] for call in logged_in.calls()] == [["account", "show"]]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Environment(subscription_id=OTHER), f"names {OTHER}. Run: az account set --subscription {OTHER}"),
        (Environment(tenant_id=OTHER), f"names the tenant {OTHER}. Run: az login --tenant {OTHER}"),
        (Environment(subscription_id=OTHER, tenant_id=OTHER), f"Run: az login --tenant {OTHER}"),
    ],
)
def test_another_login_of_az_is_refused(wanted: Environment, told: str) -> None:
    with pytest.raises(ScriptError) as refused:
        log_in(wanted)
    assert refused.value.code == 2
    used = f"az uses the subscription Gateway ({SUBSCRIPTION}) of the tenant {TENANT}, and"
    assert str(refused.value).startswith(f"{used} settings/environments/prod.toml names")
    assert str(refused.value).endswith(told)


@pytest.mark.parametrize("variable", ["ARM_SUBSCRIPTION_ID", "ARM_TENANT_ID"])
def test_another_variable_is_refused_without_asking_az(
    logged_in: Cloud, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("ARM_SUBSCRIPTION_ID", SUBSCRIPTION)
    monkeypatch.setenv("ARM_TENANT_ID", TENANT)
    wanted = Environment(subscription_id=SUBSCRIPTION, tenant_id=TENANT)
    assert log_in(wanted).subscription == SUBSCRIPTION
    monkeypatch.setenv(variable, OTHER)
    with pytest.raises(
        ScriptError, match=f"{variable} is {OTHER}, and settings/environments/prod.toml names"
    ) as refused:
        log_in(wanted)
    assert "`python3 scripts/bootstrap.py --env prod`" in str(refused.value)
    assert logged_in.calls() == []


def test_the_tenant_of_a_given_subscription_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = "55555555-eeee-4eee-8eee-555555555555"  # of the stand-in's other tenant
    monkeypatch.setenv("ARM_SUBSCRIPTION_ID", elsewhere)
    with pytest.raises(ScriptError, match=f"Run: az login --tenant {TENANT}"):
        log_in(Environment(subscription_id=elsewhere, tenant_id=TENANT))


def test_each_of_several_environments_is_checked() -> None:
    mine, others = Environment(env="dev", subscription_id=SUBSCRIPTION), Environment(subscription_id=OTHER)
    with pytest.raises(ScriptError, match=r"^az uses .* settings/environments/prod\.toml names"):
        log_in(mine, others)


@pytest.mark.parametrize("unset", ["ARM_CLIENT_ID", "ARM_TENANT_ID", "ARM_SUBSCRIPTION_ID"])
def test_a_workflow_without_its_variables_is_told_to_run_the_bootstrap(
    monkeypatch: pytest.MonkeyPatch, unset: str
) -> None:
    given = {"ARM_USE_OIDC": "true", "ARM_CLIENT_ID": "c", "ARM_TENANT_ID": TENANT, "ARM_SUBSCRIPTION_ID": SUBSCRIPTION}
    for name, value in given.items():
        monkeypatch.setenv(name, "" if name == unset else value)
    with pytest.raises(ScriptError, match=rf"^{unset}: empty, .*scripts/bootstrap.py --env prod`, which sets it."):
        log_in(Environment())


@pytest.mark.parametrize("main", [preflight.main, report.main])
def test_a_script_that_reads_settings_alone_refuses_it_too(logged_in: Cloud, main: Callable[[], None]) -> None:
    """The others are tested in tests/delivery/test_environments_apart.py."""
    settings = {"AIGATEWAY_SUBSCRIPTION_ID": OTHER, "AIGATEWAY_KEYLESS": "true"}
    ran = logged_in.call(main, "--env", "dev", env=settings)
    assert ran.code == 2
    assert f"Run: az account set --subscription {OTHER}" in ran.err
    assert [call.words[:2] for call in logged_in.calls()] == [["account", "show"]]


def test_no_script_gets_az_without_this_check() -> None:
    makers = {path.stem for path in SCRIPTS.rglob("*.py") for call in _calls(path) if _makes_az(call)}
    assert makers - AZ_ALONE == {"login"}


def _calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _makes_az(call: ast.Call) -> bool:
    first = call.args[0] if call.args else None
    return (
        isinstance(call.func, ast.Name)
        and call.func.id == "CommandLine"
        and isinstance(first, ast.Constant)
        and first.value == "az"
    )
