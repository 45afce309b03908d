"""Federated credentials: the form of their subjects, and what happens to existing ones."""

import json

import pytest

from tests.bootstrap.runs import DEPLOY, PLAN, PREFIX, READ, bootstrap, credentials_of
from tests.cloud.fixtures import Cloud
from tests.cloud.gh.github import protected_environment

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
    ids=["old", "new", "new by its date", "no prefix given", "new without prefix", "the default spelt out"],
)
def test_subjects_have_the_prefix_of_github_s_answer(cloud: Cloud, template: dict[str, object], prefix: str) -> None:
    with cloud.edit("gh") as github:
        github["subject"] = template
        github["environments"]["dev"] = protected_environment()
    ran = bootstrap(cloud, *DEV, "--repository", "contoso/gateway")
    assert ran.code == 0, ran.err
    assert credentials_of(cloud, DEPLOY) == {"dev": f"{prefix}:environment:dev"}
    assert credentials_of(cloud, READ) == {"main": f"{prefix}:ref:refs/heads/main"}
    assert credentials_of(cloud, PLAN) == {"pull-request": f"{prefix}:pull_request"}


def test_a_stale_subject_is_updated(cloud: Cloud, dev_prepared: Cloud) -> None:
    with cloud.edit() as azure:
        azure |= json.loads(json.dumps(dev_prepared.state()).replace(NEW, OLD))
    ran = bootstrap(cloud, *DEV, "--subject-prefix", NEW)
    assert ran.code == 0, ran.err
    assert f"changed: dev: {OLD}:environment:dev -> {NEW}:environment:dev" in ran.err
    assert credentials_of(cloud, DEPLOY)["dev"] == f"{NEW}:environment:dev"
    assert [call.words[:4] for call in cloud.changes()] == [["ad", "app", "federated-credential", "update"]] * 3
    assert bootstrap(cloud, *DEV, "--subject-prefix", NEW).err.endswith("Nothing to change.\n")


def test_a_customized_subject_claim_is_refused_before_any_change(cloud: Cloud) -> None:
    with cloud.edit("gh") as github:
        github["subject"] = {"use_default": False, "include_claim_keys": ["repo", "job_workflow_ref"]}
    ran = bootstrap(cloud, "--repository", "contoso/gateway")
    assert ran.code == 2
    assert "has customized the subject claim (repo, job_workflow_ref)" in ran.err
    assert "gh api --method PUT repos/contoso/gateway/actions/oidc/customization/sub -F use_default=true" in ran.err
    assert cloud.changes() == []


def test_without_gh_the_prefix_must_be_given(cloud: Cloud) -> None:
    cloud.without("gh")
    ran = bootstrap(cloud, "--repository", "contoso/gateway")
    assert ran.code == 2
    assert "--subject-prefix repo:contoso/gateway\n" in ran.err
    assert cloud.changes() == []


def test_an_invalid_prefix_is_refused(cloud: Cloud) -> None:
    ran = bootstrap(cloud, "--subject-prefix", "contoso/gateway")
    assert ran.code == 2
    assert "Subject prefix contoso/gateway: must be repo:OWNER/NAME" in ran.err


def test_a_credential_with_the_subject_and_another_name_is_kept(cloud: Cloud, dev_prepared: Cloud) -> None:
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        next(app for app in azure["apps"] if app["displayName"] == DEPLOY)["credentials"][0]["name"] = "by-hand"
    assert bootstrap(cloud, *DEV).err.endswith("Nothing to change.\n")


@pytest.mark.parametrize(
    ("field", "value"),
    [("issuer", "https://token.actions.contoso.ghe.com"), ("audiences", ["https://github.com/contoso"])],
)
def test_a_credential_with_another_issuer_or_audience_is_updated(
    cloud: Cloud, dev_prepared: Cloud, field: str, value: object
) -> None:
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        for app in azure["apps"]:
            for credential in app["credentials"]:
                credential[field] = value
    assert bootstrap(cloud, *DEV).code == 0
    credentials = [credential for app in cloud.state()["apps"] for credential in app["credentials"]]
    assert len(credentials) == 3
    assert value not in [credential[field] for credential in credentials]


def test_an_unknown_credential_is_reported_and_kept(cloud: Cloud, dev_prepared: Cloud) -> None:
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        credentials = next(app for app in azure["apps"] if app["displayName"] == DEPLOY)["credentials"]
        credentials.append({**credentials[0], "name": "uat", "subject": f"{PREFIX}:environment:uat"})
    ran = bootstrap(cloud, *DEV)
    assert f"note: uat ({PREFIX}:environment:uat) is not from the bootstrap" in ran.err
    assert ran.err.endswith("Nothing to change.\n")


@pytest.mark.parametrize("name", ["dev", "x"])
def test_the_same_subject_of_another_issuer_is_reported_under_any_name(
    cloud: Cloud, dev_prepared: Cloud, name: str
) -> None:
    """Whoever owns the app registration can let tokens of their own log in."""
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        credentials = next(app for app in azure["apps"] if app["displayName"] == DEPLOY)["credentials"]
        credentials[0]["name"] = "by-hand"
        credentials.append({**credentials[0], "name": name, "issuer": "https://evil.example"})
    ran = bootstrap(cloud, *DEV)
    assert f"note: {name} ({PREFIX}:environment:dev of https://evil.example) is not from the bootstrap." in ran.err
    assert ran.err.endswith("Nothing to change.\n")
