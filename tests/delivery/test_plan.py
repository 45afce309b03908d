"""A plan shows what would happen, and touches nothing."""

from tests.delivery.conftest import SECRETS, Desk


def test_a_first_plan_creates_everything_without_a_secret_at_hand(desk: Desk) -> None:
    ran = desk.run("plan", "--env", "dev", "--markdown", str(desk.folder / "plan.md"), **dict.fromkeys(SECRETS, ""))
    assert ran.returncode == 0, ran.stderr
    assert "Plan of dev: 3 created" in ran.stdout
    page = (desk.folder / "plan.md").read_text(encoding="utf-8")
    assert page.splitlines()[0] == "### Plan of dev: 3 created"
    assert "| created | `terraform_data.app` |" in page
    assert desk.summary.strip() == page.strip()


def test_the_plan_file_is_for_its_owner_alone_while_it_is_there(desk: Desk) -> None:
    """It holds what the state holds."""
    program = desk.folder / "bin/terraform"
    real = program.readlink()
    program.unlink()
    note = f'case "$*" in *"show -json"*) stat -c %a {desk.out}/stacks/aigateway-dev/plan > {desk.folder}/mode ;; esac'
    program.write_text(f'#!/bin/sh\n{note}\nexec {real} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    ran = desk.run("plan", "--env", "dev")
    assert ran.returncode == 0, ran.stderr
    assert (desk.folder / "mode").read_text(encoding="utf-8") == "600\n"


def test_a_plan_writes_no_state_takes_no_lock_and_leaves_no_plan_behind(desk: Desk) -> None:
    desk.state.locks["dev"] = b'{"ID": "somebody"}'
    assert desk.run("plan", "--env", "dev").returncode == 0
    assert set(desk.state.requests) == {"GET"}
    assert not (desk.out / "stacks/aigateway-dev/plan").exists()


def test_after_a_deployment_there_is_nothing_to_do(desk: Desk, deployed: bytes) -> None:
    desk.state.contents["dev"] = deployed
    ran = desk.run("plan", "--env", "dev")
    assert (ran.returncode, ran.stdout.strip()) == (0, "Plan of dev: no changes")


def test_without_a_refresh_it_says_what_it_does_not_see(desk: Desk, deployed: bytes) -> None:
    desk.state.contents["dev"] = deployed
    ran = desk.run("plan", "--env", "dev", "--no-refresh")
    assert ran.returncode == 0, ran.stderr
    note = "Compared with the state; what somebody changed in Azure by hand is the drift check's to tell."
    assert ran.stdout.splitlines() == ["Plan of dev: no changes", note]
    assert desk.summary.strip() == f"### Plan of dev: no changes\n\n{note}"


def test_outputs_alone_are_no_change(desk: Desk, deployed: bytes) -> None:
    desk.state.contents["dev"] = deployed
    desk.scene["outputs"] = {"image": "another"}
    assert desk.run("plan", "--env", "dev").stdout.strip() == "Plan of dev: no changes"


def test_what_is_lost_stands_above_what_is_new_and_is_warned_of(desk: Desk, deployed: bytes) -> None:
    desk.state.contents["dev"] = deployed
    desk.scene["resources"] = {
        "app": {"input": "two"},
        "vault": {"input": "v", "triggers_replace": "x"},
        "new": {"input": "n"},
    }
    ran = desk.run("plan", "--env", "dev")
    assert ran.returncode == 0, ran.stderr
    rows = [line.split("│")[1:4] for line in ran.stdout.splitlines() if "terraform_data" in line and "│" in line]
    assert [(action.strip(), resource.strip()) for action, resource, _ in rows] == [
        ("destroyed", "terraform_data.logs"),
        ("replaced", "terraform_data.vault"),
        ("changed", "terraform_data.app"),
        ("created", "terraform_data.new"),
    ]
    assert "because of triggers_replace" in rows[1][2]
    assert 'input: "one" → "two"' in rows[2][2]
    assert "WARNING: terraform_data.logs goes." in ran.stdout
    assert desk.summary.count("> [!WARNING]") == 2


def test_an_environment_that_fails_does_not_hide_the_others(desk: Desk) -> None:
    desk.scene["envs"] = ["dev", "prod", "staging"]
    desk.state.broken.add("staging")
    ran = desk.run("plan", "--all")
    assert ran.returncode == 1
    assert "The plan of staging failed." in ran.stderr
    titles = [line for line in desk.summary.splitlines() if line.startswith("#")]
    assert titles == ["### Plan of dev: 3 created", "### Plan of staging: failed", "### Plan of prod: 3 created"]


def test_a_state_that_cannot_be_reached_is_told_with_terraforms_own_words(desk: Desk) -> None:
    desk.state.url = "http://127.0.0.1:9"
    ran = desk.run("plan", "--env", "dev")
    assert ran.returncode == 1
    assert "A service cannot be reached: check the network." in ran.stderr
    assert "connection refused" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_an_unknown_environment_is_a_mistake_with_the_names_that_there_are(desk: Desk) -> None:
    ran = desk.run("plan", "--env", "tset")
    assert ran.returncode == 2
    assert "There is no environment 'tset'; there are dev." in ran.stderr
