"""Back to an earlier revision of a stand-in app."""

from typing import Any

import pytest

from scripts import rollback as script
from scripts.azure import rollback as steps
from scripts.azure.smoke_testing import Smoke
from tests.cloud.az.containerapp import app, revision
from tests.cloud.az.keyvault import version
from tests.cloud.fixtures import Cloud, Ran
from tests.scripts.clock import Clock

APP, GROUP, VAULT = "pvc-dev-aigateway-ca-san", "pvc-dev-aigateway-rg-san", "pvc-dev-aigateway-kv-san"
FIRST, SECOND, BROKEN, NOW = (f"{APP}--{number}" for number in ("1", "2", "3", "4"))


@pytest.fixture
def deployed(cloud: Cloud, clock: Clock) -> Cloud:
    """Four deployments, of which the third never started."""
    assert clock
    revisions = [
        revision(NOW, "2026-11-20", active=True),
        revision(FIRST, "2026-11-01"),
        revision(BROKEN, "2026-11-15", provisioning="Failed"),
        revision(SECOND, "2026-11-10"),
    ]
    with cloud.edit() as azure:
        azure["container_apps"][APP] = app(APP, GROUP, fqdn="gateway.example", revisions=revisions)
        azure["vaults"][VAULT] = {"gateway-key": [version("the-key")]}
    return cloud


def rollback(
    cloud: Cloud, *words: str, typed: str | None = None, smoke: bool = False, env: dict[str, str] | None = None
) -> Ran:
    """With the stacks that are there."""
    given = ("--env", "dev", "--skip-synth", *([] if smoke else ["--no-smoke"]))
    return cloud.call(script.main, *given, *words, typed=typed, env=env)


def activated(cloud: Cloud) -> list[str]:
    """The revisions that were activated."""
    return [call.words[call.words.index("--revision") + 1] for call in cloud.changes("az")]


def test_the_newest_earlier_one_that_was_healthy_takes_over(
    deployed: Cloud, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(seconds: float) -> None:
        clock.now += seconds
        with deployed.edit() as azure:
            azure["container_apps"][APP]["takes_s"] = 0.0

    monkeypatch.setattr(clock, "sleep", sleep)
    with deployed.edit() as azure:
        azure["container_apps"][APP]["takes_s"] = -1
    ran = rollback(deployed, "--yes")
    assert ran.code == 0, ran.err
    assert activated(deployed) == [SECOND]
    assert f"{SECOND}: Provisioned, Processing, 0% of the traffic; 0 s" in ran.err
    assert f"{SECOND} is active and gets all traffic." in ran.err
    assert f"python3 scripts/rollback.py --env dev --revision {NOW}" in ran.err


def test_a_dry_run_shows_the_revisions_and_the_target(deployed: Cloud) -> None:
    ran = rollback(deployed, "--dry-run")
    assert ran.code == 0, ran.err
    rows = [line for line in ran.out.splitlines() if APP in line]
    assert [next(name for name in (FIRST, SECOND, BROKEN, NOW) if name in row) for row in rows] == [
        NOW,
        BROKEN,
        SECOND,
        FIRST,
    ]
    assert "active, Provisioned" in rows[0]
    assert ["<- target" in row for row in rows] == [False, False, True, False]
    assert f"would run: az containerapp revision activate --revision {SECOND}" in ran.err
    assert deployed.changes() == []


def test_a_second_rollback_goes_further_back(deployed: Cloud) -> None:
    assert rollback(deployed, "--yes").code == 0
    assert rollback(deployed, "--yes").code == 0
    assert activated(deployed) == [SECOND, FIRST]
    ran = rollback(deployed, "--yes")
    assert ran.code == 1
    assert "There is no revision to roll back to" in ran.err


def test_a_named_revision_is_activated_also_a_newer_one(deployed: Cloud) -> None:
    assert rollback(deployed, "--yes", "--revision", FIRST).code == 0
    assert rollback(deployed, "--yes", "--revision", NOW).code == 0
    assert activated(deployed) == [FIRST, NOW]


def test_an_active_revision_stays_as_it_is(deployed: Cloud) -> None:
    ran = rollback(deployed, "--revision", NOW)
    assert (ran.code, deployed.changes()) == (0, [])
    assert f"{NOW} is active already." in ran.err


def test_an_unknown_revision_is_refused_with_the_names_of_all(deployed: Cloud) -> None:
    ran = rollback(deployed, "--revision", "nope")
    assert ran.code == 2
    assert ran.err.endswith(f"There is no revision nope; there are {NOW}, {BROKEN}, {SECOND}, {FIRST}.\n")


def test_without_a_terminal_nothing_is_changed(deployed: Cloud) -> None:
    ran = rollback(deployed)
    assert (ran.code, deployed.changes()) == (2, [])
    assert "--yes" in ran.err


@pytest.mark.parametrize(("answer", "code", "wanted"), [("yes", 0, [SECOND]), ("y", 1, []), ("", 1, [])])
def test_a_person_is_asked(deployed: Cloud, answer: str, code: int, wanted: list[str]) -> None:
    ran = rollback(deployed, typed=f"{answer}\n")
    assert ran.code == code, ran.err
    assert f"Activate {SECOND} in dev?" in ran.out
    assert activated(deployed) == wanted


def test_one_that_does_not_start_is_reported_after_the_timeout(deployed: Cloud) -> None:
    with deployed.edit() as azure:
        azure["container_apps"][APP]["takes_s"] = -1
    ran = rollback(deployed, "--yes")
    assert ran.code == 1
    assert f"does not take over. {SECOND}: Provisioned, Processing, 0% of the traffic, after 600 s." in ran.err


def test_one_that_azure_removes_is_not_waited_for(
    deployed: Cloud, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove(_: float) -> None:
        with deployed.edit() as azure:
            azure["container_apps"][APP]["revisions"] = [revision(NOW, "2026-11-20", active=True)]

    with deployed.edit() as azure:
        azure["container_apps"][APP]["takes_s"] = -1
    monkeypatch.setattr(clock, "sleep", remove)
    ran = rollback(deployed, "--yes")
    assert ran.code == 1
    assert f"Azure no longer lists the revision {SECOND}." in ran.err


@pytest.mark.parametrize("state", ["runningState", "provisioningState"])
def test_one_that_failed_is_not_waited_for(deployed: Cloud, clock: Clock, state: str) -> None:
    with deployed.edit() as azure:
        failed = azure["container_apps"][APP]["revisions"][0]
        failed["properties"] |= {"runningState": "Processing", state: "Failed"}
    ran = rollback(deployed, "--revision", NOW)
    assert ran.code == 1
    assert "The revision does not take over." in ran.err
    assert clock.slept == []


def test_a_revision_that_shares_the_traffic_has_not_taken_over(deployed: Cloud) -> None:
    with deployed.edit() as azure:
        now, *_, second = azure["container_apps"][APP]["revisions"]
        now["properties"]["trafficWeight"] = 80
        second["properties"] |= {"active": True, "trafficWeight": 20, "runningState": "Running"}
    ran = rollback(deployed, "--revision", NOW)
    assert ran.code == 1
    assert f"The revision does not take over. {NOW}: Provisioned, Running, 80% of the traffic" in ran.err


def test_the_current_revision_is_the_one_with_the_traffic_not_the_newest(deployed: Cloud) -> None:
    with deployed.edit() as azure:
        now, _, third, second = azure["container_apps"][APP]["revisions"]
        now["properties"] |= {"trafficWeight": 0, "runningState": "Processing"}
        third["properties"]["provisioningState"] = "Provisioned"
        second["properties"] |= {"active": True, "trafficWeight": 100, "runningState": "Running"}
    assert rollback(deployed, "--yes").code == 0
    assert activated(deployed) == [FIRST]


def test_a_first_deployment_cannot_be_rolled_back(deployed: Cloud) -> None:
    with deployed.edit() as azure:
        azure["container_apps"][APP]["revisions"] = [revision(NOW, "2026-11-20", active=True)]
    ran = rollback(deployed, "--yes")
    assert ran.code == 1
    assert ran.err.endswith("the app has no earlier one that was ever healthy.\n")


def test_an_environment_that_is_not_deployed_is_reported(cloud: Cloud) -> None:
    ran = rollback(cloud, "--yes")
    assert ran.code == 1
    assert ran.err == f"There is no {APP} in {GROUP}: dev is not deployed yet.\n"


def test_a_rollback_ends_with_a_smoke_test_with_the_key_of_the_vault(
    deployed: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    smokes: list[dict[str, Any]] = []
    passed = [True, False]

    def smoke(env: str, **arguments: object) -> Smoke:
        smokes.append({"env": env, **arguments})
        return Smoke(passed=passed[len(smokes) - 1], words="")

    monkeypatch.setattr(steps, "smoke", smoke)
    with deployed.edit() as azure:
        azure["vaults"][VAULT]["gateway-key"].append(version("the-newest-key"))
    ran = rollback(deployed, "--yes", smoke=True)
    assert ran.code == 0, ran.err
    of_app = {"env": "dev", "base_url": "https://gateway.example", "key": "the-newest-key", "is_allowed": False}
    assert smokes == [of_app]
    ran = rollback(deployed, "--yes", "--base-url", "http://127.0.0.1:9", smoke=True)
    assert ran.code == 1
    assert smokes[1:] == [{**of_app, "base_url": "http://127.0.0.1:9", "is_allowed": True}]
    assert "The smoke test of dev failed with this revision, too." in ran.err
    assert "the-newest-key" not in ran.out + ran.err


def test_an_internal_gateway_is_not_tested_from_outside(deployed: Cloud) -> None:
    ran = rollback(deployed, "--yes", smoke=True, env={"AIGATEWAY_INGRESS__EXTERNAL": "false"})
    assert ran.code == 0, ran.out + ran.err
    assert "python3 scripts/smoke.py --env dev --base-url https://gateway.example" in ran.err
