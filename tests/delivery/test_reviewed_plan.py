"""What is deployed is what was reviewed: the digest of a plan, and a deployment that expects it."""

from typing import Any

import pytest

from scripts.deploy import parse
from scripts.terraform.deployment import NOT_REVIEWED
from scripts.terraform.plan import Plan
from tests.cloud.az.containerapp import app, revision
from tests.delivery.stand_ins import APP, GROUP, UPDATED_APP, Delivery, change

KNOWN = change("azurerm_resource_group.gateway", "no-op", before={}, after={})
SECRET = change(
    "azurerm_key_vault_secret.gateway_key", "update", before={"value_wo_version": 1, "name": "k", "key_vault_id": "v"}
)


def digest(*changes: dict[str, Any], outputs: dict[str, Any] | None = None) -> str:
    """Of the plan with these changes, in an environment that exists."""
    return Plan.from_json("dev", {"resource_changes": [KNOWN, *changes], "output_changes": outputs or {}}).digest


def updated(before: object, after: object, **more: object) -> dict[str, Any]:
    """A container app."""
    return change("azurerm_container_app.gateway", "update", before=before, after=after, **more)


def test_the_order_of_resources_and_fields_is_nothing() -> None:
    changes = [
        updated({"a": 1, "b": 2}, {"a": 2, "b": 3}),
        change("azurerm_key_vault.x", "delete", before={"name": "x"}),
    ]
    expected = digest(*changes)
    assert digest(updated({"b": 2, "a": 1}, {"b": 3, "a": 2}), changes[1]) == expected
    assert digest(*reversed(changes)) == digest(*changes) == expected


def test_what_azure_decides_and_what_the_provider_calls_empty_is_nothing() -> None:
    expected = digest(updated({"a": 1, "id": "one"}, {"a": 2}, after_unknown={"id": True}))
    assert digest(updated({"a": 1, "id": "two", "c": ""}, {"a": 2, "c": None}, after_unknown={"id": True})) == expected
    new = change("azurerm_key_vault.x", "create", after={"name": "x"}, after_unknown={"id": True})
    again = change(
        "azurerm_key_vault.x", "create", after={"name": "x", "tags": None}, after_unknown={"id": True, "u": True}
    )
    assert digest(new) == digest(again)


@pytest.mark.parametrize(
    "other",
    [
        updated({"a": 1}, {"a": 3}),
        updated({"a": 0}, {"a": 2}),
        updated({"b": 1}, {"b": 2}),
        updated({"a": "x" * 200}, {"a": "y" * 200}),
        change("azurerm_container_app.gateway", "delete", before={"a": 1}),
        change("azurerm_container_app.gateway", "delete", "create", before={"a": 1}, after={"a": 2}),
        change("azurerm_container_app.other", "update", before={"a": 1}, after={"a": 2}),
    ],
)
def test_another_change_is_another_digest(other: dict[str, Any]) -> None:
    assert digest(other) != digest(updated({"a": 1}, {"a": 2}))


def test_a_difference_that_is_not_shown_is_in_the_digest() -> None:
    """What people see is abbreviated."""
    one, two = (updated({"text": "a\n" * 500}, {"text": "a\n" * 500 + "b\n" * 50 + end}) for end in ("one", "two"))
    shown = [
        [str(found) for found in Plan.from_json("dev", {"resource_changes": [each]}).changes[0].attributes]
        for each in (one, two)
    ]
    assert shown[0] == shown[1]
    assert digest(one) != digest(two)


def test_one_more_change_or_output_is_another_digest() -> None:
    first = updated({"a": 1}, {"a": 2})
    assert digest(first, change("azurerm_key_vault.x", "create", after={"name": "x"})) != digest(first)
    assert digest(first, outputs={"image": {"actions": ["update"]}}) != digest(first)


def test_a_secret_counts_by_its_version_and_not_by_its_value() -> None:
    def written(version: int, value: str) -> str:
        new = {"value_wo_version": version, "value": value, "name": "k"}
        raised = {**SECRET["change"], "after": new, "after_sensitive": {"value": True}}
        return digest({**SECRET, "change": raised})

    assert written(2, "canary") == written(2, "other")
    assert written(2, "canary") != written(3, "canary")


def test_a_first_deployment_is_the_same_without_a_state() -> None:
    """An identity that may only read plans it without values."""
    resources = {"azurerm_key_vault.x": {"name": "x"}, "azurerm_resource_group.x": {"name": "y"}}
    planned = [change(address, "create", after=after) for address, after in resources.items()]
    read = change("azurerm_client_config.caller", "read", after={}) | {"mode": "data"}
    bare = [change(address, "create", after={}) for address in resources]
    plans = [Plan.from_json("dev", {"resource_changes": changes}) for changes in ([*planned, read], bare, bare[:1])]
    assert plans[0].is_first
    assert plans[0].digest == plans[1].digest != plans[2].digest
    assert digest(*planned) != digest(*bare), "in an environment that exists, the values count"


def test_an_environment_that_is_deployed_and_has_no_state_is_warned_of() -> None:
    """Also one whose names were changed: its account for the state is another one then."""
    made = change("azurerm_key_vault.x", "create", after={"name": "x"})
    kept = change("azurerm_container_app.x", "no-op", after={})
    [text] = Plan.from_json("dev", {"resource_changes": [made]}).warnings
    assert "If dev is deployed already, do not deploy" in text
    assert Plan.from_json("dev", {"resource_changes": [made, kept]}).warnings == ()
    assert Plan.from_json("dev", {"resource_changes": []}).warnings == ()


@pytest.fixture
def reviewed(delivery: Delivery) -> str:
    """The digest of a plan for dev, which is handed on."""
    with delivery.cloud.edit() as azure:
        revisions = [revision(f"{APP}--1", "2026-11-01", active=True)]
        azure["container_apps"][APP] = app(APP, GROUP, fqdn="gateway.example", revisions=revisions)
    delivery.plans(KNOWN, UPDATED_APP)
    output = delivery.cloud.folder / "output"
    ran = delivery.run("plan", "--env", "dev", GITHUB_OUTPUT=str(output))
    assert ran.code == 0, ran.err
    text = output.read_text(encoding="utf-8")
    found = text.splitlines()[0].removeprefix("digest=")
    assert f"Digest of these changes: {found}" in ran.out
    assert f"Digest of these changes: `{found}`" in text
    assert "plan<<" in text
    return found


def test_what_was_reviewed_is_deployed(delivery: Delivery, reviewed: str) -> None:
    ran = delivery.run("deploy", "--env", "dev", "--yes", "--no-smoke", "--expect-digest", reviewed)
    assert ran.code == 0, ran.err
    assert delivery.calls()[-1] == "deploy dev"


@pytest.mark.parametrize(
    "now", [[KNOWN], [KNOWN, UPDATED_APP, change("azurerm_key_vault.gateway", "delete", before={})]]
)
def test_a_plan_that_changed_after_the_review_is_not_applied(
    delivery: Delivery, reviewed: str, now: list[dict[str, Any]]
) -> None:
    delivery.plans(*now)
    words = ("--env", "dev", "--yes", "--no-smoke", "--expect-digest", reviewed)
    ran = delivery.run("deploy", *words, REVIEWED_PLAN="### The text of the review")
    assert ran.code == NOT_REVIEWED == 3
    assert "deploy dev" not in delivery.calls()
    assert "dev is not deployed: its plan is no longer the one that was reviewed." in ran.err
    assert reviewed in ran.err
    assert ran.out.index("Plan for dev") < ran.out.index("### The text of the review")
    for text in ("dev is not deployed", "### Plan for dev", "### The text of the review"):
        assert text in delivery.summary


def test_without_the_reviewed_text_its_place_is_named(delivery: Delivery) -> None:
    ran = delivery.run("deploy", "--env", "dev", "--yes", "--expect-digest", "0" * 32)
    assert ran.code == NOT_REVIEWED
    assert "see the summary of its job" in ran.out


def test_a_plan_without_a_refresh_hands_on_no_digest(delivery: Delivery) -> None:
    output = delivery.cloud.folder / "output"
    ran = delivery.run("plan", "--env", "dev", "--no-refresh", GITHUB_OUTPUT=str(output))
    assert not output.exists()
    assert "Digest" not in ran.out


@pytest.mark.parametrize("words", [["--expect-digest", ""], ["--expect-digest", "abc"]])
def test_a_digest_that_was_not_handed_on_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(["--env", "dev", *words])
    assert stopped.value.code == 2
    assert "is no digest of plan.py, which has 32 hexadecimal digits" in capsys.readouterr().err


@pytest.mark.parametrize("which", [["--all"], ["--env", "dev", "--env", "prod"]])
def test_a_digest_is_that_of_one_environment(which: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([*which, "--expect-digest", "0" * 32])
    assert "name it with --env" in capsys.readouterr().err
