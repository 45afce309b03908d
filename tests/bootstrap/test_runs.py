"""First run, second run, dry run; Azure alone and with GitHub."""

from tests.bootstrap.runs import (
    AZURE,
    DEPLOY,
    ENVS,
    HAS_KEY,
    PLAN,
    PREFIX,
    REPOSITORY,
    bootstrap,
    credentials_of,
    normalized,
    principal_of,
    roles_of,
    shown,
)
from tests.cloud.az.azure import CALLER, SUBSCRIPTION, TENANT
from tests.cloud.fixtures import Cloud

ACCOUNTS = {f"pvc{env}aigatewaystsan" for env in ENVS}
WHERE = ("--repository", REPOSITORY)


def test_a_second_run_changes_nothing(cloud: Cloud, all_prepared: Cloud) -> None:
    assert len(all_prepared.changes()) == 38
    cloud.restore(all_prepared.state())
    second = bootstrap(cloud)
    assert second.code == 0
    assert second.err.endswith("Nothing to change.\n")
    assert cloud.changes() == []
    assert cloud.state() == all_prepared.state()


def test_the_state_is_where_the_backends_look_for_it(all_prepared: Cloud) -> None:
    state = all_prepared.state()
    assert set(state["storage"]) == ACCOUNTS
    assert set(state["groups"]) >= {f"pvc-{env}-aigateway-tfrg-san" for env in ENVS}
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
    assert roles_of(all_prepared, CALLER) >= {("Storage Blob Data Contributor", account) for account in ACCOUNTS}


def test_the_plan_identity_reads_no_secret_and_the_deploy_identity_has_the_roles_it_needs(all_prepared: Cloud) -> None:
    assert roles_of(all_prepared, principal_of(all_prepared, PLAN)) == {
        ("Reader", SUBSCRIPTION),
        *(("Storage Blob Data Reader", account) for account in ACCOUNTS),
    }
    assert roles_of(all_prepared, principal_of(all_prepared, DEPLOY)) == {
        ("Contributor", SUBSCRIPTION),
        ("Role Based Access Control Administrator", SUBSCRIPTION),
        ("Key Vault Secrets Officer", SUBSCRIPTION),
        *(("Storage Blob Data Contributor", account) for account in ACCOUNTS),
    }
    assert ("Key Vault Secrets Officer", SUBSCRIPTION) in roles_of(all_prepared, CALLER)


def test_environments_and_main_deploy_and_pull_requests_plan(all_prepared: Cloud) -> None:
    assert credentials_of(all_prepared, DEPLOY) == {
        **{env: f"{PREFIX}:environment:{env}" for env in ENVS},
        "main": f"{PREFIX}:ref:refs/heads/main",
    }
    assert credentials_of(all_prepared, PLAN) == {"pull-request": f"{PREFIX}:pull_request"}
    for app in all_prepared.state()["apps"]:
        assert app["signInAudience"] == "AzureADMyOrg"
        for credential in app["credentials"]:
            assert credential["issuer"] == "https://token.actions.githubusercontent.com"
            assert credential["audiences"] == ["api://AzureADTokenExchange"]


def test_one_environment_can_be_prepared_alone(dev_prepared: Cloud) -> None:
    assert set(dev_prepared.state()["storage"]) == {"pvcdevaigatewaystsan"}
    assert list(credentials_of(dev_prepared, DEPLOY)) == ["dev", "main"]


def test_a_run_for_one_environment_after_one_for_all_changes_nothing(cloud: Cloud, all_prepared: Cloud) -> None:
    cloud.restore(all_prepared.state())
    again = bootstrap(cloud, "--env", "prod")
    assert again.err.endswith("Nothing to change.\n"), again.err
    assert cloud.changes() == []


def test_credentials_of_other_environments_are_known(cloud: Cloud, all_prepared: Cloud) -> None:
    cloud.restore(all_prepared.state())
    assert "not from the bootstrap" not in bootstrap(cloud, "--env", "dev").err


def test_identities_need_the_state(cloud: Cloud) -> None:
    ran = bootstrap(cloud, "--env", "dev", parts=("identities",))
    assert ran.code == 1
    assert "The storage account pvcdevaigatewaystsan does not exist. Run `scripts/bootstrap.py state` first." in ran.err
    assert cloud.changes() == []
    assert bootstrap(cloud, "--env", "dev", "--dry-run", parts=("identities",)).code == 0


def test_a_dry_run_shows_the_commands_of_the_real_run(cloud: Cloud) -> None:
    before = cloud.state()
    with cloud.edit() as azure:
        azure["providers"]["Microsoft.App"] = before["providers"]["Microsoft.App"] = "NotRegistered"
    dry = bootstrap(cloud, "--env", "dev", "--dry-run")
    assert dry.code == 0, dry.err
    assert "Dry run: nothing was changed. 21 commands would run." in dry.err
    assert cloud.changes() == []
    assert cloud.state() == before
    asked = [call.words[:-3] for call in cloud.calls()]  # without --output json --only-show-errors
    cloud.forget_calls()

    assert bootstrap(cloud, "--env", "dev").code == 0
    done = [call.words[:-3] for call in cloud.changes()]
    assert len(shown(dry)) == len(done) == 21
    for would, did in zip(shown(dry), done, strict=True):
        assert len(would) == len(did)
        for word, real in zip(would, did, strict=True):  # an id that is not made yet has a name in its place
            assert word == real or word.startswith("<")
    assert all(f"runs: az {words[0]} {words[1]}" in dry.err for words in asked)


def test_a_dry_run_after_a_real_one_shows_no_changes(cloud: Cloud, dev_prepared: Cloud) -> None:
    cloud.restore(dev_prepared.state())
    dry = bootstrap(cloud, "--env", "dev", "--dry-run")
    assert shown(dry) == []
    assert dry.err.endswith("Nothing to change.\n")


def test_the_parts_one_by_one_have_the_same_result(cloud: Cloud, dev_prepared: Cloud) -> None:
    for part in AZURE:
        assert bootstrap(cloud, "--env", "dev", parts=(part,)).code == 0
    assert normalized(cloud.state()) == normalized(dev_prepared.state())


def test_an_unknown_part_is_refused(cloud: Cloud) -> None:
    ran = bootstrap(cloud, parts=("states",))
    assert ran.code == 2
    assert "unknown part 'states'; choose from preflight, group, state, identities, github" in ran.err


def test_an_unknown_environment_is_refused_before_any_change(cloud: Cloud) -> None:
    ran = bootstrap(cloud, "--env", "nowhere")
    assert ran.code == 2
    assert "There is no environment 'nowhere'" in ran.err
    assert cloud.changes() == []


def test_a_failure_has_step_command_answer_and_remedy(cloud: Cloud) -> None:
    cloud.fail("storage account create", code="RequestDisallowedByPolicy", message="Policy 'no-storage' disallows it.")
    ran = bootstrap(cloud, "--env", "dev")
    assert ran.code == 1
    assert "Failed: Terraform state of dev: pvcdevaigatewaystsan\nCommand: az storage account create" in ran.err
    assert "Answer: (RequestDisallowedByPolicy) Policy 'no-storage' disallows it.\n" in ran.err
    assert "What to do: a policy of your organisation forbids this" in ran.err
    assert "To continue, run the bootstrap again; it skips what is done." in ran.err
    assert "Traceback" not in ran.err
    assert bootstrap(cloud, "--env", "dev").code == 0


def test_one_run_prepares_azure_and_github(cloud: Cloud) -> None:
    ran = bootstrap(cloud, *WHERE, parts=(), env=HAS_KEY)
    assert ran.code == 0, ran.err
    clients = {app["displayName"]: app["appId"] for app in cloud.state()["apps"]}
    github = cloud.state("gh")
    assert github["variables"] == {
        "AZURE_CLIENT_ID": clients["pvc-aigateway-plan"],
        "AZURE_DEPLOY_CLIENT_ID": clients["pvc-aigateway-deploy"],
        "AZURE_TENANT_ID": TENANT,
        "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
    }
    for env in ("dev", "staging", "prod"):
        variables = github["environments"][env]["variables"]
        assert variables["AZURE_CLIENT_ID"] == clients["pvc-aigateway-deploy"]
        account = cloud.state()["storage"][variables["TFSTATE_STORAGE_ACCOUNT"]]
        assert account["resourceGroup"] == variables["TFSTATE_RESOURCE_GROUP"]
        assert variables["TFSTATE_CONTAINER"] in account["containers"]
        assert credentials_of(cloud, "pvc-aigateway-deploy")[env] == f"repo:contoso/gateway:environment:{env}"
    cloud.forget_calls()

    again = bootstrap(cloud, *WHERE, parts=(), env=HAS_KEY)
    assert again.code == 0, again.err
    assert again.err.endswith("Nothing to change.\n")
    assert cloud.changes() == []


def test_a_dry_run_in_an_empty_subscription_completes(cloud: Cloud) -> None:
    ran = bootstrap(cloud, *WHERE, "--dry-run", parts=(), env=HAS_KEY)
    assert ran.code == 0, ran.err
    assert "<client id of pvc-aigateway-deploy>" in ran.err
    assert "would run: gh " in ran.err
    assert "Dry run: nothing was changed." in ran.err
    assert cloud.changes() == []
