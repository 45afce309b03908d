"""GitHub's part: what it makes, what it leaves alone, and that it can be repeated."""

import signal

import pytest

from tests.bootstrap.github_runs import (
    AZURE_KEY,
    DEPLOY,
    ENVS,
    HAS_KEY,
    LOGIN,
    PLAN,
    environment_of,
    github,
)
from tests.cloud.gh.github import environment
from tests.cloud.stand_ins import Cloud

ONE_ENV = ("--env", "staging")
CHANGES = 14  # of a run for one environment: 4 variables, 1 environment, 1 branch, 6 variables, 2 secrets


def test_the_first_run_makes_everything_and_the_second_changes_nothing(cloud: Cloud) -> None:
    first = github(cloud, env=HAS_KEY)
    assert first.code == 0, first.err
    made = cloud.state("gh")
    cloud.forget_calls()
    second = github(cloud, env=HAS_KEY)
    assert second.code == 0
    assert second.err.endswith("Nothing to change.\n")
    assert cloud.changes() == []
    assert cloud.state("gh") == made


def test_a_job_without_environment_plans_and_one_with_an_environment_deploys(cloud: Cloud) -> None:
    assert github(cloud, env=HAS_KEY).code == 0
    assert cloud.state("gh")["variables"] == {
        "AZURE_CLIENT_ID": PLAN,
        "AZURE_DEPLOY_CLIENT_ID": DEPLOY,
        **LOGIN,
    }
    for env in ENVS:
        assert environment_of(cloud, env)["variables"] == {
            "AZURE_CLIENT_ID": DEPLOY,
            **LOGIN,
            "TFSTATE_RESOURCE_GROUP": f"pvc-{env}-aigateway-tfrg-san",
            "TFSTATE_STORAGE_ACCOUNT": f"pvc{env}aigatewaystsan",
            "TFSTATE_CONTAINER": "tfstate",
        }


def test_every_environment_but_dev_waits_for_who_is_logged_in_and_all_deploy_main_alone(cloud: Cloud) -> None:
    assert github(cloud, env=HAS_KEY).code == 0
    for env in ENVS:
        kept = environment_of(cloud, env)
        assert kept["reviewers"] == ([] if env == "dev" else [{"type": "User", "id": 101}])
        assert kept["deployment_branch_policy"] == {"protected_branches": False, "custom_branch_policies": True}
        assert [(policy["name"], policy["type"]) for policy in kept["branch_policies"]] == [("main", "branch")]


def test_named_people_and_teams_approve(cloud: Cloud) -> None:
    ran = github(cloud, "--reviewer", "grace", "--reviewer", "contoso/platform", env=HAS_KEY)
    assert ran.code == 0, ran.err
    assert environment_of(cloud, "prod")["reviewers"] == [{"type": "User", "id": 102}, {"type": "Team", "id": 201}]
    assert environment_of(cloud, "dev")["reviewers"] == []


def test_reviewers_who_are_there_stay_unless_others_are_named(cloud: Cloud) -> None:
    assert github(cloud, *ONE_ENV, "--reviewer", "grace", env=HAS_KEY).code == 0
    assert "ok: environment staging: reviewers grace, selected branches\n" in github(cloud, *ONE_ENV, env=HAS_KEY).err
    ran = github(cloud, *ONE_ENV, "--reviewer", "ada", env=HAS_KEY)
    assert (
        "changed: environment staging: reviewers grace, selected branches -> reviewers ada, selected branches\n"
        in ran.err
    )
    assert environment_of(cloud, "staging")["reviewers"] == [{"type": "User", "id": 101}]


def test_a_reviewer_whom_github_does_not_know_is_told(cloud: Cloud) -> None:
    ran = github(cloud, "--reviewer", "nobody", env=HAS_KEY)
    assert ran.code == 2
    assert "--reviewer nobody: no such user on GitHub, or not visible to you." in ran.err


def test_what_an_environment_has_beside_stays_and_other_branches_go(cloud: Cloud) -> None:
    with cloud.scene("gh") as gh:
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
    assert f"changed: variable AZURE_CLIENT_ID: of-an-old-app -> {DEPLOY}" in ran.err
    assert "deleted: deployment branch release/*" in ran.err
    assert "ok: secret AIGATEWAY_KEY, kept" in ran.err


def test_a_dry_run_shows_every_command_and_changes_nothing(cloud: Cloud) -> None:
    before = cloud.state("gh")
    ran = github(cloud, *ONE_ENV, "--dry-run", env=HAS_KEY)
    assert ran.code == 0, ran.err
    assert cloud.state("gh") == before
    assert cloud.changes() == []
    shown = [line.strip() for line in ran.err.splitlines() if line.strip().startswith("would run:")]
    assert len(shown) == CHANGES
    assert "would run: gh secret set AIGATEWAY_KEY --env staging --repo contoso/gateway" in shown
    assert AZURE_KEY not in ran.err


def test_interrupted_after_every_change_and_repeated_it_comes_to_the_same(cloud: Cloud) -> None:
    whole = github(cloud, *ONE_ENV, env=HAS_KEY)
    assert whole.code == 0
    assert len(cloud.changes()) == CHANGES
    wanted = _without_values(cloud)
    (cloud.folder / "gh.json").unlink()
    for _ in range(CHANGES):
        cloud.kill(change=1, when="after")
        assert github(cloud, *ONE_ENV, env=HAS_KEY).code == -signal.SIGKILL
    assert github(cloud, *ONE_ENV, env=HAS_KEY).err.endswith("Nothing to change.\n")
    assert _without_values(cloud) == wanted


def _without_values(cloud: Cloud) -> dict[str, object]:
    """The state, with the random key as nothing but there."""
    state = cloud.state("gh")
    for kept in state["environments"].values():
        kept["secrets"]["AIGATEWAY_KEY"] = len(kept["secrets"]["AIGATEWAY_KEY"])
    return state


def test_a_private_repository_without_reviewers_keeps_its_environment_closed(cloud: Cloud) -> None:
    with cloud.scene("gh") as gh:
        gh["private"] = True
    ran = github(cloud, env=HAS_KEY)
    assert ran.code == 1
    assert "Environment staging was not changed: Failed to create the environment protection rule." in ran.err
    assert "--no-approval" in ran.err
    assert "federated-credential delete" not in ran.err
    assert set(cloud.state("gh")["environments"]) == {"dev"}
    assert environment_of(cloud, "dev")["variables"]["AZURE_CLIENT_ID"] == DEPLOY


def test_without_approval_such_a_repository_is_set_up(cloud: Cloud) -> None:
    with cloud.scene("gh") as gh:
        gh["private"] = True
    assert github(cloud, "--no-approval", env=HAS_KEY).code == 0
    assert all(environment_of(cloud, env)["reviewers"] == [] for env in ENVS)


def test_where_the_plan_protects_nothing_nobody_is_told_what_they_said_already(cloud: Cloud) -> None:
    with cloud.scene("gh") as gh:
        gh["private"], gh["plan"] = True, "free"
    ran = github(cloud, "--no-approval", env=HAS_KEY)
    assert ran.code == 1
    assert "A private repository with this GitHub plan cannot restrict deployment branches. Make it public" in ran.err
    assert "--no-approval" not in ran.err


def test_who_does_not_administer_the_repository_reads_what_it_takes(cloud: Cloud) -> None:
    with cloud.scene("gh") as gh:
        gh["admin"] = False
    ran = github(cloud, env=HAS_KEY)
    assert ran.code == 1
    assert "Failed: GitHub environment dev" in ran.err
    assert "administrator of the repository" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("scene", ["no gh", "not logged in"])
def test_without_gh_it_prints_a_checklist_of_everything(cloud: Cloud, scene: str) -> None:
    if scene == "no gh":
        cloud.without("gh")
    with cloud.scene("gh") as gh:
        gh["login"] = None
    ran = github(cloud, "--reviewer", "grace")
    assert ran.code == 0, ran.err
    assert "a checklist instead" in ran.err
    parts = ran.out.split("\n\n")
    for part, env in zip(parts[1:4], ENVS, strict=True):
        assert part.startswith(f"Environment {env} (https://github.com/contoso/gateway/settings/environments")
        assert ("[ ] Required reviewers: grace" in part) == (env != "dev")
        assert "Selected branches and tags > only branch main" in part
    assert f"[ ] AZURE_CLIENT_ID = {PLAN}" in parts[4]
    assert f"[ ] AZURE_DEPLOY_CLIENT_ID = {DEPLOY}" in parts[4]
    for part, env in zip(parts[5:], ENVS, strict=True):
        assert part.startswith(f"Variables and secrets of environment {env} (")
        assert f"[ ] Environment variable AZURE_CLIENT_ID = {DEPLOY}" in part
        assert f"[ ] Environment variable TFSTATE_STORAGE_ACCOUNT = pvc{env}aigatewaystsan" in part
        assert "[ ] Environment secret AIGATEWAY_KEY: generate it with: python3 -c" in part
        assert "[ ] Environment secret AZURE_OPENAI_API_KEY: The API key of" in part


def test_without_gh_a_dry_run_says_the_same(cloud: Cloud) -> None:
    cloud.without("gh")
    ran = github(cloud, "--dry-run")
    assert "Environment prod" in ran.out
    assert ran.out == github(cloud).out
