"""The real cdktf CLI and the real Terraform, with scripts as processes: the whole way once, and interruptions."""

import os
import pty
import signal
import subprocess
from typing import IO

import pytest

from local.runner.session import Session
from tests.cloud import store
from tests.cloud.az.containerapp import app, revision
from tests.cloud.az.keyvault import version
from tests.cloud.fixtures import Cloud
from tests.delivery.checkout import Checkout
from tests.delivery.stand_ins import APP, GROUP, SECRETS, VAULT

SLOW = {"input": "s", "provisioner": [{"local-exec": {"command": "sleep 60"}}]}
PROVISIONING = "terraform_data.slow: Provisioning"
UNTESTED = ("--env", "dev", "--yes", "--no-smoke")


def test_from_a_first_deployment_to_a_rollback(checkout: Checkout, cloud: Cloud, session: Session) -> None:
    """What each script prints in each case is held by the other tests; this holds that they fit the real tools."""
    (checkout.folder / "bin/az").symlink_to(cloud.bin / "az")
    checkout.environ[store.FOLDER] = str(cloud.folder)
    revisions = [revision(f"{APP}--1", "2026-11-01", active=True)]
    with cloud.edit() as azure:
        azure["container_apps"][APP] = app(APP, GROUP, fqdn="gateway.example", revisions=revisions)
        azure["vaults"][VAULT] = {"gateway-key": [version(session.key)]}

    checkout.scene["outputs"]["openai_base_url"] = session.base_url
    ours, theirs = pty.openpty()
    os.write(ours, b"yes\n")
    with checkout.start("deploy", "--env", "dev", stdin=theirs, TF_VAR_gateway_key=session.key) as process:
        stdout, stderr = process.communicate()
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, stderr
    assert "Plan for dev: 3 to create" in stdout
    assert set(checkout.state.resources()) == {"app", "vault", "logs"}
    assert not checkout.state.locks
    assert "terraform_data.app: Creation complete" in stderr
    assert f"dev: {session.base_url}\nrevision: {APP}--1\nimage: litellm@sha256:0123" in stdout
    assert "| smoke test | `passed` |" in checkout.summary
    assert session.key not in stdout + stderr + checkout.summary

    checkout.state.requests.clear()
    planned = checkout.run("plan", "--env", "dev", **dict.fromkeys(SECRETS, ""))
    assert (planned.returncode, planned.stdout.strip()) == (0, "Plan for dev: no changes"), planned.stderr
    assert set(checkout.state.requests) == {"GET"}
    assert not (checkout.out / "stacks/aigateway-dev/plan").exists()

    with cloud.edit() as azure:
        revisions = [revision(f"{APP}--1", "2026-11-01"), revision(f"{APP}--2", "2026-11-20", active=True)]
        azure["container_apps"][APP]["revisions"] = revisions
    checkout.scene["resources"] = {
        "app": {"input": "two"},
        "vault": {"input": "v", "triggers_replace": "x"},
        "new": {"input": "n"},
    }
    second = checkout.run("deploy", *UNTESTED)
    assert second.returncode == 0, second.stderr
    rows = [[cell.strip() for cell in line.split("│")[1:4]] for line in second.stdout.splitlines() if "│" in line]
    rows = [row for row in rows if row[1]]  # a long row continues in the next line
    assert [(action, resource) for action, resource, _ in rows] == [
        ("destroy", "terraform_data.logs"),
        ("replace", "terraform_data.vault"),
        ("update", "terraform_data.app"),
        ("create", "terraform_data.new"),
    ]
    assert rows[1][2] == "forces replacement: triggers_replace"
    assert rows[2][2] == 'input: "one" → "two"'
    assert f"revision: {APP}--2" in second.stdout

    words = ("--env", "dev", "--yes", "--skip-synth", "--every-s", "0.1", "--base-url", session.base_url)
    back = cloud.run("scripts/rollback.py", *words)
    assert back.code == 0, back.out + back.err
    assert f"{APP}--1 is active and gets all traffic." in back.err
    assert "embeddings" in back.out


@pytest.mark.parametrize(
    ("sent", "code", "times"),
    [
        (signal.SIGINT, 130, 2),
        pytest.param(signal.SIGINT, 130, 1, marks=pytest.mark.full),
        (signal.SIGTERM, 143, 1),
        pytest.param(signal.SIGHUP, 129, 1, marks=pytest.mark.full),
    ],
)
def test_an_interrupted_deployment_writes_its_state_and_releases_its_lock(
    checkout: Checkout, sent: signal.Signals, code: int, times: int
) -> None:
    checkout.state.write_delay_s = 0.5
    checkout.scene["resources"]["slow"] = SLOW
    with checkout.start("deploy", *UNTESTED) as process:
        wait_for_line(process, PROVISIONING)
        for line in ("Interrupting:", "Still waiting for Terraform")[:times]:
            os.killpg(process.pid, sent)
            wait_for_line(process, line)
        stderr, stdout = rest(process.stderr), rest(process.stdout)
    assert process.returncode == code, stderr
    assert "its lock is released" in stderr
    assert not checkout.state.locks
    assert set(checkout.state.resources()) >= {"app", "slow"}
    assert checkout.state.resources()["slow"]["status"] == "tainted"
    assert checkout.state.requests[-1] == "UNLOCK"
    checkout.check_no_secret(stdout, stderr)


@pytest.mark.full
def test_a_destruction_empties_the_state_without_a_secret(checkout: Checkout) -> None:
    """The script around it needs Azure; this is what it starts."""
    assert checkout.run("deploy", *UNTESTED).returncode == 0
    call = "from scripts.terraform import apply, destruction, stacks; stack = stacks.load('dev'); {}"
    plan = "plan = destruction.plan_destruction(stack).plan; print(plan.title)"
    without = {name: value for name, value in checkout.environ.items() if name not in SECRETS}
    printed = []
    for words in (plan, "apply.destroy(stack)", plan):
        command = [str(checkout.clone / ".venv/bin/python"), "-c", call.format(words)]
        environ = {**without, "CDKTF_OUTDIR": str(checkout.out)}
        ran = subprocess.run(command, cwd=checkout.clone, env=environ, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        printed.append(ran.stdout.strip())
    assert printed == ["Plan for dev: 3 to destroy", "", "Plan for dev: no changes"]
    assert checkout.state.resources() == {}
    assert not checkout.state.locks


@pytest.mark.full
def test_a_plan_that_changed_between_approval_and_apply_is_not_applied(checkout: Checkout) -> None:
    def deploy(app: str, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
        checkout.scene["resources"]["app"] = {"input": app}
        return checkout.run("deploy", *UNTESTED, *options, **environ)

    def deployed() -> str:
        found: str = checkout.state.resources()["app"]["attributes"]["input"]["value"]
        return found

    deploy("one")
    checkout.scene["resources"]["app"] = {"input": "two"}
    output = checkout.folder / "output"
    planned = checkout.run("plan", "--env", "dev", GITHUB_OUTPUT=str(output))
    assert 'input: "one" → "two"' in planned.stdout
    reviewed = ("--expect-digest", output.read_text(encoding="utf-8").splitlines()[0].removeprefix("digest="))

    deploy("somebody else's")
    refused = deploy("two", *reviewed, REVIEWED_PLAN="### The text of the review")
    assert refused.returncode == 3, refused.stderr
    assert "its plan is no longer the one that was reviewed" in refused.stderr
    assert "somebody else's" in refused.stdout
    assert "### The text of the review" in refused.stdout
    assert deployed() == "somebody else's"

    deploy("one")
    assert deploy("two", *reviewed).returncode == 0
    assert deployed() == "two"


@pytest.mark.full
def test_the_next_deployment_continues_after_a_failure(checkout: Checkout) -> None:
    broken = {"local-exec": {"command": "echo ForbiddenByRbac; exit 3"}}
    checkout.scene["resources"]["vault"] = {"input": "v", "depends_on": ["terraform_data.app"], "provisioner": [broken]}
    ran = checkout.run("deploy", *UNTESTED)
    assert ran.returncode == 1
    assert "The Key Vault refuses" in ran.stderr
    assert "app" in checkout.state.resources()
    assert not checkout.state.locks
    del checkout.scene["resources"]["vault"]["provisioner"]
    again = checkout.run("deploy", *UNTESTED)
    assert again.returncode == 0, again.stderr
    assert "forces replacement: tainted: its creation failed" in again.stdout


@pytest.mark.full
def test_an_interruption_before_terraform_applies_changes_nothing(checkout: Checkout) -> None:
    with checkout.start("deploy", *UNTESTED) as process:
        checkout.state.wait_for("LOCK")
        os.killpg(process.pid, signal.SIGINT)
        stderr = process.communicate()[1]
    assert process.returncode == 130, stderr
    assert not checkout.state.locks


@pytest.mark.full
def test_a_lock_that_stays_is_not_called_released(checkout: Checkout) -> None:
    checkout.scene["resources"]["slow"] = SLOW
    checkout.state.cannot_unlock = True
    with checkout.start("deploy", *UNTESTED) as process:
        wait_for_line(process, PROVISIONING)
        os.killpg(process.pid, signal.SIGINT)
        stderr = rest(process.stderr)
    assert process.returncode == 130, stderr
    assert "Terraform could not clean up: Error releasing the state lock" in stderr
    assert "is released" not in stderr


@pytest.mark.full
def test_an_interrupted_plan_leaves_nothing_behind(checkout: Checkout) -> None:
    checkout.state.read_delay_s = 5.0  # so that it cannot be over before it is interrupted
    with checkout.start("plan", "--env", "dev") as process:
        checkout.state.wait_for("GET")
        os.killpg(process.pid, signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    assert not checkout.state.locks
    assert not (checkout.out / "stacks/aigateway-dev/plan").exists()


def test_a_locked_state_is_explained_and_stays_locked(checkout: Checkout) -> None:
    lock = b'{"ID": "0b1f6471", "Operation": "OperationTypeApply", "Who": "somebody@elsewhere", "Path": ""}'
    checkout.state.locks["dev"] = lock
    ran = checkout.run("deploy", *UNTESTED)
    assert ran.returncode == 1
    assert "The state is locked: another deployment of this environment is at work" in ran.stderr
    assert "somebody@elsewhere" in ran.stderr
    assert checkout.state.locks["dev"] == lock
    assert not checkout.state.contents


@pytest.mark.full
def test_a_state_that_cannot_be_reached_is_explained(checkout: Checkout) -> None:
    checkout.state.url = "http://127.0.0.1:9"
    ran = checkout.run("plan", "--env", "dev")
    assert ran.returncode == 1
    assert "A service cannot be reached." in ran.stderr
    assert "connection refused" in ran.stderr


def wait_for_line(process: subprocess.Popen[str], text: str) -> None:
    """Until the script prints it."""
    assert any(text in line for line in process.stderr or ()), f"It ended without {text!r}"


def rest(stream: IO[str] | None) -> str:
    """What comes after the lines that were waited for; `communicate` would lose what was read with the last of them."""
    assert stream
    return stream.read()
