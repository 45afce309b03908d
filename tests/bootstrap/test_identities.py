"""The workflows' identities and their roles where some of them exist."""

from pathlib import Path
from typing import Any

import pytest

from tests.bootstrap.runs import DEPLOY, PLAN, READ, bootstrap, changed_stacks, principal_of, roles_of
from tests.cloud.az.azure import BUILT_IN, CALLER, SUBSCRIPTION, assignment
from tests.cloud.fixtures import Cloud

DEV = ("--env", "dev")


def test_an_application_is_found_by_its_whole_name(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        other = {"id": "o", "appId": "a", "displayName": f"{PLAN}-of-old", "credentials": []}
        azure["apps"].append(other)
    assert bootstrap(cloud, *DEV).code == 0
    assert [app["displayName"] for app in cloud.state()["apps"]] == [f"{PLAN}-of-old", PLAN, DEPLOY, READ]


def test_two_applications_of_one_name_are_refused(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        for number in ("1", "2"):
            azure["apps"].append({"id": number, "appId": f"client-{number}", "displayName": PLAN, "credentials": []})
    ran = bootstrap(cloud)
    assert ran.code == 1
    assert f"There are 2 app registrations named {PLAN} (client-1, client-2)." in ran.err


def test_the_deploy_identity_may_assign_only_the_roles_of_the_stacks(dev_prepared: Cloud) -> None:
    [given] = [each for each in dev_prepared.state()["role_assignments"] if each["condition"]]
    assert given["principalId"] == principal_of(dev_prepared, DEPLOY)
    assert given["conditionVersion"] == "2.0"
    secrets_user = BUILT_IN["Key Vault Secrets User"][0]
    role = "RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {" + secrets_user + "}"
    kind = "PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}"
    for action, source in (("write", "@Request"), ("delete", "@Resource")):
        part = f"!(ActionMatches{{'Microsoft.Authorization/roleAssignments/{action}'}})"
        both = " AND ".join(f"{source}[Microsoft.Authorization/roleAssignments:{what}" for what in (role, kind))
        assert f"(({part}) OR ({both}))" in given["condition"]


def test_the_deploy_identity_may_assign_the_roles_of_its_own_stack_alone(
    cloud: Cloud, stacks: Path, tmp_path: Path
) -> None:
    """A stack names a role or its id."""
    openai, publisher, reader = (
        BUILT_IN[name][0]
        for name in ("Cognitive Services OpenAI User", "Monitoring Metrics Publisher", "Key Vault Secrets User")
    )
    subscription = "/subscriptions/${data.azurerm_client_config.caller.subscription_id}"

    def assign(env: str, content: dict[str, Any]) -> None:
        if env == "staging":
            content["resource"]["azurerm_role_assignment"] |= {
                "a": {
                    "scope": "${azurerm_cognitive_account.x.id}",
                    "role_definition_id": f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{openai}",
                },
                "b": {
                    "scope": "${azurerm_application_insights.x.id}",
                    "role_definition_name": "Monitoring Metrics Publisher",
                },
            }

    ran = bootstrap(cloud, env=changed_stacks(stacks, tmp_path / "more", assign))
    assert ran.code == 0, ran.err
    conditions = {
        each["scope"].rpartition("/")[2]: each["condition"]
        for each in cloud.state()["role_assignments"]
        if each["condition"]
    }
    every = ", ".join(sorted((openai, publisher, reader)))
    assert conditions["pvc-staging-aigateway-rg-san"].count("GuidEquals {" + every + "}") == 2
    assert conditions["pvc-dev-aigateway-rg-san"].count("GuidEquals {" + reader + "}") == 2


def test_environments_of_several_projects_have_an_identity_each_that_plans(
    cloud: Cloud, stacks: Path, tmp_path: Path
) -> None:
    def rename(env: str, content: dict[str, Any]) -> None:
        content["//"]["plan_identity"] = f"pvc-of-{env}-plan"

    ran = bootstrap(cloud, env=changed_stacks(stacks, tmp_path / "several", rename))
    assert ran.code == 0, ran.err
    for env in ("dev", "staging"):
        assert roles_of(cloud, principal_of(cloud, f"pvc-of-{env}-plan")) == {
            ("Reader", f"pvc-{env}-aigateway-rg-san"),
            ("Storage Blob Data Reader", f"pvc{env}aigatewaystsan"),
        }


def test_a_role_on_another_scope_is_not_the_one_that_is_needed(cloud: Cloud, dev_prepared: Cloud) -> None:
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        given = _given(azure, principal_of(dev_prepared, PLAN), "Reader")
        given["scope"] = given["scope"].replace("pvc-dev-aigateway-rg-san", "another")
    ran = bootstrap(cloud, *DEV)
    assert ran.code == 0, ran.err
    assert f"created: {PLAN}: Reader on pvc-dev-aigateway-rg-san" in ran.err


@pytest.mark.parametrize(("name", "scope"), [(DEPLOY, "/resourceGroups/others"), (DEPLOY, ""), (PLAN, "")])
def test_a_right_that_nothing_needs_is_reported_with_its_removal(
    cloud: Cloud, dev_prepared: Cloud, name: str, scope: str
) -> None:
    cloud.restore(dev_prepared.state())
    more = assignment(principal_of(dev_prepared, name), "Reader", f"/subscriptions/{SUBSCRIPTION}{scope}", number=7777)
    with cloud.edit() as azure:
        azure["role_assignments"].append(more)
    ran = bootstrap(cloud, *DEV)
    assert f"note: {name} also has Reader on {more['scope']}, which the settings do not need." in ran.err
    assert f"az role assignment delete --ids {more['id']}\n" in ran.err
    assert ran.err.endswith("Nothing to change.\n")


def test_roles_of_the_planning_identity_in_other_environments_are_not_reported(
    cloud: Cloud, all_prepared: Cloud
) -> None:
    cloud.restore(all_prepared.state())
    assert "also has" not in bootstrap(cloud, *DEV).err


def test_the_custom_role_returns_secrets_that_reader_does_not(cloud: Cloud, dev_prepared: Cloud) -> None:
    role, own = dev_prepared.state()["custom_roles"]
    assert (role["roleName"], own["roleName"]) == (READ, DEPLOY)
    assert role["assignableScopes"] == [f"/subscriptions/{SUBSCRIPTION}"]
    assert not [action for action in role["actions"] if not action.endswith("/action")]
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        azure["custom_roles"][0]["actions"] = ["*"]
    ran = bootstrap(cloud, *DEV)
    assert ran.code == 0, ran.err
    assert f"changed: role {READ}" in ran.err
    assert cloud.state()["custom_roles"] == [role, own]


def test_a_name_of_a_custom_role_that_another_subscription_has_is_refused(cloud: Cloud) -> None:
    elsewhere = {"name": "9", "roleName": READ, "actions": [], "assignableScopes": ["/subscriptions/another"]}
    with cloud.edit() as azure:
        azure["custom_roles"] = [elsewhere]
    ran = bootstrap(cloud, *DEV)
    assert ran.code == 1
    assert f"Failed: Custom role {READ}" in ran.err


def test_another_condition_is_updated_and_other_white_space_is_not(cloud: Cloud, dev_prepared: Cloud) -> None:
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        given = next(each for each in azure["role_assignments"] if each["condition"])
        wanted, given["condition"] = given["condition"], given["condition"].replace(" ", "\r\n  ")
    assert bootstrap(cloud, *DEV).err.endswith("Nothing to change.\n")
    with cloud.edit() as azure:
        given["condition"] = wanted.replace(BUILT_IN["Key Vault Secrets User"][0], BUILT_IN["Owner"][0])
        azure["role_assignments"] = [
            given if each["name"] == given["name"] else each for each in azure["role_assignments"]
        ]
    ran = bootstrap(cloud, *DEV)
    assert (
        f"changed: {DEPLOY}: Role Based Access Control Administrator on pvc-dev-aigateway-rg-san, its condition"
        in ran.err
    )
    assert [each["condition"] for each in cloud.state()["role_assignments"] if each["condition"]] == [wanted]


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("role assignment create", "PrincipalNotFound", "Principal does not exist in the directory."),
        ("ad sp create", "", "The appId 'x' of the service principal does not reference a valid application object."),
        ("role assignment create", "", f"Role '{READ}' doesn't exist."),
        (
            "ad app federated-credential create",
            "",
            "Resource 'x' does not exist or one of its queried reference-property objects are not present.",
        ),
    ],
)
def test_what_is_not_replicated_yet_is_retried(cloud: Cloud, command: str, code: str, message: str) -> None:
    cloud.fail(command, code=code, message=message)
    ran = bootstrap(cloud, *DEV)
    assert ran.code == 0, ran.err
    assert "not replicated yet, retrying in 1 s" in ran.err


def test_github_alone_needs_the_identities_of_an_earlier_run(cloud: Cloud) -> None:
    ran = bootstrap(cloud, "--repository", "contoso/gateway", parts=("github",))
    assert ran.code == 1
    assert f"The app registration {DEPLOY} does not exist. Run `scripts/bootstrap.py identities` first." in ran.err


def _given(azure: dict[str, Any], principal: str, role: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        each
        for each in azure["role_assignments"]
        if each["principalId"] == principal and each["roleDefinitionId"].endswith(BUILT_IN[role][0])
    )
    return found


def test_a_role_too_many_of_the_identity_that_plans_is_reported_where_this_run_looks(
    cloud: Cloud, all_prepared: Cloud
) -> None:
    cloud.restore(all_prepared.state())
    groups = {
        env: f"/subscriptions/{SUBSCRIPTION}/resourceGroups/pvc-{env}-aigateway-rg-san" for env in ("dev", "prod")
    }
    vault = f"{groups['dev']}/providers/Microsoft.KeyVault/vaults/pvc-dev-aigateway-kv-san"
    plans = principal_of(cloud, PLAN)
    with cloud.edit() as azure:
        for number, scope in enumerate((vault, groups["prod"])):
            azure["role_assignments"].append(assignment(plans, "Contributor", scope, number=8000 + number))
    ran = bootstrap(cloud, *DEV)
    assert f"note: {PLAN} also has Contributor on {vault}, which the settings do not need." in ran.err
    assert ran.err.count("note: ") == 1  # of prod, another run may have given it
    assert f"also has Contributor on {groups['prod']}" in bootstrap(cloud).err


def test_who_else_could_log_in_as_an_identity_is_reported(cloud: Cloud, dev_prepared: Cloud) -> None:
    """Anybody who may register applications could have made one of that name before."""
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        [app] = [app for app in azure["apps"] if app["displayName"] == DEPLOY]
        [principal] = [sp for sp in azure["service_principals"] if sp["appId"] == app["appId"]]
        app["owners"] = [{"id": CALLER}, {"id": "m", "userPrincipalName": "mallory@contoso.example"}]
        app["passwordCredentials"] = [{"keyId": "k1"}]
        principal["keyCredentials"] = [{"keyId": "k2"}]
    ran = bootstrap(cloud, *DEV)
    notes = [line.partition("note: ")[2] for line in ran.err.splitlines() if "note: " in line]
    delete = "which no workflow needs. To delete it: az ad {} credential delete --id {} --key-id {}"
    assert notes == [
        f"it has a password, {delete.format('app', app['appId'], 'k1')}",
        "also owned by mallory@contoso.example, who can log in as it (docs/security.md#when-somebody-leaves)",
        f"it has a certificate, {delete.format('sp', principal['id'], 'k2')} --cert",
    ]
    assert ran.err.endswith("Nothing to change.\n")
