"""The workflows' identities and their roles where some of them exist."""

from pathlib import Path
from typing import Any

import pytest

from tests.bootstrap.runs import DEPLOY, PLAN, bootstrap, changed_stacks, principal_of
from tests.cloud.az.azure import BUILT_IN
from tests.cloud.fixtures import Cloud

DEV = ("--env", "dev")


def test_an_application_is_found_by_its_whole_name(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        other = {"id": "o", "appId": "a", "displayName": f"{PLAN}-of-old", "credentials": []}
        azure["apps"].append(other)
    assert bootstrap(cloud, *DEV).code == 0
    assert [app["displayName"] for app in cloud.state()["apps"]] == [f"{PLAN}-of-old", PLAN, DEPLOY]


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


def test_a_run_for_one_environment_keeps_the_roles_that_others_assign(
    cloud: Cloud, stacks: Path, tmp_path: Path
) -> None:
    """Else a run for dev would take away what the deployer needs for staging. A stack names a role or its id."""
    openai, publisher = (
        BUILT_IN[name][0] for name in ("Cognitive Services OpenAI User", "Monitoring Metrics Publisher")
    )
    subscription = "/subscriptions/${data.azurerm_client_config.caller.subscription_id}"

    def assign(env: str, content: dict[str, Any]) -> None:
        if env == "staging":
            content["resource"]["azurerm_role_assignment"] |= {
                "a": {
                    "role_definition_id": f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{openai}"
                },
                "b": {"role_definition_name": "Monitoring Metrics Publisher"},
            }

    ran = bootstrap(cloud, *DEV, env=changed_stacks(stacks, tmp_path / "more", assign))
    assert ran.code == 0, ran.err
    [condition] = [each["condition"] for each in cloud.state()["role_assignments"] if each["condition"]]
    every = ", ".join(sorted((openai, publisher, BUILT_IN["Key Vault Secrets User"][0])))
    assert condition.count("GuidEquals {" + every + "}") == 2


def test_environments_of_several_projects_are_refused(cloud: Cloud, stacks: Path, tmp_path: Path) -> None:
    def rename(env: str, content: dict[str, Any]) -> None:
        content["resource"]["azurerm_container_app_environment"]["gateway"]["tags"]["project"] = f"of-{env}"

    ran = bootstrap(cloud, env=changed_stacks(stacks, tmp_path / "several", rename))
    assert ran.code == 2
    assert "The environments have several projects (of-dev, of-staging)" in ran.err
    assert cloud.changes() == []


def test_a_role_on_a_resource_group_is_not_one_on_the_subscription(cloud: Cloud, dev_prepared: Cloud) -> None:
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        of_plan = principal_of(dev_prepared, PLAN)
        reader = BUILT_IN["Reader"][0]
        given = next(
            each
            for each in azure["role_assignments"]
            if each["principalId"] == of_plan and each["roleDefinitionId"].endswith(reader)
        )
        given["scope"] += "/resourceGroups/another"
    ran = bootstrap(cloud, *DEV)
    assert ran.code == 0, ran.err
    assert f"created: {PLAN}: Reader on the subscription" in ran.err


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
    assert f"changed: {DEPLOY}: Role Based Access Control Administrator on the subscription, its condition" in ran.err
    assert [each["condition"] for each in cloud.state()["role_assignments"] if each["condition"]] == [wanted]


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("role assignment create", "PrincipalNotFound", "Principal does not exist in the directory."),
        ("ad sp create", "", "The appId 'x' of the service principal does not reference a valid application object."),
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
    assert f"The app registration {PLAN} does not exist. Run `scripts/bootstrap.py identities` first." in ran.err
