"""A plan shows what would happen, and changes nothing."""

import pytest

from scripts.terraform.cdktf import PLACEHOLDER
from tests.delivery.stand_ins import SECRETS, UPDATED_APP, Delivery, change

CHANGES = [
    change("azurerm_resource_group.new", "create", after={}),
    UPDATED_APP,
    change("azurerm_key_vault.gateway", "delete", "create", before={}, after={}, replace_paths=[["name"]]),
    change("azurerm_log_analytics_workspace.gateway", "delete", before={}),
]
CHANGES[2]["change"]["replace_paths"] = [["name"]]
NO_STATE = (
    "Error: Error loading state: failed to lock azure state: unexpected status 403 with AuthorizationPermissionMismatch"
)


def test_it_needs_no_secret_and_takes_no_lock(delivery: Delivery) -> None:
    ran = delivery.run("plan", "--env", "dev", **dict.fromkeys(SECRETS, ""))
    assert ran.code == 0, ran.err
    assert delivery.calls() == ["diff dev -lock=false"]
    assert " ".join(delivery.keys("diff")) == f"{PLACEHOLDER} {PLACEHOLDER}"


def test_the_plan_file_is_private_and_is_removed(delivery: Delivery) -> None:
    """It contains what the state contains."""
    assert delivery.run("plan", "--env", "dev").code == 0
    assert (delivery.folder("dev") / "plan.mode").read_text(encoding="utf-8") == "600\n"
    assert not (delivery.folder("dev") / "plan").exists()


def test_the_most_dangerous_change_comes_first_with_a_warning(delivery: Delivery) -> None:
    delivery.plans(*CHANGES)
    ran = delivery.run("plan", "--env", "dev", "--markdown", str(delivery.markdown))
    assert ran.code == 0, ran.err
    assert "Plan for dev: 1 to destroy, 1 to replace, 1 to update, 1 to create" in ran.out
    rows = [[cell.strip() for cell in line.split("│")[1:4]] for line in ran.out.splitlines() if "azurerm_" in line]
    assert rows == [
        ["destroy", "azurerm_log_analytics_workspace.gateway", ""],
        ["replace", "azurerm_key_vault.gateway", "forces replacement: name"],
        ["update", "azurerm_container_app.gateway", 'image: "one" → "two"'],
        ["create", "azurerm_resource_group.new", ""],
    ]
    assert ran.out.index("azurerm_resource_group") < ran.out.index("WARNING: Deletes the logs.")
    page = delivery.markdown.read_text(encoding="utf-8")
    assert page.splitlines()[0] == "### Plan for dev: 1 to destroy, 1 to replace, 1 to update, 1 to create"
    assert page.count("> [!WARNING]") == 2
    assert '| update | `azurerm_container_app.gateway` | `image: "one" → "two"` |' in page
    assert delivery.summary.strip() == page.strip()
    digest = page.splitlines()[-1].strip("`").rpartition("`")[2]
    assert f"Digest of these changes: {digest}" in ran.out


def test_without_a_refresh_it_says_what_it_does_not_see(delivery: Delivery) -> None:
    delivery.plans()
    ran = delivery.run("plan", "--env", "dev", "--no-refresh")
    assert ran.code == 0, ran.err
    assert delivery.calls() == ["diff dev -lock=false -refresh=false"]
    note = "Compared with the Terraform state only. The drift check finds manual changes in Azure."
    assert ran.out.splitlines() == ["Plan for dev: no changes", note]
    assert delivery.summary.strip() == f"### Plan for dev: no changes\n\n{note}"


def test_flags_of_the_caller_are_kept(delivery: Delivery) -> None:
    assert delivery.run("plan", "--env", "dev", TF_CLI_ARGS_plan="-parallelism=1").code == 0
    assert delivery.calls() == ["diff dev -parallelism=1 -lock=false"]


@pytest.mark.parametrize("options", [[], ["--no-refresh"]])
def test_without_a_state_everything_is_to_create(delivery: Delivery, options: list[str]) -> None:
    delivery.fails("diff", NO_STATE)
    ran = delivery.run("plan", "--env", "dev", *options)
    assert ran.code == 0, ran.err
    assert "dev has no Terraform state yet" in ran.err
    assert "│ create │ azurerm_container_app.gateway" in ran.out
    assert "to create" in delivery.summary.splitlines()[0]


def test_who_deploys_needs_the_state(delivery: Delivery) -> None:
    delivery.fails("diff", NO_STATE)
    ran = delivery.run("deploy", "--env", "dev", "--yes")
    assert ran.code == 1
    assert "No permission to read the state." in ran.err


def test_an_environment_that_fails_does_not_hide_the_others(delivery: Delivery) -> None:
    delivery.fails("diff", "Error: broken", env="staging")
    ran = delivery.run("plan", "--all")
    assert ran.code == 1
    assert "The plan for staging failed.\n\nError: broken" in ran.err
    assert [line for line in delivery.summary.splitlines() if line.startswith("#")] == [
        "### Plan for dev: 1 to update",
        "### Plan for staging: failed",
        "### Plan for prod: 1 to update",
    ]


def test_a_plan_that_cannot_be_shown_is_explained(delivery: Delivery) -> None:
    delivery.terraform.write_text(
        delivery.terraform.read_text(encoding="utf-8").replace("*show*)", "*show*) echo Error: no plan >&2; exit 1;")
    )
    ran = delivery.run("plan", "--env", "dev")
    assert (ran.code, ran.err.splitlines()[-1]) == (1, "Error: no plan")


@pytest.mark.parametrize("script", ["plan", "deploy"])
def test_an_unknown_environment_is_refused_with_the_names_of_all(delivery: Delivery, script: str) -> None:
    delivery.terraform.unlink()
    ran = delivery.run(script, "--env", "tset")
    assert ran.code == 2
    assert ran.err.endswith("There is no environment 'tset'; there are dev, prod, staging.\n")
