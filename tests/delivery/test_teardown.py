"""An environment is taken down with all that belongs to it alone, and what stays is named."""

import json
import re
import shlex
import signal
from typing import Any

import pytest

from scripts import bootstrap
from scripts.github import repository as module
from scripts.terraform.stacks import Stack, load
from tests.cloud.az.azure import CALLER
from tests.cloud.az.resource import resource
from tests.cloud.fixtures import Cloud, Ran
from tests.cloud.gh.github import issue
from tests.delivery.deployed import SMART_DETECTION, deploy, group_of, let_destroy
from tests.delivery.stand_ins import SECRETS, Delivery

REPOSITORY = "contoso/gateway"
DEPLOY, READ, PLAN = "pvc-{}-aigateway-deploy-san", "pvc-{}-aigateway-read-san", "pvc-aigateway-plan"

LOGS = (
    "Log Analytics workspace pvc-dev-aigateway-law-san, deleted, with the logs, for 14 days: a deployment of the same "
    "name recovers it."
)
OLD_STATE = "with earlier versions of Terraform's state"
NEXT = "and the environment's parts of the workflows: docs/operate.md#remove-an-environment"


@pytest.fixture
def dev(delivery: Delivery) -> Stack:
    """Dev and prod, bootstrapped and deployed."""
    words = ("--skip-synth", "--repository", REPOSITORY, "--env", "dev", "--env", "prod")
    ran = delivery.cloud.call(bootstrap.main, *words, env=SECRETS)
    assert ran.code == 0, ran.err
    for env in ("dev", "prod"):
        deploy(delivery, load(env, delivery.out))
    delivery.cloud.forget_calls()
    return load("dev", delivery.out)


def teardown(delivery: Delivery, *words: str, env: str = "dev", typed: str | None = None) -> Ran:
    """Run it without secrets."""
    given = ("--env", env, "--repository", REPOSITORY, *words)
    return delivery.run("teardown", *given, typed=typed, **dict.fromkeys(SECRETS, ""))


def torn_down(delivery: Delivery, stack: Stack, *words: str) -> Ran:
    """Run it to its end."""
    let_destroy(delivery, stack)
    ran = teardown(delivery, "--yes", *words, env=stack.env)
    assert ran.code == 0, ran.err
    return ran


def left_of(cloud: Cloud, env: str) -> list[str]:
    """Texts in Azure and GitHub that name the environment, besides its state and its deleted logs, which stay."""
    azure = {**cloud.state(), "workspaces_deleted": []}
    texts = set(re.findall(r'"([^"]*)"', json.dumps([azure, cloud.state("gh")])))
    return sorted(text for text in texts if re.search(rf"\b{env}\b|_{env.upper()}\b", text) and "-tfrg-" not in text)


def commands(cloud: Cloud) -> list[str]:
    """The changing ones, without what a shell needs no quotes for."""
    return [shlex.join([call.program, *call.words]) for call in cloud.changes()]


def test_nothing_of_it_stays_but_its_state(delivery: Delivery, dev: Stack) -> None:
    before = left_of(delivery.cloud, "prod")
    assert left_of(delivery.cloud, "dev")
    ran = torn_down(delivery, dev)
    assert left_of(delivery.cloud, "dev") == []
    assert left_of(delivery.cloud, "prod") == before
    assert delivery.cloud.state()["vaults_deleted"] == []
    assert delivery.calls() == ["diff dev -lock=false -refresh=false", "destroy dev"]
    assert ran.out.partition("What stays:\n")[2].splitlines() == [
        f"- {LOGS}",
        f"- The identity {PLAN}, which plans for all environments.",
        f"- Storage account pvcdevaigatewaystsan, {OLD_STATE} (az group delete --name pvc-dev-aigateway-tfrg-san).",
        f"Next: delete settings/environments/dev.toml {NEXT}",
    ]


def test_the_identities_go_before_the_group_and_githubs_environment_last(delivery: Delivery, dev: Stack) -> None:
    """GitHub makes an environment that a job names and that does not exist, without protection."""
    torn_down(delivery, dev)
    changes = commands(delivery.cloud)
    first = {
        "purge": f"az keyvault purge --name {dev.key_vault}",
        "role": "az role assignment delete",
        "app": "az ad app delete",
        "group": f"az group delete --name {dev.resource_group} --yes",
        "environment": f"gh api --method DELETE repos/{REPOSITORY}/environments/dev",
        "variable": "gh variable delete",
    }
    order = [next(number for number, line in enumerate(changes) if line.startswith(word)) for word in first.values()]
    assert order == sorted(order)


def test_what_terraform_destroys_is_shown_before_the_question(delivery: Delivery, dev: Stack) -> None:
    ran = teardown(delivery, typed="no\n")
    assert ran.code == 1
    count = len(dev.addresses)
    assert f"Plan for dev: {count} to destroy" in ran.out
    assert "WARNING: Deletes the Key Vault with all secrets." in ran.out
    assert ran.out.endswith("Type yes to continue: ")
    assert re.search(rf"Destroy dev in the subscription Gateway \(2222\S+\): {count} resources, ", ran.out)
    assert ran.err.endswith("Nothing was changed.\n")
    assert delivery.cloud.changes() == []
    assert "destroy dev" not in delivery.calls()


def test_a_dry_run_shows_the_commands_of_a_real_one_and_changes_nothing(delivery: Delivery, dev: Stack) -> None:
    dry = teardown(delivery, "--dry-run")
    assert dry.code == 0, dry.err
    assert delivery.cloud.changes() == []
    assert delivery.calls() == ["diff dev -lock=false -refresh=false"]
    shown = re.findall(r"would run: (.*)", dry.err)
    assert shown[0] == "cdktf destroy aigateway-dev"
    assert "dev would be down." in dry.out
    torn_down(delivery, dev)
    assert [line.partition(" --output json")[0] for line in commands(delivery.cloud)] == shown[1:]


def test_a_lock_is_removed_by_a_person_first(delivery: Delivery, dev: Stack) -> None:
    with delivery.cloud.edit() as azure:
        lock = {"id": f"{group_of(azure, dev)}/providers/Microsoft.Authorization/locks/keep", "name": "keep"}
        azure["locks"] = [{**lock, "level": "CanNotDelete"}]
    for words in (["--yes"], ["--dry-run"]):
        ran = teardown(delivery, *words)
        assert ran.code == 1
        assert f"{dev.resource_group} is locked: keep (CanNotDelete). Nothing was changed." in ran.err
        assert f"az lock delete --ids {lock['id']}" in ran.err
    assert delivery.cloud.changes() == []
    assert delivery.calls() == []


def test_a_vault_under_purge_protection_stays_with_its_date(delivery: Delivery, dev: Stack) -> None:
    assert dev
    prod = load("prod", delivery.out)
    ran = torn_down(delivery, prod)
    assert f"- Key Vault {prod.key_vault}, deleted, until 2027-03-01 (purge protection): its name is taken" in ran.out
    assert [vault["name"] for vault in delivery.cloud.state()["vaults_deleted"]] == [prod.key_vault]
    assert not any("keyvault purge" in line for line in commands(delivery.cloud))
    assert prod.resource_group not in delivery.cloud.state()["groups"]


@pytest.mark.parametrize("how", ["dry", "real"])
def test_a_group_with_others_resources_stays(delivery: Delivery, dev: Stack, how: str) -> None:
    with delivery.cloud.edit() as azure:
        azure["resources"].append(resource(group_of(azure, dev), "Microsoft.Sql/servers", "somebodys"))
    ran = teardown(delivery, "--dry-run") if how == "dry" else torn_down(delivery, dev)
    assert f"- Resource group {dev.resource_group}, which contains microsoft.sql/servers somebodys." in ran.out
    assert "az group delete" not in ran.err
    assert dev.resource_group in delivery.cloud.state()["groups"]
    if how == "real":
        assert {each["type"] for each in delivery.cloud.state()["resources"]} >= {"Microsoft.Sql/servers"}


def test_a_group_that_the_settings_name_stays_without_what_was_made_in_it(delivery: Delivery, dev: Stack) -> None:
    for path in (delivery.folder("dev") / "cdk.tf.json", delivery.folder("dev") / "plan.json"):
        text = path.read_text(encoding="utf-8").replace(dev.resource_group, "given")
        content = json.loads(text)
        content["//"] = {**content.get("//", {}), "existing_resource_group": True}
        path.write_text(json.dumps(content), encoding="utf-8")
    delivery.cloud.restore(json.loads(json.dumps(delivery.cloud.state()).replace(dev.resource_group, "given")))
    ran = torn_down(delivery, load("dev", delivery.out))
    assert "- Resource group given, which the settings name ([existing] resource_group)." in ran.out
    azure = delivery.cloud.state()
    assert "given" in azure["groups"]
    assert not [each for each in azure["resources"] if "/given/" in each["id"]]
    assert not [
        each for each in azure["role_assignments"] if "/given" in each["scope"] and each["principalId"] != CALLER
    ]


def test_what_azure_adds_by_itself_goes_with_the_group(delivery: Delivery, dev: Stack) -> None:
    with delivery.cloud.edit() as azure:
        azure["resources"].append(resource(group_of(azure, dev), *SMART_DETECTION))
    torn_down(delivery, dev)
    assert dev.resource_group not in delivery.cloud.state()["groups"]


def test_after_a_failed_destruction_everything_else_is_still_there(delivery: Delivery, dev: Stack) -> None:
    assert dev
    delivery.fails("destroy", "Error: deleting Key Vault: unexpected status 409")
    ran = teardown(delivery, "--yes")
    assert ran.code == 1
    assert "The destruction of dev failed." in ran.err
    assert "run the same command again" in ran.err
    assert delivery.cloud.changes() == []


def test_an_interrupted_one_is_continued(delivery: Delivery, dev: Stack) -> None:
    """Each run begins where the one before was killed, after its own first change."""
    let_destroy(delivery, dev)
    killed = 0
    while killed < 100:
        delivery.cloud.kill(change=1, when="after")
        ran = teardown(delivery, "--yes")
        if ran.code == 0:
            break
        assert ran.code == -signal.SIGKILL, ran.err
        killed += 1
    assert 15 < killed < 100
    assert not delivery.cloud.has_killed
    assert left_of(delivery.cloud, "dev") == []
    assert delivery.calls().count("destroy dev") == 1


def test_a_second_one_changes_nothing(delivery: Delivery, dev: Stack) -> None:
    torn_down(delivery, dev)
    delivery.cloud.forget_calls()
    assert teardown(delivery, "--yes").code == 0
    assert delivery.cloud.changes() == []
    assert delivery.calls().count("destroy dev") == 1


@pytest.mark.parametrize("gh", ["absent", "logged out", "of no administrator", "of a stranger"])
def test_what_gh_cannot_do_is_told_as_commands(delivery: Delivery, dev: Stack, gh: str) -> None:
    if gh == "absent":
        delivery.cloud.without("gh")
    else:
        with delivery.cloud.edit("gh") as github:
            if gh == "of a stranger":
                github["repository"]["full_name"] = "contoso/another"
            else:
                github.update({"login": None} if gh == "logged out" else {"admin": False})
    ran = torn_down(delivery, dev)
    lines = ran.out.partition("On GitHub, because gh could not do it:\n")[2].splitlines()
    assert lines[0] == f"  gh api --method DELETE repos/{REPOSITORY}/environments/dev"
    assert f"  gh variable delete AZURE_READ_CLIENT_ID_DEV --repo {REPOSITORY}" in lines
    assert "dev" in delivery.cloud.state("gh")["environments"]


def test_without_a_repository_it_leaves_github_alone_and_says_so(
    delivery: Delivery, dev: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_origin", str)
    let_destroy(delivery, dev)
    ran = delivery.run("teardown", "--env", "dev", "--yes")
    assert ran.code == 0, ran.err
    assert "- What GitHub has of it, if anything: no repository is known. To remove it, add --repository." in ran.out
    assert delivery.cloud.calls("gh") == []
    assert dev.resource_group not in delivery.cloud.state()["groups"]


def test_a_state_account_that_other_environments_share_is_not_for_deletion(delivery: Delivery, dev: Stack) -> None:
    path = delivery.folder("staging") / "cdk.tf.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["terraform"]["backend"]["azurerm"]["resource_group_name"] = dev.backend.resource_group_name
    path.write_text(json.dumps(content), encoding="utf-8")
    ran = torn_down(delivery, dev)
    assert "with earlier versions of Terraform's state (also of staging)." in ran.out


def test_one_that_was_never_deployed_loses_what_the_bootstrap_made(delivery: Delivery) -> None:
    words = ("--skip-synth", "--repository", REPOSITORY, "--env", "dev")
    assert delivery.cloud.call(bootstrap.main, *words, env=SECRETS).code == 0
    delivery.plans()
    assert teardown(delivery, "--yes").code == 0
    assert left_of(delivery.cloud, "dev") == []
    assert "destroy dev" not in delivery.calls()


def test_without_a_state_account_terraforms_resources_are_somebody_elses(delivery: Delivery, dev: Stack) -> None:
    with delivery.cloud.edit() as azure:
        del azure["storage"][dev.backend.storage_account_name]
    ran = teardown(delivery, "--yes")
    assert ran.code == 0, ran.err
    assert "no storage account pvcdevaigatewaystsan: Terraform has no state" in ran.err
    assert f"- Resource group {dev.resource_group}, which contains microsoft." in ran.out
    assert delivery.calls() == []


def test_deployments_issues_and_other_things_of_github_stay(delivery: Delivery, dev: Stack) -> None:
    with delivery.cloud.edit("gh") as github:
        github["variables"]["OURS"] = "x"
        github["issues"] = [issue(1, body="Mine", user="grace")]
    before: dict[str, Any] = delivery.cloud.state("gh")
    torn_down(delivery, dev)
    after = delivery.cloud.state("gh")
    assert before["environments"].keys() - after["environments"].keys() == {"dev"}
    assert {name for name in before["variables"] if not name.endswith("_DEV")} == set(after["variables"])
    assert after["issues"] == before["issues"]
