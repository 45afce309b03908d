"""A deployment, from what it needs to what it tells."""

import os
import pty
import re

import pytest

from tests.delivery.conftest import Desk

YES = ("--env", "dev", "--yes")
NEW = {"app": {"input": "two"}, "vault": {"input": "v"}, "logs": {"input": "l"}}


def test_it_deploys_and_tells_what_it_deployed(desk: Desk) -> None:
    ran = desk.run("deploy", *YES, "--no-smoke")
    assert ran.returncode == 0, ran.stderr
    assert set(desk.state.resources()) == {"app", "vault", "logs"}
    assert not desk.state.locks
    assert "Plan of dev: 3 created" in ran.stdout
    assert "dev: http://127.0.0.1:9/v1\nrevision: aigateway--one\nimage: litellm@sha256:0123" in ran.stdout
    assert "terraform_data.app: Creation complete" in ran.stderr


def test_the_page_of_the_run_has_address_revision_image_and_plan(desk: Desk) -> None:
    desk.run("deploy", *YES, "--no-smoke", GITHUB_ACTIONS="true", CI="true")
    assert desk.summary.splitlines()[:9] == [
        "### Deployment of dev",
        "",
        "| | |",
        "|---|---|",
        "| URL | `http://127.0.0.1:9/v1` |",
        "| revision | `aigateway--one` |",
        "| image | `litellm@sha256:0123` |",
        "| smoke test | `not run: --no-smoke` |",
        "",
    ]
    assert "### Plan of dev: 3 created" in desk.summary


def test_where_nothing_changes_nothing_is_deployed_and_nobody_asked(desk: Desk, deployed: bytes) -> None:
    desk.state.contents["dev"] = deployed
    ran = desk.run("deploy", "--env", "dev", "--no-smoke")
    assert ran.returncode == 0, ran.stderr
    assert set(desk.state.requests) == {"GET"}
    assert "revision: aigateway--one" in ran.stdout


def test_a_changed_output_is_deployed(desk: Desk, deployed: bytes) -> None:
    desk.state.contents["dev"] = deployed
    desk.scene["outputs"] = {"image": "litellm@sha256:4567"}
    ran = desk.run("deploy", *YES, "--no-smoke")
    assert "image: litellm@sha256:4567" in ran.stdout


@pytest.mark.parametrize("empty", ["", " "])
def test_a_missing_key_of_azure_is_named_before_anything_is_asked_of_azure(desk: Desk, empty: str) -> None:
    ran = desk.run("deploy", *YES, TF_VAR_azure_openai_api_key=empty)
    assert ran.returncode == 2
    assert "TF_VAR_azure_openai_api_key is not set." in ran.stderr
    assert desk.state.requests == []


@pytest.mark.parametrize("empty", ["", " "])
def test_a_missing_key_of_clients_is_named_before_anything_is_made(desk: Desk, empty: str) -> None:
    ran = desk.run("deploy", *YES, TF_VAR_gateway_key=empty)
    assert ran.returncode == 2
    assert "TF_VAR_gateway_key is not set." in ran.stderr
    assert "the secret AIGATEWAY_KEY of the environment dev, and in the job dev of .github/workflows/deploy.yml" in (
        ran.stderr
    )
    assert "\n  TF_VAR_gateway_key: ${{ secrets.AIGATEWAY_KEY }}\n" in ran.stderr
    assert "_secondary" not in ran.stderr
    assert not desk.state.contents


def test_a_state_in_another_place_than_the_bootstrap_made_is_refused(desk: Desk) -> None:
    right = {"TFSTATE_RESOURCE_GROUP": "pvc-dev-aigateway-tfrg-san", "TFSTATE_CONTAINER": "tfstate"}
    ran = desk.run("deploy", *YES, TFSTATE_STORAGE_ACCOUNT="pvcdevoldstsan", **right)
    assert ran.returncode == 2
    assert "TFSTATE_STORAGE_ACCOUNT is pvcdevoldstsan" in ran.stderr
    assert "pvcdevaigatewaystsan" in ran.stderr
    assert "TFSTATE_CONTAINER" not in ran.stderr
    assert desk.state.requests == []


def test_without_a_terminal_and_without_yes_nothing_is_deployed(desk: Desk) -> None:
    ran = desk.run("deploy", "--env", "dev")
    assert ran.returncode == 2
    assert "--yes" in ran.stderr
    assert not desk.state.contents


@pytest.mark.parametrize(("answer", "code", "deployed"), [("yes", 0, True), ("y", 1, False)])
def test_a_person_is_asked_after_the_plan(desk: Desk, answer: str, code: int, *, deployed: bool) -> None:
    ours, theirs = pty.openpty()
    with desk.start("deploy", "--env", "dev", "--no-smoke", stdin=theirs) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        stdout, stderr = process.communicate()
    os.close(ours)
    assert process.returncode == code, stderr
    assert stdout.index("Plan of dev") < stdout.index("Deploy dev?")
    assert bool(desk.state.contents) is deployed


def test_a_failure_on_the_way_is_explained_and_what_was_done_is_kept(desk: Desk) -> None:
    broken = {"local-exec": {"command": "echo ForbiddenByRbac; exit 3"}}
    desk.scene["resources"]["vault"] = {"input": "v", "depends_on": ["terraform_data.app"], "provisioner": [broken]}
    ran = desk.run("deploy", *YES)
    assert ran.returncode == 1
    assert "The deployment of dev failed." in ran.stderr
    assert "The Key Vault refuses: a role is not in effect yet." in ran.stderr
    assert "run the same command again" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert desk.summary.startswith("### Deployment of dev: failed\n")
    assert "The Key Vault refuses: a role is not in effect yet." in desk.summary
    assert "app" in desk.state.resources()
    assert not desk.state.locks
    del desk.scene["resources"]["vault"]["provisioner"]
    again = desk.run("deploy", *YES, "--no-smoke")
    assert again.returncode == 0, again.stderr
    assert "because of its creation failed before" in again.stdout


def test_a_locked_state_is_explained_and_stays_locked(desk: Desk) -> None:
    lock = b'{"ID": "0b1f6471", "Operation": "OperationTypeApply", "Who": "somebody@elsewhere", "Path": ""}'
    desk.state.locks["dev"] = lock
    ran = desk.run("deploy", *YES)
    assert ran.returncode == 1
    assert "The state is locked: another deployment of this environment is at work" in ran.stderr
    assert "somebody@elsewhere" in ran.stderr
    assert desk.state.locks["dev"] == lock
    assert not desk.state.contents


WARNING = "WARNING: dev, alpha, prod get the same TF_VAR_... values."


def test_several_environments_are_deployed_dev_first_and_prod_last_with_a_warning(desk: Desk) -> None:
    desk.scene["envs"] = ["dev", "prod", "alpha"]
    ran = desk.run("deploy", "--all", "--yes", "--no-smoke")
    assert ran.returncode == 0, ran.stderr
    assert re.findall(r"^(\w+): http", ran.stdout, re.MULTILINE) == ["dev", "alpha", "prod"]
    assert set(desk.state.contents) == {"dev", "alpha", "prod"}
    assert -1 < ran.stderr.find(WARNING) < ran.stderr.index("Plan of dev")


def test_one_environment_is_warned_of_nothing(desk: Desk) -> None:
    ran = desk.run("deploy", "--all", "--yes", "--no-smoke")
    assert ran.returncode == 0, ran.stderr
    assert "WARNING" not in ran.stderr
