"""Back to an earlier revision of a stand-in app; the smoke test afterwards meets the real gateway."""

import os
import pty
import subprocess
import sys

import pytest

from local.runner.session import Session
from tests.cloud.az.containerapp import app, revision
from tests.cloud.az.keyvault import version
from tests.cloud.stand_ins import ROOT, Cloud, Ran

APP, GROUP, VAULT = "pvc-dev-aigateway-ca-san", "pvc-dev-aigateway-rg-san", "pvc-dev-aigateway-kv-san"
FIRST, SECOND, BROKEN, NOW = (f"{APP}--{number}" for number in ("1", "2", "3", "4"))
QUICK = ("--wait-s", "60", "--every-s", "0.2", "--skip-synth")


@pytest.fixture
def deployed(cloud: Cloud) -> Cloud:
    """Four deployments, of which the third never came up; a rollback takes a second."""
    revisions = [
        revision(NOW, "2026-11-20", active=True),
        revision(FIRST, "2026-11-01"),
        revision(BROKEN, "2026-11-15", provisioning="Failed"),
        revision(SECOND, "2026-11-10"),
    ]
    with cloud.scene() as azure:
        azure["container_apps"][APP] = app(APP, GROUP, fqdn="gateway.example", revisions=revisions, takes_s=1.0)
        azure["vaults"][VAULT] = {"gateway-key": [version("the-key")]}
    return cloud


def rollback(cloud: Cloud, *words: str, stdin: str = "") -> Ran:
    """Without a smoke test, which the tests of the smoke test are for."""
    return cloud.run("scripts/rollback.py", "--env", "dev", "--no-smoke", *QUICK, *words, stdin=stdin)


def activated(cloud: Cloud) -> list[str]:
    """The revisions that were activated."""
    return [call.words[call.words.index("--revision") + 1] for call in cloud.changes("az")]


def test_the_newest_before_the_active_one_that_once_came_up_takes_over(deployed: Cloud) -> None:
    with deployed.scene() as azure:
        azure["container_apps"][APP]["takes_s"] = 5.0  # so that a slow machine sees it on its way, too
    ran = rollback(deployed, "--yes")
    assert ran.code == 0, ran.err
    assert activated(deployed) == [SECOND]
    assert f"{SECOND}: Provisioned, Processing, 0% of the traffic" in ran.err  # it was waited for
    assert f"{SECOND} is what clients meet now." in ran.err
    assert f"python3 scripts/rollback.py --env dev --revision {NOW}" in ran.err


def test_the_table_shows_what_is_active_and_what_will_be(deployed: Cloud) -> None:
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
    assert ["<- this one" in row for row in rows] == [False, False, True, False]
    assert f"would run: az containerapp revision activate --revision {SECOND}" in ran.err
    assert deployed.changes() == []


def test_once_more_goes_one_further_back(deployed: Cloud) -> None:
    assert rollback(deployed, "--yes").code == 0
    assert rollback(deployed, "--yes").code == 0
    assert activated(deployed) == [SECOND, FIRST]
    ran = rollback(deployed, "--yes")
    assert ran.code == 1
    assert "There is nothing to go back to" in ran.err


def test_a_named_revision_is_activated_also_a_newer_one(deployed: Cloud) -> None:
    assert rollback(deployed, "--yes", "--revision", FIRST).code == 0
    assert rollback(deployed, "--yes", "--revision", NOW).code == 0
    assert activated(deployed) == [FIRST, NOW]


def test_an_active_revision_stays_as_it_is(deployed: Cloud) -> None:
    ran = rollback(deployed, "--revision", NOW)
    assert (ran.code, deployed.changes()) == (0, [])
    assert f"{NOW} is active already." in ran.err


def test_an_unknown_revision_is_told_with_those_that_are_there(deployed: Cloud) -> None:
    ran = rollback(deployed, "--revision", "nope")
    assert ran.code == 2
    assert ran.err.endswith(f"There is no revision nope; there are {NOW}, {BROKEN}, {SECOND}, {FIRST}.\n")


def test_where_nobody_can_be_asked_nothing_is_changed(deployed: Cloud) -> None:
    ran = rollback(deployed)
    assert (ran.code, deployed.changes()) == (2, [])
    assert "Nobody is there to ask: --yes says it beforehand." in ran.err


@pytest.mark.parametrize(("answer", "code", "wanted"), [("yes", 0, [SECOND]), ("y", 1, []), ("", 1, [])])
def test_a_person_is_asked(deployed: Cloud, answer: str, code: int, wanted: list[str]) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    ran = subprocess.run(
        [sys.executable, "scripts/rollback.py", "--env", "dev", "--no-smoke", *QUICK],
        cwd=ROOT,
        env=deployed.environ,
        stdin=theirs,
        capture_output=True,
        text=True,
    )
    os.close(ours)
    os.close(theirs)
    assert ran.returncode == code, ran.stderr
    assert f"Activate {SECOND} in dev? Only `yes` does it: " in ran.stdout + ran.stderr
    assert activated(deployed) == wanted


def test_one_that_does_not_come_up_is_told_within_bounds(deployed: Cloud) -> None:
    with deployed.scene() as azure:
        azure["container_apps"][APP]["takes_s"] = -1
    ran = rollback(deployed, "--yes", "--wait-s", "1")
    assert ran.code == 1
    assert f"It does not take over. {SECOND}: Provisioned, Processing, 0% of the traffic" in ran.err


def test_a_revision_with_which_another_one_shares_the_traffic_has_not_taken_over(deployed: Cloud) -> None:
    with deployed.scene() as azure:
        now, *_, second = azure["container_apps"][APP]["revisions"]
        now["properties"]["trafficWeight"] = 80
        second["properties"] |= {"active": True, "trafficWeight": 20, "runningState": "Running"}
    ran = rollback(deployed, "--revision", NOW, "--wait-s", "1")
    assert ran.code == 1
    assert f"It does not take over. {NOW}: Provisioned, Running, 80% of the traffic" in ran.err


def test_what_clients_meet_is_the_one_with_the_traffic_not_the_newest(deployed: Cloud) -> None:
    with deployed.scene() as azure:
        now, _, third, second = azure["container_apps"][APP]["revisions"]
        now["properties"] |= {"trafficWeight": 0, "runningState": "Processing"}
        third["properties"]["provisioningState"] = "Provisioned"
        second["properties"] |= {"active": True, "trafficWeight": 100, "runningState": "Running"}
    assert rollback(deployed, "--yes").code == 0
    assert activated(deployed) == [FIRST]


def test_a_first_deployment_has_nothing_to_go_back_to(deployed: Cloud) -> None:
    with deployed.scene() as azure:
        azure["container_apps"][APP]["revisions"] = [revision(NOW, "2026-11-20", active=True)]
    ran = rollback(deployed, "--yes")
    assert ran.code == 1
    assert ran.err.endswith("the app keeps no earlier revision that once came up.\n")


def test_an_environment_that_is_not_deployed_is_told(cloud: Cloud) -> None:
    ran = rollback(cloud, "--yes")
    assert ran.code == 1
    assert ran.err == f"There is no {APP} in {GROUP}: dev is not deployed yet.\n"


def test_the_smoke_test_runs_with_the_key_of_the_vault(deployed: Cloud, session: Session) -> None:
    with deployed.scene() as azure:
        azure["vaults"][VAULT]["gateway-key"].append(version(session.key))
    words = ("--env", "dev", "--yes", "--base-url", session.base_url)
    ran = deployed.run("scripts/rollback.py", *words, *QUICK)
    assert ran.code == 0, ran.out + ran.err
    assert session.key not in ran.out + ran.err
    with deployed.scene() as azure:
        azure["vaults"][VAULT]["gateway-key"].append(version("not-the-gateways-key"))
    wrong = deployed.run("scripts/rollback.py", *words, *QUICK)
    assert wrong.code == 1
    assert "The smoke test of dev failed on this revision, too." in wrong.err


def test_a_gateway_that_answers_inside_alone_is_left_to_a_test_from_inside(deployed: Cloud) -> None:
    internal = {"AIGATEWAY_INGRESS__EXTERNAL": "false"}
    ran = deployed.run("scripts/rollback.py", "--env", "dev", "--yes", *QUICK, env=internal)
    assert ran.code == 0, ran.out + ran.err
    assert "No smoke test: dev answers inside its virtual network alone." in ran.err
    assert "python3 scripts/smoke.py --env dev --base-url https://gateway.example" in ran.err
