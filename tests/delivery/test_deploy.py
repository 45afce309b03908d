"""A deployment, from the inputs that it needs to the summary that it writes."""

import json
import re
from functools import partial
from typing import Any

import pytest

from scripts.azure.smoke_testing import Smoke
from scripts.cli import settings
from scripts.terraform import deployment
from scripts.terraform.apply import interruption_message
from settings.loading import load_environments
from tests import fixed_environments
from tests.cloud.az.containerapp import app, revision
from tests.cloud.az.keyvault import version
from tests.delivery import stand_ins
from tests.delivery.stand_ins import APP, GROUP, OUTPUTS, UPDATED_APP, VAULT, Delivery, change

DEV = ("--env", "dev", "--yes", "--no-smoke")
STORED_KEY = change(
    "azurerm_key_vault_secret.gateway_key",
    "no-op",
    before={"key_vault_id": f"/subscriptions/s/resourceGroups/r/providers/v/vaults/{VAULT}", "name": "gateway-key"},
)


@pytest.fixture(autouse=True)
def azure(delivery: Delivery) -> None:
    """As the deployment leaves it: the second revision is the latest."""
    revisions = [revision(f"{APP}--1", "2026-11-01"), revision(f"{APP}--2", "2026-11-20", active=True)]
    with delivery.cloud.edit() as azure:
        azure["container_apps"][APP] = app(APP, GROUP, fqdn="gateway.example", revisions=revisions)


class Smokes(list[dict[str, Any]]):
    """The smoke tests that were run, and how they end."""

    passed = True

    def __call__(self, env: str, **arguments: Any) -> Smoke:  # noqa: ANN401 - those of `smoke`
        self.append({"env": env, **arguments})
        return Smoke(passed=self.passed, words="passed" if self.passed else "FAILED", markdown="### Its report")


@pytest.fixture
def smokes(monkeypatch: pytest.MonkeyPatch) -> Smokes:
    smokes = Smokes()
    monkeypatch.setattr(deployment, "smoke", smokes)
    return smokes


def test_without_being_told_to_it_does_not_deploy_with_the_default_endpoint(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand_ins, "OPTIONS", {})
    monkeypatch.setattr(settings, "load_environments", partial(load_environments, fixed_environments.ENVIRONMENTS))
    ran = delivery.run("deploy", *DEV)
    assert ran.code == 2
    assert "No Azure OpenAI is named for dev: the repository's default would get prompts and keys." in ran.err
    assert delivery.calls() == []
    assert "WARNING: dev uses Azure OpenAI" not in ran.err  # nothing has begun

    named = delivery.run("deploy", *DEV, AIGATEWAY_AZURE_OPENAI__ENDPOINT="https://ours.openai.azure.com")
    assert named.code == 0, named.err
    assert "WARNING: dev uses Azure OpenAI" not in named.err


def test_a_plan_warns_of_the_default_endpoint(delivery: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "load_environments", partial(load_environments, fixed_environments.ENVIRONMENTS))
    ran = delivery.run("plan", "--env", "dev")
    assert ran.code == 0
    assert re.search(r"^WARNING: dev uses Azure OpenAI at .*, the default: .* names none$", ran.err, re.MULTILINE)


def test_it_deploys_and_prints_what_it_deployed(delivery: Delivery) -> None:
    ran = delivery.run("deploy", *DEV)
    assert ran.code == 0, ran.err
    assert delivery.calls() == ["diff dev -lock=false", "deploy dev"]
    assert "Plan for dev: 1 to update" in ran.out
    assert f"dev: http://127.0.0.1:9/v1\nrevision: {APP}--2\nimage: litellm@sha256:0123" in ran.out


def test_the_revision_is_the_new_one_although_the_output_of_terraform_is_one_behind(
    delivery: Delivery, smokes: Smokes
) -> None:
    delivery.outputs(revision=f"{APP}--1")
    smokes.passed = False
    ran = delivery.run("deploy", "--env", "dev", "--yes")
    assert ran.code == 1
    assert f"revision: {APP}--2" in ran.out
    assert f"| revision | `{APP}--2` |" in delivery.summary
    back = f"To roll back from {APP}--2 to the revision before it: `python3 scripts/rollback.py --env dev`"
    assert back in ran.err
    assert back in delivery.summary


def test_a_revision_that_cannot_be_read_is_no_failed_deployment(delivery: Delivery) -> None:
    delivery.cloud.fail("containerapp show", message="Please run 'az login' to setup account.")
    ran = delivery.run("deploy", *DEV)
    assert ran.code == 0
    assert "revision: unknown" in ran.out
    assert "Cannot read the revision from Azure." in ran.err
    assert "az login" in ran.err


def test_the_summary_has_the_deployment_then_the_smoke_test_then_the_plan(delivery: Delivery, smokes: Smokes) -> None:
    assert delivery.run("deploy", "--env", "dev", "--yes").code == 0
    lines = delivery.summary.splitlines()
    assert lines[:8] == [
        "### Deployment of dev",
        "",
        "| | |",
        "|---|---|",
        "| URL | `http://127.0.0.1:9/v1` |",
        f"| revision | `{APP}--2` |",
        "| image | `litellm@sha256:0123` |",
        "| smoke test | `passed` |",
    ]
    assert lines.index("### Its report") < lines.index("### Plan for dev: 1 to update")
    assert "rollback" not in delivery.summary
    assert smokes


def test_a_skipped_smoke_test_is_in_the_summary(delivery: Delivery, smokes: Smokes) -> None:
    assert delivery.run("deploy", *DEV).code == 0
    assert "| smoke test | `not run: --no-smoke` |" in delivery.summary
    assert not smokes


def test_without_changes_nothing_is_deployed_or_asked_and_the_gateway_is_tested(
    delivery: Delivery, smokes: Smokes
) -> None:
    delivery.plans()
    ran = delivery.run("deploy", "--env", "dev")
    assert ran.code == 0, ran.err
    assert delivery.calls() == ["diff dev -lock=false"]
    assert [smoke["base_url"] for smoke in smokes] == [OUTPUTS["openai_base_url"]]


def test_a_changed_output_alone_is_deployed(delivery: Delivery) -> None:
    delivery.plans(outputs={"image": {"actions": ["update"]}})
    ran = delivery.run("deploy", *DEV)
    assert ran.code == 0
    assert delivery.calls()[-1] == "deploy dev"
    for text in (ran.out, delivery.summary):
        assert "Plan for dev: no changes" in text
        assert "Outputs that change: image" in text


@pytest.mark.parametrize("changes", [[UPDATED_APP | {"type": "azurerm_key_vault"}], []])
def test_without_a_new_revision_there_is_nothing_to_roll_back(
    delivery: Delivery, smokes: Smokes, changes: list[dict[str, Any]]
) -> None:
    delivery.plans(*changes)
    smokes.passed = False
    ran = delivery.run("deploy", "--env", "dev", "--yes")
    assert ran.code == 1
    assert "dev is deployed, but the smoke test failed. It created no new revision to roll back from" in ran.err
    assert "| smoke test | `FAILED` |" in delivery.summary
    assert "rollback.py" not in ran.err + delivery.summary


@pytest.mark.parametrize("action", ["create", "delete,create"])
def test_an_app_that_is_new_has_no_earlier_revision(delivery: Delivery, smokes: Smokes, action: str) -> None:
    delivery.plans(change("azurerm_container_app.gateway", *action.split(",")))
    smokes.passed = False
    assert "rollback.py" not in delivery.run("deploy", "--env", "dev", "--yes").err


@pytest.mark.parametrize("empty", ["", " "])
def test_a_missing_azure_key_is_reported_before_anything_is_planned(delivery: Delivery, empty: str) -> None:
    ran = delivery.run("deploy", *DEV, TF_VAR_azure_openai_api_key=empty)
    assert ran.code == 2
    assert "TF_VAR_azure_openai_api_key is not set." in ran.err
    assert delivery.calls() == []


@pytest.mark.parametrize("empty", ["", " "])
def test_a_missing_client_key_is_reported_before_anything_is_deployed(delivery: Delivery, empty: str) -> None:
    ran = delivery.run("deploy", *DEV, TF_VAR_gateway_key=empty)
    assert ran.code == 2
    assert "TF_VAR_gateway_key is not set." in ran.err
    assert (
        "the secret AIGATEWAY_KEY of the environment dev, and add to the job dev of .github/workflows/deploy.yml\n"
        in (ran.err)
    )
    assert "\n  TF_VAR_gateway_key: ${{ secrets.AIGATEWAY_KEY }}\n" in ran.err
    assert "_secondary" not in ran.err
    assert delivery.calls() == ["diff dev -lock=false"]


def test_a_backend_that_is_not_the_bootstraps_is_refused(delivery: Delivery) -> None:
    right = {"TFSTATE_RESOURCE_GROUP": "pvc-dev-aigateway-tfrg-san", "TFSTATE_CONTAINER": "tfstate"}
    ran = delivery.run("deploy", *DEV, TFSTATE_STORAGE_ACCOUNT="pvcdevoldstsan", **right)
    assert ran.code == 2
    assert "TFSTATE_STORAGE_ACCOUNT is pvcdevoldstsan, but the settings of dev keep the state in pvcdev" in ran.err
    assert "TFSTATE_CONTAINER" not in ran.err
    assert delivery.calls() == []


def test_without_a_terminal_and_without_yes_nothing_is_deployed(delivery: Delivery) -> None:
    ran = delivery.run("deploy", "--env", "dev")
    assert ran.code == 2
    assert "--yes" in ran.err
    assert delivery.calls() == ["diff dev -lock=false"]


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("y", 1)])
def test_the_question_comes_after_the_plan(delivery: Delivery, answer: str, code: int) -> None:
    ran = delivery.run("deploy", "--env", "dev", "--no-smoke", typed=f"{answer}\n")
    assert ran.code == code, ran.err
    assert ran.out.index("Plan for dev") < ran.out.index("Deploy dev?")
    assert ("deploy dev" in delivery.calls()) is (answer == "yes")


@pytest.mark.parametrize("actions", [("delete",), ("delete", "create"), ("create", "delete")])
@pytest.mark.parametrize(
    "address",
    [f"azurerm_{kind}.gateway" for kind in ("container_app_environment", "container_app", "log_analytics_workspace")],
)
def test_what_an_environment_keeps_is_lost_only_if_that_is_allowed(
    delivery: Delivery, address: str, actions: tuple[str, ...]
) -> None:
    delivery.plans(change(address, *actions, before={"location": "x"}, after={}, replace_paths=[["location"]]))
    ran = delivery.run("deploy", *DEV, "--allow-loss", "azurerm_key_vault.gateway")
    assert ran.code == 1
    assert delivery.calls() == ["diff dev -lock=false"]
    for text in (ran.err, delivery.summary):
        assert "dev is not deployed: the plan loses what an environment keeps." in text
        assert f"deploy with: --allow-loss {address}\n" in text
        assert ("It is replaced because these change: location." in text) is (len(actions) == 2)
    allowed = delivery.run("deploy", *DEV, "--allow-loss", f"azurerm_key_vault.gateway {address}")
    assert allowed.code == 0, allowed.err
    assert delivery.calls()[-1] == "deploy dev"


def test_an_environment_that_moves_into_a_subnet_is_a_loss(delivery: Delivery) -> None:
    address, paths = (
        "azurerm_container_app_environment.gateway",
        [["infrastructure_subnet_id"], ["zone_redundancy_enabled"]],
    )
    delivery.plans(change(address, "delete", "create", before={}, after={}, replace_paths=paths))
    ran = delivery.run("deploy", *DEV)
    assert ran.code == 1
    assert "a new address, which every client needs. It is replaced because these change: " in ran.err
    assert "infrastructure_subnet_id, zone_redundancy_enabled." in ran.err


def test_the_vault_is_kept_whatever_question_was_answered(delivery: Delivery) -> None:
    delivery.plans(change("azurerm_key_vault.gateway", "delete", before={}))
    ran = delivery.run("deploy", "--env", "dev", "--no-smoke", "--allow-loss", "", typed="yes\n")
    assert ran.code == 1
    assert "azurerm_key_vault.gateway: Deletes the Key Vault with all secrets." in ran.err
    assert "Deploy dev?" not in ran.out


@pytest.mark.parametrize(
    ("field", "old", "new"), [("soft_delete_retention_days", 7, 30), ("purge_protection_enabled", True, False)]
)
def test_what_azure_never_changes_stops_the_deployment_before_anything_else_is_changed(
    delivery: Delivery, field: str, old: object, new: object
) -> None:
    vault = change("azurerm_key_vault.gateway", "update", before={field: old}, after={field: new})
    app = change("azurerm_container_app.gateway", "update", before={"x": 1}, after={"x": 2})
    delivery.plans(app, vault)
    ran = delivery.run("deploy", *DEV, "--allow-loss", "azurerm_key_vault.gateway")
    assert ran.code == 1
    assert delivery.calls() == ["diff dev -lock=false"]
    for text in (ran.err, delivery.summary):
        assert "dev is not deployed: the plan is sure to fail.\n  azurerm_key_vault.gateway: Azure cannot " in text
    delivery.plans(app)
    assert delivery.run("deploy", *DEV).code == 0


def configured(**owners: str) -> dict[str, Any]:
    """An app whose gateway takes the keys in these variables as those of these projects."""
    projects = [{"name": project, "key_envs": [variable]} for variable, project in owners.items()]
    value = json.dumps({"projects": projects})
    return {"template": [{"container": [{"env": [{"name": "GATEWAY_CONFIG", "value": value}]}]}]}


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ({"GATEWAY_KEY": "a", "GATEWAY_KEY_B": "b"}, {"GATEWAY_KEY": "b", "GATEWAY_KEY_A": "a"}, "a"),
        ({"GATEWAY_KEY": "a"}, {"GATEWAY_KEY": "default", "GATEWAY_KEY_A": "a"}, "a"),
        ({"GATEWAY_KEY": "a", "GATEWAY_KEY_B": "b"}, {"GATEWAY_KEY": "b"}, "a"),
        ({"GATEWAY_KEY": "a"}, {"GATEWAY_KEY": "renamed"}, None),
        ({"GATEWAY_KEY": "a", "GATEWAY_KEY_B": "b"}, {"GATEWAY_KEY": "a"}, None),
        ({"GATEWAY_KEY": "a"}, {"GATEWAY_KEY": "a", "GATEWAY_KEY_B": "b"}, None),
    ],
)
def test_a_key_gets_another_project_only_if_that_is_allowed(
    delivery: Delivery, before: dict[str, str], after: dict[str, str], moved: str | None
) -> None:
    app = change("azurerm_container_app.gateway", "update", before=configured(**before), after=configured(**after))
    delivery.plans(app)
    ran = delivery.run("deploy", *DEV)
    assert ran.code == (1 if moved else 0), ran.err
    assert ("deploy dev" in delivery.calls()) is (moved is None)
    is_renamed = after["GATEWAY_KEY"] == "renamed"
    assert ("WARNING: The project a is called renamed then: its clients and their key stay." in ran.out) is is_renamed
    if moved:
        assert f"gateway-key: The key of the project {moved} becomes that of {after['GATEWAY_KEY']}:" in ran.err
        assert f"The key of the project {moved} becomes that of" in ran.out
        assert delivery.run("deploy", *DEV, "--allow-loss", "gateway-key").code == 0


def test_what_a_failed_deployment_left_unfinished_is_replaced(delivery: Delivery) -> None:
    app = change("azurerm_container_app.gateway", "delete", "create", before={}, after={})
    delivery.plans({**app, "action_reason": "replace_because_tainted"})
    ran = delivery.run("deploy", *DEV)
    assert ran.code == 0, ran.err


def test_a_failure_is_explained_on_the_terminal_and_in_the_summary(delivery: Delivery) -> None:
    delivery.fails("deploy", "aigateway-dev  Error: setting Secret: ForbiddenByRbac\n")
    ran = delivery.run("deploy", *DEV)
    assert ran.code == 1
    assert "The deployment of dev failed." in ran.err
    assert "run the same command again" in ran.err
    assert delivery.summary.startswith("### Deployment of dev: failed\n")
    for text in (ran.err, delivery.summary):
        assert re.search(r"^The Key Vault refuses.*\n\nError: setting Secret: ForbiddenByRbac$", text, re.MULTILINE)


def test_a_state_without_outputs_is_explained(delivery: Delivery) -> None:
    delivery.plans()
    (delivery.folder("dev") / "outputs.json").write_text("{}", encoding="utf-8")
    ran = delivery.run("deploy", *DEV)
    assert ran.code == 1
    assert "The state of dev has no output openai_base_url, image" in ran.err


def test_all_environments_are_deployed_dev_first_and_prod_last_with_a_warning(delivery: Delivery) -> None:
    ran = delivery.run("deploy", "--all", "--yes", "--no-smoke")
    assert ran.code == 0, ran.err
    assert re.findall(r"^(\w+): http", ran.out, re.MULTILINE) == ["dev", "staging", "prod"]
    assert "WARNING: dev, staging, prod get the same TF_VAR_... values." in ran.err
    assert "get the same TF_VAR_" not in delivery.run("deploy", *DEV).err


def test_the_key_of_the_vault_is_deployed_and_tested(delivery: Delivery, smokes: Smokes) -> None:
    delivery.plans(UPDATED_APP, STORED_KEY)
    with delivery.cloud.edit() as azure:
        azure["vaults"][VAULT] = {"gateway-key": [version("key-of-a-rotation")]}
    ran = delivery.run("deploy", "--env", "dev", "--yes")
    assert ran.code == 0, ran.err
    assert delivery.keys("deploy") == ["key-of-a-rotation", "canary-of-azure"]
    assert [smoke["key"] for smoke in smokes] == ["key-of-a-rotation"]
    assert "key-of-a-rotation" not in ran.out + ran.err + delivery.summary
    assert delivery.cloud.calls()[0].words[:2] == ["account", "get-access-token"]


def test_nothing_is_deployed_while_the_vault_cannot_be_read(delivery: Delivery) -> None:
    delivery.plans(UPDATED_APP, STORED_KEY)
    delivery.cloud.fail("keyvault secret show", message="Please run 'az login' to setup account.")
    ran = delivery.run("deploy", *DEV)
    assert ran.code == 1
    assert "Please run 'az login' to setup account." in ran.err
    assert "deploy dev" not in delivery.calls()


def test_a_vault_that_does_not_exist_is_explained(delivery: Delivery) -> None:
    delivery.plans(UPDATED_APP, STORED_KEY)
    ran = delivery.run("deploy", *DEV)
    assert ran.code == 1
    assert f"Is the environment of {VAULT} deployed?" in ran.err


@pytest.mark.parametrize(("name", "code"), [("INT", 130), ("TERM", 143), ("HUP", 129)])
def test_an_interruption_reaches_terraform_as_sigint_and_is_waited_for(
    delivery: Delivery, name: str, code: int
) -> None:
    delivery.signals(name)
    ran = delivery.run("deploy", *DEV)
    assert ran.code == code
    assert ran.err.index("Interrupting:") < ran.err.index("Terraform got SIGINT") < ran.err.index("Interrupted.")


@pytest.mark.parametrize(
    ("code", "output", "text"),
    [
        (0, "Apply complete!", "Interrupted after Terraform had finished: dev is deployed, but not tested."),
        (1, "Error: execution halted", "its lock is released.\nRun the same command again to continue."),
        (1, "Error releasing the state lock", "could not clean up: Error releasing the state lock."),
        (1, "Failed to save state", "could not clean up: Failed to save state."),
        (1, "Failed to persist state to backend", "could not clean up: Failed to persist state."),
    ],
)
def test_what_an_interruption_left_behind_is_reported(code: int, output: str, text: str) -> None:
    assert text in interruption_message("dev", code, output, done="deployed, but not tested")


def test_the_state_has_no_output_that_is_one_behind(delivery: Delivery) -> None:
    content = json.loads((delivery.folder("dev") / "cdk.tf.json").read_text(encoding="utf-8"))
    assert OUTPUTS.keys() <= content["output"].keys()
