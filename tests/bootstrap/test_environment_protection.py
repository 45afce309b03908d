"""No credential trusts a GitHub environment that branches other than main may use."""

import shlex
import signal
from typing import Any

import pytest

from scripts.bootstrap import main
from tests.bootstrap.runs import (
    AZURE,
    DEPLOY,
    ENVS,
    HAS_KEY,
    PREFIX,
    REPOSITORY,
    credentials_of,
    deploy,
    read,
)
from tests.cloud.fixtures import Cloud, Ran
from tests.cloud.gh.github import environment, protected_environment

WHERE = ("--repository", REPOSITORY)
DEV = ("--env", "dev")
SELECTED = {"protected_branches": False, "custom_branch_policies": True}
MAIN = {"id": 7, "name": "main", "type": "branch"}


def run(cloud: Cloud, *words: str) -> Ran:
    return cloud.call(main, "--skip-synth", *words, env=HAS_KEY)


def test_environments_are_protected_before_credentials_trust_them(cloud: Cloud) -> None:
    assert run(cloud, *WHERE).code == 0
    done = [" ".join(call.words) for call in cloud.changes()]
    protected = [at for at, words in enumerate(done) if words.startswith("api") and "/environments/" in words]
    trusted = [at for at, words in enumerate(done) if "federated-credential create" in words]
    filled = [at for at, words in enumerate(done) if words.startswith(("variable set", "secret set"))]
    assert len(protected) == 6
    assert len(trusted) == 7  # one that plans; one that deploys and one that reads in each environment
    assert max(protected) < min(trusted) < max(trusted) < min(filled)


def test_an_environment_that_github_refuses_to_protect_gets_no_credential(cloud: Cloud) -> None:
    with cloud.edit("gh") as gh:
        gh["private"] = True
        gh["environments"]["prod"] = environment()
    ran = run(cloud, *WHERE)
    assert ran.code == 1
    assert set(credentials_of(cloud, DEPLOY)) == {"dev"}
    for env in ("staging", "prod"):
        assert credentials_of(cloud, deploy(env)) == {}
        assert set(credentials_of(cloud, read(env))) == {"main"}
        assert f"Environment {env} was not changed: Failed to create the environment protection rule." in ran.err
    environments = cloud.state("gh")["environments"]
    assert environments["prod"] == environment()
    assert set(environments["dev"]["secrets"]) == {"AIGATEWAY_KEY", "AZURE_OPENAI_API_KEY"}
    assert run(cloud, *WHERE, "--no-approval").code == 0
    assert all(set(credentials_of(cloud, deploy(env))) == {env} for env in ENVS)


@pytest.mark.parametrize(
    ("there", "why"),
    [
        (None, "it does not exist"),
        (environment(), "its deployment branches are not restricted to selected ones"),
        (
            environment() | {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False}},
            "its deployment branches are not restricted to selected ones",
        ),
        (environment() | {"deployment_branch_policy": SELECTED}, "no deployment branch is selected"),
        (
            environment() | {"deployment_branch_policy": SELECTED, "branch_policies": [{**MAIN, "type": "tag"}]},
            "also deployed from tag main",
        ),
        (
            protected_environment() | {"branch_policies": [MAIN, {"id": 8, "name": "release/*", "type": "branch"}]},
            "also deployed from branch release/*",
        ),
    ],
    ids=["not there", "as a workflow makes it", "protected branches", "no branch", "a tag", "another branch"],
)
def test_identities_trust_no_unprotected_environment(cloud: Cloud, there: dict[str, Any] | None, why: str) -> None:
    if there is not None:
        with cloud.edit("gh") as gh:
            gh["environments"]["dev"] = there
    ran = run(cloud, *AZURE, *WHERE, *DEV, "--environments-protected")  # GitHub's answer counts more
    assert ran.code == 1
    assert f"Environment dev is not protected ({why}), so it gets no credential in Azure." in ran.err
    assert credentials_of(cloud, DEPLOY) == {}
    assert "ok: " in run(cloud, "github", *WHERE, *DEV).err
    again = run(cloud, "identities", *WHERE, *DEV)
    assert again.code == 0, again.err
    assert set(credentials_of(cloud, DEPLOY)) == {"dev"}


def test_reviewers_are_looked_up_before_any_change(cloud: Cloud) -> None:
    ran = run(cloud, *WHERE, "--reviewer", "nobody-here")
    assert ran.code == 2
    assert "--reviewer nobody-here: no such user on GitHub" in ran.err
    assert cloud.changes() == []


def test_identities_trust_no_environment_without_required_reviewers(cloud: Cloud) -> None:
    with cloud.edit("gh") as gh:
        gh["environments"]["prod"] = protected_environment()
    ran = run(cloud, *AZURE, *WHERE, "--env", "prod")
    assert ran.code == 1
    assert "Environment prod is not protected (no required reviewers)" in ran.err
    assert credentials_of(cloud, deploy("prod")) == {}
    assert run(cloud, "identities", *WHERE, "--env", "prod", "--no-approval").code == 0
    assert set(credentials_of(cloud, deploy("prod"))) == {"prod"}


@pytest.mark.parametrize("part", ["identities", "github"])
def test_an_existing_credential_of_an_unprotected_environment_is_reported_with_its_deletion(
    cloud: Cloud, all_prepared: Cloud, part: str
) -> None:
    cloud.restore(all_prepared.state())
    with cloud.edit("gh") as gh:
        gh["private"] = True
        gh["subject"] = {"use_default": True, "sub_claim_prefix": PREFIX}
    before = cloud.state()
    ran = run(cloud, part, *WHERE, "--env", "staging")
    assert ran.code == 1
    client = next(app["appId"] for app in before["apps"] if app["displayName"] == deploy("staging"))
    assert f"az ad app federated-credential delete --id {client} --federated-credential-id staging\n" in ran.err
    assert ran.err.count("federated-credential delete") == 1
    assert cloud.state() == before


def test_without_gh_credentials_are_created_after_the_checklist(cloud: Cloud) -> None:
    cloud.without("gh")
    ran = run(cloud, *WHERE, "--subject-prefix", PREFIX)
    assert ran.code == 1
    for env in ENVS:
        assert credentials_of(cloud, deploy(env)) == {}
        protection = ran.out.index(f"Environment {env} (https://github.com/contoso/gateway/settings/environments")
        assert protection < ran.out.index("Variables of the repository")
    [command] = [line.strip() for line in ran.err.splitlines() if "--environments-protected" in line]
    assert run(cloud, *shlex.split(command)[2:]).code == 0
    assert credentials_of(cloud, deploy("prod"))["prod"] == f"{PREFIX}:environment:prod"


def test_a_given_prefix_does_not_imply_protection(cloud: Cloud) -> None:
    ran = run(cloud, *AZURE, *DEV, "--subject-prefix", PREFIX)
    assert ran.code == 1
    assert credentials_of(cloud, DEPLOY) == {}
    assert f"identities --subject-prefix {PREFIX} --environments-protected --env dev\n" in ran.err


def test_an_interruption_at_any_change_leaves_no_trusted_unprotected_environment(
    cloud: Cloud, dev_prepared: Cloud
) -> None:
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        deployer = next(app for app in azure["apps"] if app["displayName"] == DEPLOY)
        deployer["credentials"] = [each for each in deployer["credentials"] if each["name"] != "dev"]
    with cloud.edit("gh") as gh:
        gh["subject"] = {"use_default": True, "sub_claim_prefix": PREFIX}
    words = ("identities", "github", *WHERE, *DEV)
    kills = 0
    while True:
        cloud.kill(change=1, when="after")
        ran = run(cloud, *words)
        if cloud.has_killed:
            kills += 1
            assert ran.code == -signal.SIGKILL
        there = cloud.state("gh")["environments"].get("dev")
        if "dev" in credentials_of(cloud, DEPLOY):
            assert there is not None
            assert there["deployment_branch_policy"] == SELECTED
            assert [policy["name"] for policy in there["branch_policies"]] == ["main"]
        if not cloud.has_killed:
            break
    assert kills == 15  # 1 environment, 1 branch, 1 credential, 4 and 6 variables, 2 secrets
    assert ran.err.endswith("Nothing to change.\n")
