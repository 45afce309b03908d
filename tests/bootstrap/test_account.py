"""The Azure login: az, subscription, tenant, caller."""

import pytest

from tests.bootstrap.runs import bootstrap
from tests.cloud.az.azure import SUBSCRIPTION, TENANT
from tests.cloud.fixtures import Cloud


def test_without_az_the_message_says_where_to_get_it(cloud: Cloud) -> None:
    cloud.without("az")
    ran = bootstrap(cloud)
    assert ran.code == 2
    assert "az is not on PATH. Install the Azure CLI: https://" in ran.err


def test_without_a_login_the_message_says_how_to_log_in(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        azure["logged_in"] = False
    ran = bootstrap(cloud)
    assert ran.code == 2
    assert ran.err.endswith("az is not logged in. Run: az login\n")


def test_subscription_tenant_and_caller_are_shown(cloud: Cloud) -> None:
    ran = bootstrap(cloud, parts=("preflight",))
    assert f"ok: subscription Gateway ({SUBSCRIPTION})" in ran.err
    assert f"ok: tenant Contoso ({TENANT})" in ran.err
    assert "ok: logged in as ada@contoso.example" in ran.err


def test_an_unknown_subscription_is_refused_with_the_visible_ones(cloud: Cloud) -> None:
    ran = bootstrap(cloud, "--subscription", "Nowhere")
    assert ran.code == 2
    assert "--subscription Nowhere: this login has no such subscription. It has:" in ran.err
    assert f"Gateway ({SUBSCRIPTION})" in ran.err
    assert "Elsewhere" in ran.err
    assert cloud.changes() == []


def test_a_name_that_two_subscriptions_have_is_refused_with_their_ids(cloud: Cloud) -> None:
    other = "77777777-0000-4000-8000-000000000000"
    with cloud.edit() as azure:
        azure["subscriptions"].append({**azure["subscriptions"][0], "id": other})
    ran = bootstrap(cloud, "--env", "dev", "--subscription", "Gateway")
    assert ran.code == 2
    assert f"--subscription Gateway: this login has 2 subscriptions of that name: {SUBSCRIPTION}, {other}." in ran.err
    assert cloud.changes() == []
    assert bootstrap(cloud, "--env", "dev", "--subscription", SUBSCRIPTION).code == 0


def test_a_named_subscription_is_used_for_every_command(cloud: Cloud) -> None:
    other = "77777777-0000-4000-8000-000000000000"
    with cloud.edit() as azure:
        azure["subscriptions"].append({**azure["subscriptions"][0], "id": other, "name": "Other"})
        azure["default"] = other
    ran = bootstrap(cloud, "--env", "dev", "--subscription", "gateway")
    assert ran.code == 0, ran.err
    assert cloud.state()["storage"]["pvcdevaigatewaystsan"]["id"].startswith(f"/subscriptions/{SUBSCRIPTION}/")
    for call in cloud.calls():  # every command that has --subscription gets it
        assert call.words[0] in {"account", "ad", "rest"} or SUBSCRIPTION in call.words


def test_a_subscription_of_another_tenant_needs_a_login_there(cloud: Cloud) -> None:
    ran = bootstrap(cloud, "--env", "dev", "--subscription", "Elsewhere")
    assert ran.code == 2
    assert "dev: in another tenant, and not prepared." in ran.err
    assert "az login --tenant 66666666-ffff-4fff-8fff-666666666666\n" in ran.err
    assert cloud.changes() == []


def test_a_disabled_subscription_is_refused(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        azure["subscriptions"][0]["state"] = "Disabled"
    ran = bootstrap(cloud)
    assert ran.code == 2
    assert "is Disabled" in ran.err


@pytest.mark.parametrize("variable", ["ARM_SUBSCRIPTION_ID", "ARM_TENANT_ID"])
def test_variables_of_terraform_must_name_the_same_account(cloud: Cloud, variable: str) -> None:
    ran = bootstrap(cloud, env={variable: "88888888-0000-4000-8000-000000000000"})
    assert ran.code == 2
    assert f"{variable} is 88888888-0000-4000-8000-000000000000, and az uses " in ran.err
    assert "Terraform would deploy elsewhere." in ran.err


def test_a_service_principal_may_be_the_caller(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        azure["user"] = {"name": "aaaaaaaa-0000-4000-8000-000000000000", "type": "servicePrincipal"}
        robot = {"id": "bbbbbbbb-0000-4000-8000-000000000000", "appId": azure["user"]["name"], "displayName": "robot"}
        azure["service_principals"].append(robot)
        azure["role_assignments"][0]["principalId"] = robot["id"]
    ran = bootstrap(cloud, "--env", "dev")
    assert ran.code == 0, ran.err
    assert "this login cannot read it; continuing." in ran.err
    mine = [given for given in cloud.state()["role_assignments"] if given["principalId"] == robot["id"]]
    assert {given["principalType"] for given in mine[1:]} == {"ServicePrincipal"}
