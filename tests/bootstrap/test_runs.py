"""First run, second run, dry run; Azure alone and with GitHub."""

from settings.roles import LIST_DELETED_WORKSPACES
from tests.bootstrap.runs import (
    AZURE,
    ENVS,
    HAS_KEY,
    PLAN,
    PREFIX,
    REPOSITORY,
    bootstrap,
    credentials_of,
    deploy,
    normalized,
    principal_of,
    read,
    roles_of,
    shown,
)
from tests.cloud.az.azure import CALLER, SUBSCRIPTION, TENANT, guid_of
from tests.cloud.fixtures import Cloud

ACCOUNTS = {f"pvc{env}aigatewaystsan" for env in ENVS}
WHERE = ("--repository", REPOSITORY)


def test_a_second_run_changes_nothing(cloud: Cloud, all_prepared: Cloud) -> None:
    assert len(all_prepared.changes()) == 81
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


def test_who_prepares_may_deploy_and_has_no_further_right_on_the_subscription(all_prepared: Cloud) -> None:
    assert roles_of(all_prepared, CALLER) == {
        ("Owner", SUBSCRIPTION),
        *(("Storage Blob Data Contributor", f"pvc{env}aigatewaystsan") for env in ENVS),
        *(("Key Vault Secrets Officer", f"pvc-{env}-aigateway-rg-san") for env in ENVS),
    }


def test_one_identity_plans_and_in_each_environment_one_deploys_and_one_reads(all_prepared: Cloud) -> None:
    assert [app["displayName"] for app in all_prepared.state()["apps"]] == [
        PLAN,
        *(identity(env) for env in ENVS for identity in (deploy, read)),
    ]
    assert roles_of(all_prepared, principal_of(all_prepared, PLAN)) == {
        *(("Reader", f"pvc-{env}-aigateway-rg-san") for env in ENVS),
        *(("Storage Blob Data Reader", account) for account in ACCOUNTS),
    }
    for env in ENVS:
        group, account = f"pvc-{env}-aigateway-rg-san", f"pvc{env}aigatewaystsan"
        assert roles_of(all_prepared, principal_of(all_prepared, deploy(env))) == {
            ("Contributor", group),
            ("Role Based Access Control Administrator", group),
            ("Key Vault Secrets Officer", group),
            ("Storage Blob Data Contributor", account),
            (deploy(env), SUBSCRIPTION),
        }
        assert roles_of(all_prepared, principal_of(all_prepared, read(env))) == {
            ("Reader", group),
            ("Key Vault Secrets User", group),
            (read(env), group),
            ("Storage Blob Data Reader", account),
        }


def test_no_identity_has_a_right_on_another_environment_and_one_on_the_subscription_lists_deleted_workspaces(
    all_prepared: Cloud,
) -> None:
    """The provider lists them before it creates a workspace (docs/decisions/0029-rights-on-one-group.md)."""
    state = all_prepared.state()
    names = {each["id"]: each["displayName"] for each in state["service_principals"]}
    own = {name: {env} for env in ENVS for name in (deploy(env), read(env))} | {PLAN: {*ENVS}}
    given = [each for each in state["role_assignments"] if each["principalId"] in names]
    assert len(given) == 3 * (5 + 4 + 2)
    actions = {role["name"]: role["actions"] for role in state["custom_roles"]}
    on_subscription = [each for each in given if "/resourceGroups/" not in each["scope"]]
    assert [actions[guid_of(each["roleDefinitionId"])] for each in on_subscription] == [[LIST_DELETED_WORKSPACES]] * 3
    assert {names[each["principalId"]] for each in on_subscription} == {deploy(env) for env in ENVS}
    for each in given:
        if each in on_subscription:
            continue
        (env,) = (env for env in ENVS if f"pvc-{env}-" in each["scope"] or f"pvc{env}" in each["scope"])
        assert env in own[names[each["principalId"]]]


def test_each_identity_trusts_the_jobs_that_need_it_alone(all_prepared: Cloud) -> None:
    for env in ENVS:
        assert credentials_of(all_prepared, deploy(env)) == {env: f"{PREFIX}:environment:{env}"}
        assert credentials_of(all_prepared, read(env)) == {"main": f"{PREFIX}:ref:refs/heads/main"}
    assert credentials_of(all_prepared, PLAN) == {"pull-request": f"{PREFIX}:pull_request"}
    for app in all_prepared.state()["apps"]:
        assert app["signInAudience"] == "AzureADMyOrg"
        for credential in app["credentials"]:
            assert credential["issuer"] == "https://token.actions.githubusercontent.com"
            assert credential["audiences"] == ["api://AzureADTokenExchange"]


def test_one_environment_can_be_prepared_alone(dev_prepared: Cloud) -> None:
    assert set(dev_prepared.state()["storage"]) == {"pvcdevaigatewaystsan"}
    assert [app["displayName"] for app in dev_prepared.state()["apps"]] == [PLAN, deploy("dev"), read("dev")]


def test_a_run_for_one_environment_after_one_for_all_changes_nothing(cloud: Cloud, all_prepared: Cloud) -> None:
    cloud.restore(all_prepared.state())
    again = bootstrap(cloud, "--env", "prod")
    assert again.err.endswith("Nothing to change.\n"), again.err
    assert cloud.changes() == []


def test_credentials_of_other_environments_are_known(cloud: Cloud, all_prepared: Cloud) -> None:
    cloud.restore(all_prepared.state())
    assert "not from the bootstrap" not in bootstrap(cloud, "--env", "dev").err


def test_identities_need_the_group_and_the_state(cloud: Cloud) -> None:
    ran = bootstrap(cloud, "--env", "dev", parts=("identities",))
    assert ran.code == 1
    assert (
        "The resource group pvc-dev-aigateway-rg-san does not exist. Run `scripts/bootstrap.py group` first." in ran.err
    )
    assert bootstrap(cloud, "--env", "dev", parts=("preflight", "group")).code == 0
    cloud.forget_calls()
    ran = bootstrap(cloud, "--env", "dev", parts=("identities",))
    assert "The storage account pvcdevaigatewaystsan does not exist. Run `scripts/bootstrap.py state` first." in ran.err
    assert cloud.changes() == []
    assert bootstrap(cloud, "--env", "dev", "--dry-run", parts=("identities",)).code == 0


def test_a_dry_run_shows_the_commands_of_the_real_run(cloud: Cloud) -> None:
    before = cloud.state()
    with cloud.edit() as azure:
        azure["providers"]["Microsoft.App"] = before["providers"]["Microsoft.App"] = "NotRegistered"
    dry = bootstrap(cloud, "--env", "dev", "--dry-run")
    assert dry.code == 0, dry.err
    assert "Dry run: nothing was changed. 30 commands would run." in dry.err
    assert cloud.changes() == []
    assert cloud.state() == before
    asked = [call.words[:-3] for call in cloud.calls()]  # without --output json --only-show-errors
    cloud.forget_calls()

    assert bootstrap(cloud, "--env", "dev").code == 0
    done = [call.words[:-3] for call in cloud.changes()]
    assert len(shown(dry)) == len(done) == 30
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
    own = {
        env: {
            f"AZURE_PLAN_CLIENT_ID_{env.upper()}": clients[PLAN],
            f"AZURE_READ_CLIENT_ID_{env.upper()}": clients[read(env)],
            f"AZURE_TENANT_ID_{env.upper()}": TENANT,
            f"AZURE_SUBSCRIPTION_ID_{env.upper()}": SUBSCRIPTION,
        }
        for env in ENVS
    }
    assert github["variables"] == {**own["dev"], **own["staging"], **own["prod"]}
    for env in ENVS:
        variables = github["environments"][env]["variables"]
        assert variables["AZURE_CLIENT_ID"] == clients[deploy(env)]
        account = cloud.state()["storage"][variables["TFSTATE_STORAGE_ACCOUNT"]]
        assert account["resourceGroup"] == variables["TFSTATE_RESOURCE_GROUP"]
        assert variables["TFSTATE_CONTAINER"] in account["containers"]
        assert credentials_of(cloud, deploy(env))[env] == f"repo:contoso/gateway:environment:{env}"
    cloud.forget_calls()

    again = bootstrap(cloud, *WHERE, parts=(), env=HAS_KEY)
    assert again.code == 0, again.err
    assert again.err.endswith("Nothing to change.\n")
    assert cloud.changes() == []


def test_a_dry_run_in_an_empty_subscription_completes(cloud: Cloud) -> None:
    ran = bootstrap(cloud, *WHERE, "--dry-run", parts=(), env=HAS_KEY)
    assert ran.code == 0, ran.err
    assert "<client id of pvc-prod-aigateway-deploy-san>" in ran.err
    assert "would run: gh " in ran.err
    assert "Dry run: nothing was changed." in ran.err
    assert cloud.changes() == []
