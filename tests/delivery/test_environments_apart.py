"""Three environments, from the bootstrap to the teardown, in one subscription or in three; each job with its login."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from scripts import bootstrap, rotate
from scripts.azure import rotation
from scripts.azure.smoke_testing import Smoke
from scripts.terraform import deployment
from scripts.terraform.stacks import Stack, load
from tests.cloud.az.azure import SUBSCRIPTION
from tests.cloud.fixtures import Ran
from tests.cloud.gateway import serve
from tests.delivery.deployed import deploy, let_destroy
from tests.delivery.stand_ins import SECRETS, UPDATED_APP, Delivery
from tests.scripts.clock import Clock, clock
from tests.workflows.run import NotTrustedError, Runner

__all__ = ["clock"]

ENVS = ("dev", "staging", "prod")
REPOSITORY = "contoso/gateway"
SUBSCRIPTIONS = {
    "dev": SUBSCRIPTION,
    "staging": "22222222-cccc-4ccc-8ccc-222222222222",
    "prod": "22222222-dddd-4ddd-8ddd-222222222222",
}
OF_ANOTHER_LOGIN = {
    "deploy": ("--yes", "--no-smoke"),
    "drift": (),
    "plan": (),
    "rollback": ("--yes", "--skip-synth"),
    "rotate": ("add", "--skip-synth"),
    "source": ("--deployed",),
    "teardown": ("--yes",),
}
"""Scripts that log in, and their words; `test_login.py` has those that read the settings alone."""


@pytest.fixture(params=["one", "three"])
def where(request: pytest.FixtureRequest) -> dict[str, str]:
    """The subscription of each environment."""
    return SUBSCRIPTIONS if request.param == "three" else dict.fromkeys(ENVS, SUBSCRIPTION)


@pytest.fixture
def stacks(delivery: Delivery, where: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Stack]:
    """Deployed once from their settings, after a bootstrap of all three in one run; nothing is tested for real."""
    add_subscriptions(delivery, set(where.values()))
    for env in ENVS:
        name_subscription(delivery.folder(env), where[env])
    words = ("--skip-synth", "--repository", REPOSITORY)
    ran = delivery.cloud.call(bootstrap.main, *words, env={**SECRETS, "CDKTF_OUTDIR": str(delivery.out)})
    assert ran.code == 0, ran.err
    found = {env: load(env, delivery.out) for env in ENVS}
    for stack in found.values():
        deploy(delivery, stack)
        delivery.outputs(
            env=stack.env, container_app_name=stack.container_app, resource_group_name=stack.resource_group
        )
    passed = Smoke(passed=True, words="passed")
    for module in (deployment, rotation):
        monkeypatch.setattr(module, "smoke", lambda *_, **__: passed)
    return found


def add_subscriptions(delivery: Delivery, ids: set[str]) -> None:
    """Further ones of the stand-in's tenant, with the same owner."""
    with delivery.cloud.edit() as azure:
        first, (owner, *_) = azure["subscriptions"][0], azure["role_assignments"]
        for id_ in sorted(ids - {SUBSCRIPTION}):
            azure["subscriptions"].append({**first, "id": id_, "name": f"Gateway {id_[9:13]}"})
            scope = f"/subscriptions/{id_}"
            azure["role_assignments"].append(
                {**owner, "id": owner["id"].replace(owner["scope"], scope), "scope": scope}
            )


def name_subscription(folder: Path, subscription: str) -> None:
    """As `subscription_id` in the settings of the stack does."""
    path = folder / "cdk.tf.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["provider"]["azurerm"][0]["subscription_id"] = subscription
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def runner(delivery: Delivery, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """GitHub's, after a push to main or by hand; the outputs of a step are in the file `output`."""
    monkeypatch.chdir(delivery.cloud.folder)  # where plan.md is written

    def start(script: str, *words: str, **environ: str) -> Ran:
        output = str(delivery.cloud.folder / "output")
        return delivery.run(script, *words, GITHUB_OUTPUT=output, GITHUB_REPOSITORY=REPOSITORY, **environ)

    return Runner(cloud=delivery.cloud, start=start)


def handed_on(delivery: Delivery) -> dict[str, str]:
    """The outputs of the last step: `name=value`, or a text of several lines between two marks."""
    path = delivery.cloud.folder / "output"
    text = path.read_text(encoding="utf-8")
    path.unlink()
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)) | {
        name: body for name, _, body in re.findall(r"^(\w+)<<(\w+)\n(.*?)\n\2$", text, re.MULTILINE | re.DOTALL)
    }


def succeeded(ran: Ran) -> Ran:
    """It must have."""
    assert ran.code == 0, ran.err
    return ran


def log_in(delivery: Delivery, subscription: str) -> None:
    """As a person does on a laptop."""
    with delivery.cloud.edit() as azure:
        azure["default"] = subscription


def test_each_is_planned_by_the_identity_that_reads_and_deployed_by_its_own(
    delivery: Delivery, stacks: dict[str, Stack], runner: Runner
) -> None:
    for env in stacks:
        delivery.plans(UPDATED_APP, env=env)
        succeeded(runner.run("deploy", f"plan-{env}", env=env))
        needs = {f"plan-{env}": handed_on(delivery)}
        done = succeeded(runner.run("deploy", env, env=env, needs=needs))
        assert f"revision: {stacks[env].container_app}--2" in done.out
    plan = "diff {} -lock=false"
    assert delivery.calls() == [
        call for env in stacks for call in (plan.format(env), plan.format(env), f"deploy {env}")
    ]


def test_a_plan_of_another_environment_is_not_deployed(
    delivery: Delivery, stacks: dict[str, Stack], runner: Runner
) -> None:
    delivery.plans(UPDATED_APP, env="dev")
    succeeded(runner.run("deploy", "plan-dev", env="dev"))
    refused = runner.run("deploy", "prod", env="prod", needs={"plan-prod": handed_on(delivery)})
    assert refused.code == 3, stacks
    assert "deploy prod" not in delivery.calls()


def test_the_drift_of_each_is_its_own_issue(delivery: Delivery, stacks: dict[str, Stack], runner: Runner) -> None:
    delivery.plans(UPDATED_APP, env="staging")
    for env in stacks:
        succeeded(runner.run("drift", "drift", env=env))
    assert [issue["title"] for issue in delivery.cloud.state("gh")["issues"]] == ["Drift: staging differs from main"]


def test_a_pull_request_plans_each_as_the_identity_that_plans_and_as_no_other(
    delivery: Delivery, stacks: dict[str, Stack], runner: Runner
) -> None:
    pull_request = replace(runner, event="pull_request")
    for env in stacks:
        assert f"Plan for {env}: no changes" in succeeded(pull_request.run("plan", "plan", env=env)).out
        with pytest.raises(NotTrustedError):
            pull_request.run("drift", "drift", env=env)
        with pytest.raises(NotTrustedError):
            runner.run("plan", "plan", env=env)
    assert delivery.calls() == [f"diff {env} -lock=false -refresh=false" for env in stacks]


def test_the_key_of_each_is_rotated_in_its_own_vault(
    delivery: Delivery, stacks: dict[str, Stack], runner: Runner, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    vaults = [stack.key_vault for stack in stacks.values()]
    for env, stack in stacks.items():
        before = delivery.cloud.state()["vaults"]
        with serve(delivery.cloud, stack.key_vault, delay_s=100, now=clock.monotonic) as url:
            monkeypatch.setattr(rotate, "address", lambda *_, url=url: url)
            for step in ("add", "retire"):
                inputs = {"environment": env, "project": "", "step": step}
                succeeded(replace(runner, inputs=inputs).run("rotate", "rotate", env=env))
        after = delivery.cloud.state()["vaults"]
        assert [name for name in vaults if after[name] != before[name]] == [stack.key_vault]


def test_a_person_rolls_back_the_environment_of_the_login_alone(
    delivery: Delivery, stacks: dict[str, Stack], where: dict[str, str], clock: Clock
) -> None:
    assert clock
    words = ("--yes", "--no-smoke", "--skip-synth")
    for env, stack in stacks.items():
        for other in set(where.values()) - {where[env]}:
            log_in(delivery, other)
            refused = delivery.run("rollback", "--env", env, *words)
            assert refused.code == 2
            assert f"Run: az account set --subscription {where[env]}" in refused.err
        log_in(delivery, where[env])
        assert f"{stack.container_app}--1 is active" in succeeded(delivery.run("rollback", "--env", env, *words)).err


@pytest.mark.parametrize("script", OF_ANOTHER_LOGIN)
@pytest.mark.parametrize("where", ["three"], indirect=True)
def test_no_script_works_with_the_login_of_another_subscription(
    delivery: Delivery, stacks: dict[str, Stack], script: str
) -> None:
    assert stacks
    delivery.cloud.forget_calls()
    log_in(delivery, SUBSCRIPTIONS["dev"])
    refused = delivery.run(script, "--env", "prod", *OF_ANOTHER_LOGIN[script], GITHUB_REPOSITORY=REPOSITORY)
    assert refused.code == (1 if script == "plan" else 2)  # a plan goes on to the next environment
    assert f"Run: az account set --subscription {SUBSCRIPTIONS['prod']}" in refused.err
    assert delivery.calls() == []
    assert delivery.cloud.changes() == []


def test_an_identity_of_one_can_change_nothing_in_another(
    delivery: Delivery, stacks: dict[str, Stack], where: dict[str, str], clock: Clock
) -> None:
    """Neither where the settings name a subscription, nor where only Azure's roles are in between."""
    assert clock
    with delivery.cloud.edit() as azure:
        (app,) = (each for each in azure["apps"] if each["displayName"] == "pvc-dev-aigateway-deploy-san")
        azure["user"] = {"name": app["appId"], "type": "servicePrincipal"}
    for env in ("dev", "prod"):
        log_in(delivery, where[env])
        ran = delivery.run("rollback", "--env", env, "--yes", "--no-smoke", "--skip-synth")
        assert (ran.code == 0) is (env == "dev"), ran.err
    assert "AuthorizationFailed" in ran.err or "does not have authorization" in ran.err
    principals = {sp["appId"]: sp["id"] for sp in delivery.cloud.state()["service_principals"]}
    scopes = {
        given["scope"]
        for given in delivery.cloud.state()["role_assignments"]
        if given["principalId"] == principals[app["appId"]]
    }
    assert scopes
    assert not [scope for scope in scopes if stacks["prod"].resource_group in scope or "prod" in scope]


@pytest.mark.parametrize("gone", ENVS)
def test_one_is_taken_down_and_the_others_are_still_deployed(
    delivery: Delivery, stacks: dict[str, Stack], where: dict[str, str], runner: Runner, gone: str
) -> None:
    let_destroy(delivery, stacks[gone])
    log_in(delivery, where[gone])
    succeeded(delivery.run("teardown", "--env", gone, "--yes", "--repository", REPOSITORY))
    for env in stacks:
        if env == gone:
            with pytest.raises(NotTrustedError):
                runner.run("deploy", f"plan-{env}", env=env)
            continue
        assert stacks[env].resource_group in delivery.cloud.state()["groups"]
        succeeded(runner.run("deploy", f"plan-{env}", env=env))
        succeeded(runner.run("deploy", env, env=env, needs={f"plan-{env}": handed_on(delivery)}))


def test_all_are_taken_down(delivery: Delivery, stacks: dict[str, Stack], where: dict[str, str]) -> None:
    for env, stack in stacks.items():
        let_destroy(delivery, stack)
        log_in(delivery, where[env])
        succeeded(delivery.run("teardown", "--env", env, "--yes", "--repository", REPOSITORY))
    azure, github = delivery.cloud.state(), delivery.cloud.state("gh")
    assert [app["displayName"] for app in azure["apps"]] == ["pvc-aigateway-plan"]
    assert sorted(azure["groups"]) == sorted(stack.backend.resource_group_name for stack in stacks.values())
    assert (github["environments"], github["variables"]) == ({}, {})
