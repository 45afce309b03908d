"""GitHub's environments: reviewers, branches, and what the GitHub plan refuses."""

import pytest

from tests.bootstrap.runs import CLIENTS, DEPLOY, ENVS, HAS_KEY, deploy, environment_of, github
from tests.cloud.fixtures import Cloud
from tests.cloud.gh.github import environment

STAGING = ("--env", "staging")
DEV = ("--env", "dev")


def test_the_caller_reviews_every_environment_but_dev_and_all_deploy_only_main(cloud: Cloud) -> None:
    assert github(cloud, env=HAS_KEY).code == 0
    for env in ENVS:
        kept = environment_of(cloud, env)
        assert kept["reviewers"] == ([] if env == "dev" else [{"type": "User", "id": 101}])
        assert kept["deployment_branch_policy"] == {"protected_branches": False, "custom_branch_policies": True}
        assert [(policy["name"], policy["type"]) for policy in kept["branch_policies"]] == [("main", "branch")]


def test_named_users_and_teams_are_the_reviewers(cloud: Cloud) -> None:
    ran = github(cloud, "--reviewer", "grace", "--reviewer", "contoso/platform", env=HAS_KEY)
    assert ran.code == 0, ran.err
    assert environment_of(cloud, "prod")["reviewers"] == [{"type": "User", "id": 102}, {"type": "Team", "id": 201}]
    assert environment_of(cloud, "dev")["reviewers"] == []


def test_existing_reviewers_are_kept_unless_others_are_named(cloud: Cloud) -> None:
    assert github(cloud, *STAGING, "--reviewer", "grace", env=HAS_KEY).code == 0
    assert "ok: environment staging: reviewers grace, selected branches\n" in github(cloud, *STAGING, env=HAS_KEY).err
    ran = github(cloud, *STAGING, "--reviewer", "ada", env=HAS_KEY)
    assert (
        "changed: environment staging: reviewers grace, selected branches -> reviewers ada, selected branches\n"
        in ran.err
    )
    assert environment_of(cloud, "staging")["reviewers"] == [{"type": "User", "id": 101}]


def test_an_unknown_reviewer_is_refused(cloud: Cloud) -> None:
    ran = github(cloud, "--reviewer", "nobody", env=HAS_KEY)
    assert ran.code == 2
    assert "--reviewer nobody: no such user on GitHub, or not visible to you." in ran.err


def test_other_settings_of_an_environment_are_kept_and_other_branches_are_deleted(cloud: Cloud) -> None:
    with cloud.edit("gh") as gh:
        gh["environments"]["prod"] = environment() | {
            "wait_timer": 30,
            "prevent_self_review": True,
            "reviewers": [{"type": "User", "id": 102}],
            "variables": {"AZURE_CLIENT_ID": "of-an-old-app", "THEIRS": "1"},
            "secrets": {"AIGATEWAY_KEY": "theirs"},
            "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
            "branch_policies": [{"id": 5, "name": "release/*", "type": "branch"}],
        }
    ran = github(cloud, "--env", "prod", "--reviewer", "ada", env=HAS_KEY)
    assert ran.code == 0, ran.err
    kept = environment_of(cloud, "prod")
    assert (kept["wait_timer"], kept["prevent_self_review"]) == (30, True)
    assert kept["variables"]["THEIRS"] == "1"
    assert kept["secrets"]["AIGATEWAY_KEY"] == "theirs"
    assert [policy["name"] for policy in kept["branch_policies"]] == ["main"]
    assert f"changed: variable AZURE_CLIENT_ID: of-an-old-app -> {CLIENTS[deploy('prod')]}" in ran.err
    assert "deleted: deployment branch release/*" in ran.err
    assert "ok: secret AIGATEWAY_KEY, kept" in ran.err


def test_an_environment_that_the_plan_cannot_protect_gets_nothing(cloud: Cloud) -> None:
    with cloud.edit("gh") as gh:
        gh["private"] = True
    ran = github(cloud, env=HAS_KEY)
    assert ran.code == 1
    assert "Environment staging was not changed: Failed to create the environment protection rule." in ran.err
    assert "--no-approval" in ran.err
    assert "federated-credential delete" not in ran.err
    assert set(cloud.state("gh")["environments"]) == {"dev"}
    assert environment_of(cloud, "dev")["variables"]["AZURE_CLIENT_ID"] == CLIENTS[DEPLOY]


def test_without_approval_the_same_repository_is_prepared(cloud: Cloud) -> None:
    with cloud.edit("gh") as gh:
        gh["private"] = True
    assert github(cloud, "--no-approval", env=HAS_KEY).code == 0
    assert all(environment_of(cloud, env)["reviewers"] == [] for env in ENVS)


def test_no_approval_is_not_suggested_to_who_gave_it(cloud: Cloud) -> None:
    with cloud.edit("gh") as gh:
        gh["private"], gh["plan"] = True, "free"
    ran = github(cloud, "--no-approval", env=HAS_KEY)
    assert ran.code == 1
    assert "A private repository with this GitHub plan cannot restrict deployment branches. Make it public" in ran.err
    assert "--no-approval" not in ran.err


@pytest.mark.parametrize("beside", [[], [{"id": 6, "name": "main", "type": "branch"}]])
def test_a_tag_called_main_is_not_the_branch(cloud: Cloud, beside: list[dict[str, object]]) -> None:
    with cloud.edit("gh") as gh:
        gh["environments"]["dev"] = environment() | {
            "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
            "branch_policies": [*beside, {"id": 5, "name": "main", "type": "tag"}],
        }
    ran = github(cloud, *DEV, env=HAS_KEY)
    assert ran.code == 0, ran.err
    kept = environment_of(cloud, "dev")["branch_policies"]
    assert [(policy["name"], policy["type"]) for policy in kept] == [("main", "branch")]
    assert "deleted: deployment tag main" in ran.err
