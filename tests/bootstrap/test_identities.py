"""The pipeline's identities when something of them is there already, and is not as it should be."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bootstrap.runs import PREFIX, altered, bootstrap, credentials_of, principal_of
from tests.cloud.az.azure import BUILT_IN
from tests.cloud.gh.github import protected_environment
from tests.cloud.stand_ins import Cloud

PLAN, DEPLOY = "pvc-aigateway-plan", "pvc-aigateway-deploy"
DEV = ("--env", "dev")
OLD, NEW = "repo:contoso/gateway", "repo:contoso@1234/gateway@4321"


@pytest.mark.parametrize(
    ("template", "prefix"),
    [
        ({"use_default": True, "use_immutable_subject": False, "sub_claim_prefix": OLD}, OLD),
        ({"use_default": True, "use_immutable_subject": True, "sub_claim_prefix": NEW}, NEW),
        ({"use_default": True, "use_immutable_subject": False, "sub_claim_prefix": NEW}, NEW),
        ({"use_default": True}, OLD),
        ({"use_default": True, "use_immutable_subject": True}, NEW),
        ({"use_default": False, "include_claim_keys": ["repo", "context"]}, OLD),
    ],
    ids=["old", "new", "new by its date", "said by nothing", "new without its prefix", "the default spelt out"],
)
def test_subjects_have_the_form_that_github_says(cloud: Cloud, template: dict[str, object], prefix: str) -> None:
    with cloud.scene("gh") as github:
        github["subject"] = template
        github["environments"]["dev"] = protected_environment()
    ran = bootstrap(cloud, *DEV, "--repository", "contoso/gateway")
    assert ran.code == 0, ran.err
    assert credentials_of(cloud, DEPLOY) == {
        "dev": f"{prefix}:environment:dev",
        "main": f"{prefix}:ref:refs/heads/main",
    }
    assert credentials_of(cloud, PLAN) == {"pull-request": f"{prefix}:pull_request"}


def test_a_stale_subject_is_replaced_and_said(cloud: Cloud, dev_done: Cloud) -> None:
    with cloud.scene() as azure:
        azure |= json.loads(json.dumps(dev_done.state()).replace(NEW, OLD))
    ran = bootstrap(cloud, *DEV, "--subject-prefix", NEW)
    assert ran.code == 0, ran.err
    assert f"changed: dev: {OLD}:environment:dev -> {NEW}:environment:dev" in ran.err
    assert credentials_of(cloud, DEPLOY)["dev"] == f"{NEW}:environment:dev"
    assert [call.words[:4] for call in cloud.changes()] == [["ad", "app", "federated-credential", "update"]] * 3
    assert bootstrap(cloud, *DEV, "--subject-prefix", NEW).err.endswith("Nothing to change.\n")


def test_custom_subjects_are_refused_before_anything_is_made(cloud: Cloud) -> None:
    with cloud.scene("gh") as github:
        github["subject"] = {"use_default": False, "include_claim_keys": ["repo", "job_workflow_ref"]}
    ran = bootstrap(cloud, "--repository", "contoso/gateway")
    assert ran.code == 2
    assert "has customized the subject claim (repo, job_workflow_ref)" in ran.err
    assert "gh api --method PUT repos/contoso/gateway/actions/oidc/customization/sub -F use_default=true" in ran.err
    assert cloud.changes() == []


def test_without_gh_the_prefix_must_be_said(cloud: Cloud) -> None:
    cloud.without("gh")
    ran = bootstrap(cloud, "--repository", "contoso/gateway")
    assert ran.code == 2
    assert "--subject-prefix repo:contoso/gateway\n" in ran.err
    assert cloud.changes() == []


def test_a_prefix_that_is_none_is_refused(cloud: Cloud) -> None:
    ran = bootstrap(cloud, "--subject-prefix", "contoso/gateway")
    assert ran.code == 2
    assert "Subject prefix contoso/gateway: must be repo:OWNER/NAME" in ran.err


def test_a_credential_that_has_the_subject_under_another_name_is_good_enough(cloud: Cloud, dev_done: Cloud) -> None:
    cloud.restore(dev_done.state())
    with cloud.scene() as azure:
        next(app for app in azure["apps"] if app["displayName"] == DEPLOY)["credentials"][0]["name"] = "by-hand"
    assert bootstrap(cloud, *DEV).err.endswith("Nothing to change.\n")


@pytest.mark.parametrize(
    ("field", "value"),
    [("issuer", "https://token.actions.contoso.ghe.com"), ("audiences", ["https://github.com/contoso"])],
)
def test_a_credential_that_trusts_another_issuer_or_audience_is_replaced(
    cloud: Cloud, dev_done: Cloud, field: str, value: object
) -> None:
    cloud.restore(dev_done.state())
    with cloud.scene() as azure:
        for app in azure["apps"]:
            for credential in app["credentials"]:
                credential[field] = value
    assert bootstrap(cloud, *DEV).code == 0
    credentials = [credential for app in cloud.state()["apps"] for credential in app["credentials"]]
    assert len(credentials) == 3
    assert value not in [credential[field] for credential in credentials]


def test_a_credential_that_nobody_asked_for_is_mentioned_and_kept(cloud: Cloud, dev_done: Cloud) -> None:
    cloud.restore(dev_done.state())
    with cloud.scene() as azure:
        credentials = next(app for app in azure["apps"] if app["displayName"] == DEPLOY)["credentials"]
        credentials.append({**credentials[0], "name": "uat", "subject": f"{PREFIX}:environment:uat"})
    ran = bootstrap(cloud, *DEV)
    assert f"note: uat ({PREFIX}:environment:uat) is not from the bootstrap" in ran.err
    assert ran.err.endswith("Nothing to change.\n")


def test_an_application_whose_name_only_begins_the_same_is_another_one(cloud: Cloud) -> None:
    with cloud.scene() as azure:
        other = {"id": "o", "appId": "a", "displayName": f"{PLAN}-of-old", "credentials": []}
        azure["apps"].append(other)
    assert bootstrap(cloud, *DEV).code == 0
    assert [app["displayName"] for app in cloud.state()["apps"]] == [f"{PLAN}-of-old", PLAN, DEPLOY]


def test_two_applications_of_one_name_are_refused(cloud: Cloud) -> None:
    with cloud.scene() as azure:
        for number in ("1", "2"):
            azure["apps"].append({"id": number, "appId": f"client-{number}", "displayName": PLAN, "credentials": []})
    ran = bootstrap(cloud)
    assert ran.code == 1
    assert f"There are 2 app registrations named {PLAN} (client-1, client-2)." in ran.err


def test_the_deployer_gives_and_takes_only_the_roles_of_the_stacks(dev_done: Cloud) -> None:
    [given] = [each for each in dev_done.state()["role_assignments"] if each["condition"]]
    assert given["principalId"] == principal_of(dev_done, DEPLOY)
    assert given["conditionVersion"] == "2.0"
    secrets_user = BUILT_IN["Key Vault Secrets User"][0]
    role = "RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {" + secrets_user + "}"
    kind = "PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}"
    for action, source in (("write", "@Request"), ("delete", "@Resource")):
        part = f"!(ActionMatches{{'Microsoft.Authorization/roleAssignments/{action}'}})"
        both = " AND ".join(f"{source}[Microsoft.Authorization/roleAssignments:{what}" for what in (role, kind))
        assert f"(({part}) OR ({both}))" in given["condition"]


def test_roles_of_every_environment_count_even_when_one_is_prepared(cloud: Cloud, stacks: Path, tmp_path: Path) -> None:
    """Else a run for dev would take away what the deployer needs for staging."""
    openai = "Cognitive Services OpenAI User"

    def assign(env: str, content: dict[str, Any]) -> None:
        if env == "staging":
            content["resource"]["azurerm_role_assignment"]["more"] = {"role_definition_name": openai}

    ran = bootstrap(cloud, *DEV, env=altered(stacks, tmp_path / "more", assign))
    assert ran.code == 0, ran.err
    [condition] = [each["condition"] for each in cloud.state()["role_assignments"] if each["condition"]]
    both = ", ".join(sorted((BUILT_IN[openai][0], BUILT_IN["Key Vault Secrets User"][0])))
    assert condition.count("GuidEquals {" + both + "}") == 2


def test_environments_of_several_projects_are_refused(cloud: Cloud, stacks: Path, tmp_path: Path) -> None:
    def rename(env: str, content: dict[str, Any]) -> None:
        content["resource"]["azurerm_resource_group"]["gateway"]["tags"]["project"] = f"of-{env}"

    ran = bootstrap(cloud, env=altered(stacks, tmp_path / "several", rename))
    assert ran.code == 2
    assert "The environments have several projects (of-dev, of-staging)" in ran.err
    assert cloud.changes() == []


def test_a_role_on_something_smaller_is_not_the_one_on_the_subscription(cloud: Cloud, dev_done: Cloud) -> None:
    cloud.restore(dev_done.state())
    with cloud.scene() as azure:
        of_plan = principal_of(dev_done, PLAN)
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


def test_another_condition_is_mended_and_another_layout_of_the_same_is_not(cloud: Cloud, dev_done: Cloud) -> None:
    cloud.restore(dev_done.state())
    with cloud.scene() as azure:
        given = next(each for each in azure["role_assignments"] if each["condition"])
        wanted, given["condition"] = given["condition"], given["condition"].replace(" ", "\r\n  ")
    assert bootstrap(cloud, *DEV).err.endswith("Nothing to change.\n")
    with cloud.scene() as azure:
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
def test_something_new_that_is_not_known_everywhere_yet_is_waited_for(
    cloud: Cloud, command: str, code: str, message: str
) -> None:
    cloud.fail(command, code=code, message=message)
    ran = bootstrap(cloud, *DEV)
    assert ran.code == 0, ran.err
    assert "not replicated yet, retrying in 1 s" in ran.err


def test_github_alone_needs_the_identities_of_an_earlier_run(cloud: Cloud) -> None:
    ran = bootstrap(cloud, "--repository", "contoso/gateway", parts=("github",))
    assert ran.code == 1
    assert f"The app registration {PLAN} does not exist. Run `scripts/bootstrap.py identities` first." in ran.err
