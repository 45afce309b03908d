"""First run, second run, dry run."""

from tests.bootstrap.runs import AZURE, PREFIX, bootstrap, credentials_of, principal_of, roles_of, shown, without_names
from tests.cloud.az.azure import CALLER, SUBSCRIPTION
from tests.cloud.stand_ins import Cloud

PLAN, DEPLOY = "pvc-aigateway-plan", "pvc-aigateway-deploy"
ENVS = ("dev", "staging", "prod")
ACCOUNTS = {f"pvc{env}aigatewaystsan" for env in ENVS}


def test_a_second_run_changes_nothing_and_says_so(cloud: Cloud, all_done: Cloud) -> None:
    assert len(all_done.changes()) == 35
    cloud.restore(all_done.state())
    second = bootstrap(cloud)
    assert second.code == 0
    assert second.err.endswith("Nothing to change.\n")
    assert cloud.changes() == []
    assert cloud.state() == all_done.state()


def test_the_state_lies_where_the_stacks_look_for_it(all_done: Cloud) -> None:
    state = all_done.state()
    assert set(state["storage"]) == ACCOUNTS
    assert set(state["groups"]) == {f"pvc-{env}-aigateway-tfrg-san" for env in ENVS}
    for account in state["storage"].values():
        assert account["containers"] == ["tfstate"]
        assert account["location"] == "southafricanorth"
        assert account["minimumTlsVersion"] == "TLS1_2"
        assert account["enableHttpsTrafficOnly"] is True
        assert not account["allowBlobPublicAccess"]
        assert not account["allowSharedKeyAccess"]
        assert account["blob"]["isVersioningEnabled"]
        for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
            assert account["blob"][policy] == {"enabled": True, "days": 30, "allowPermanentDelete": None}
    assert roles_of(all_done, CALLER) >= {("Storage Blob Data Contributor", account) for account in ACCOUNTS}


def test_who_plans_reads_no_secret_and_who_deploys_may_what_the_stacks_need(all_done: Cloud) -> None:
    assert roles_of(all_done, principal_of(all_done, PLAN)) == {
        ("Reader", SUBSCRIPTION),
        *(("Storage Blob Data Reader", account) for account in ACCOUNTS),
    }
    assert roles_of(all_done, principal_of(all_done, DEPLOY)) == {
        ("Contributor", SUBSCRIPTION),
        ("Role Based Access Control Administrator", SUBSCRIPTION),
        ("Key Vault Secrets Officer", SUBSCRIPTION),
        *(("Storage Blob Data Contributor", account) for account in ACCOUNTS),
    }
    assert ("Key Vault Secrets Officer", SUBSCRIPTION) in roles_of(all_done, CALLER)


def test_only_main_and_the_environments_may_deploy_and_pull_requests_plan(all_done: Cloud) -> None:
    assert credentials_of(all_done, DEPLOY) == {
        **{env: f"{PREFIX}:environment:{env}" for env in ENVS},
        "main": f"{PREFIX}:ref:refs/heads/main",
    }
    assert credentials_of(all_done, PLAN) == {"pull-request": f"{PREFIX}:pull_request"}
    for app in all_done.state()["apps"]:
        assert app["signInAudience"] == "AzureADMyOrg"
        for credential in app["credentials"]:
            assert credential["issuer"] == "https://token.actions.githubusercontent.com"
            assert credential["audiences"] == ["api://AzureADTokenExchange"]


def test_one_environment_alone_leaves_the_others_out(dev_done: Cloud) -> None:
    assert set(dev_done.state()["storage"]) == {"pvcdevaigatewaystsan"}
    assert list(credentials_of(dev_done, DEPLOY)) == ["dev", "main"]


def test_one_environment_after_all_of_them_changes_nothing(cloud: Cloud, all_done: Cloud) -> None:
    cloud.restore(all_done.state())
    again = bootstrap(cloud, "--env", "prod")
    assert again.err.endswith("Nothing to change.\n"), again.err
    assert cloud.changes() == []


def test_credentials_of_the_other_environments_are_no_strangers(cloud: Cloud, all_done: Cloud) -> None:
    cloud.restore(all_done.state())
    assert "not from the bootstrap" not in bootstrap(cloud, "--env", "dev").err


def test_identities_before_the_state_are_not_made_and_it_says_what_comes_first(cloud: Cloud) -> None:
    ran = bootstrap(cloud, "--env", "dev", parts=("identities",))
    assert ran.code == 1
    assert "The storage account pvcdevaigatewaystsan does not exist. Run `scripts/bootstrap.py state` first." in ran.err
    assert cloud.changes() == []
    assert bootstrap(cloud, "--env", "dev", "--dry-run", parts=("identities",)).code == 0


def test_a_dry_run_changes_nothing_and_shows_what_the_real_run_then_does(cloud: Cloud) -> None:
    before = cloud.state()
    with cloud.scene() as azure:
        azure["providers"]["Microsoft.App"] = before["providers"]["Microsoft.App"] = "NotRegistered"
    dry = bootstrap(cloud, "--env", "dev", "--dry-run")
    assert dry.code == 0, dry.err
    assert "Dry run: nothing was changed. 20 commands would run." in dry.err
    assert cloud.changes() == []
    assert cloud.state() == before
    asked = [call.words[:-3] for call in cloud.calls()]  # without --output json --only-show-errors
    cloud.forget_calls()

    assert bootstrap(cloud, "--env", "dev").code == 0
    done = [call.words[:-3] for call in cloud.changes()]
    assert len(shown(dry)) == len(done) == 20
    for would, did in zip(shown(dry), done, strict=True):
        assert len(would) == len(did)
        for word, real in zip(would, did, strict=True):  # an id that is not made yet has a name in its place
            assert word == real or word.startswith("<")
    assert all(f"runs: az {words[0]} {words[1]}" in dry.err for words in asked)


def test_a_dry_run_after_a_real_one_has_nothing_to_show(cloud: Cloud, dev_done: Cloud) -> None:
    cloud.restore(dev_done.state())
    dry = bootstrap(cloud, "--env", "dev", "--dry-run")
    assert shown(dry) == []
    assert dry.err.endswith("Nothing to change.\n")


def test_the_parts_one_by_one_come_to_the_same(cloud: Cloud, dev_done: Cloud) -> None:
    for part in AZURE:
        assert bootstrap(cloud, "--env", "dev", parts=(part,)).code == 0
    assert without_names(cloud.state()) == without_names(dev_done.state())


def test_a_part_that_there_is_not_is_refused(cloud: Cloud) -> None:
    ran = bootstrap(cloud, parts=("states",))
    assert ran.code == 2
    assert "unknown part 'states'; choose from preflight, state, identities, github" in ran.err


def test_an_environment_that_there_is_not_is_refused_before_anything_is_made(cloud: Cloud) -> None:
    ran = bootstrap(cloud, "--env", "nowhere")
    assert ran.code == 2
    assert "There is no environment 'nowhere'" in ran.err
    assert cloud.changes() == []
