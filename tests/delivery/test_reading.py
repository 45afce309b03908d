"""What is read from Terraform's JSON of a plan."""

import pytest

from scripts.terraform.changes import Action, changes
from scripts.terraform.differences import differences
from scripts.terraform.paths import path_of
from scripts.terraform.plans import MOST, Plan


def entry(kind: str, actions: list[str], **more: object) -> dict[str, object]:
    """A resource's change as `terraform show -json` has it."""
    change = {"actions": actions, "before": None, "after": None, "after_unknown": {}, **more}
    return {"address": f"azurerm_{kind}.gateway", "type": f"azurerm_{kind}", "change": change}


def told(before: object, after: object, **more: object) -> list[str]:
    """The differences in words."""
    return [str(found) for found in differences({"before": before, "after": after, **more})]


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (["create"], Action.CREATED),
        (["update"], Action.CHANGED),
        (["delete"], Action.DESTROYED),
        (["delete", "create"], Action.REPLACED),
        (["create", "delete"], Action.REPLACED),
    ],
)
def test_each_action_has_its_word(actions: list[str], action: Action) -> None:
    [change] = changes({"resource_changes": [entry("key_vault", actions)]})
    assert change.action == action


@pytest.mark.parametrize("actions", [["no-op"], ["read"]])
def test_what_is_only_read_is_no_change(actions: list[str]) -> None:
    assert Plan.read("dev", {"resource_changes": [entry("key_vault", actions)]}).is_empty


def test_an_output_that_changes_is_known_and_is_no_difference() -> None:
    plan = Plan.read("dev", {"output_changes": {"a": {"actions": ["update"]}, "b": {"actions": ["no-op"]}}})
    assert plan.outputs == ("a",)
    assert plan.is_empty


def test_a_value_is_told_before_and_after() -> None:
    before = {"min_replicas": 0, "name": "a", "on": True, "same": 1}
    after = {"min_replicas": 1, "name": None, "on": False, "same": 1}
    assert told(before, after) == ["min_replicas: 0 → 1", 'name: "a" → nothing', "on: true → false"]


def test_a_sensitive_value_is_told_by_its_name_alone() -> None:
    secret = {"before": {"key": "old-key", "block": [{"value": "old"}]}, "after": {"key": "new-key", "block": []}}
    hidden = {"key": True, "block": True}
    found = told(**secret, before_sensitive=hidden, after_sensitive=hidden)
    assert found == ["key: changes (sensitive)", "block: changes (sensitive)"]


def test_what_was_sensitive_is_not_told_when_it_no_longer_is() -> None:
    assert told({"key": "old"}, {"key": "new"}, before_sensitive={"key": True}, after_sensitive={}) == [
        "key: changes (sensitive)"
    ]


def test_what_becomes_sensitive_is_not_told_either() -> None:
    assert told({"key": "old"}, {"key": "new"}, before_sensitive={}, after_sensitive={"key": True}) == [
        "key: changes (sensitive)"
    ]


def test_what_azure_decides_is_known_later() -> None:
    before, after, unknown = {"id": "a", "tags": {"x": "1"}}, {"tags": {"x": "1"}}, {"id": True, "tags": {}}
    assert told(before, after, after_unknown=unknown) == ["id: known after the deployment"]
    assert told(before, {"tags": {"x": "2"}}, after_unknown=unknown) == ['tags.x: "1" → "2"']


def test_what_is_empty_and_then_nothing_has_not_changed() -> None:
    assert told({"a": "", "b": False, "c": [], "d": "x"}, {"d": None}) == ['d: "x" → nothing']
    assert told({"a": None, "b": None, "c": None}, {"a": [], "b": {}, "c": ""}) == ['c: nothing → ""']


def test_of_a_long_text_only_that_it_changes() -> None:
    assert told({"value": "x" * 61}, {"value": "a\nb"}) == ["value: the text changes"]
    assert told({"value": "x" * 61}, {"value": "short"}) == ['value: a text → "short"']


def test_named_elements_are_compared_by_their_names() -> None:
    before = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    after = {"env": [{"name": "NEW", "value": "0"}, {"name": "A", "value": "1"}, {"name": "B", "value": "3"}]}
    assert told(before, after) == ['env[B].value: "2" → "3"', "env[NEW]: added"]


def test_another_order_alone_is_a_difference() -> None:
    a, b = {"name": "A", "value": "1"}, {"name": "B", "value": "2"}
    assert told({"env": [a, b]}, {"env": [b, a]}) == ["env: another order"]


def test_sensitive_parts_keep_to_their_element_when_it_moves() -> None:
    before = [{"name": "A", "value": "secret"}]
    after = [{"name": "B", "value": "plain"}, {"name": "A", "value": "other secret"}]
    found = told(
        {"env": before},
        {"env": after},
        before_sensitive={"env": [{"value": True}]},
        after_sensitive={"env": [{}, {"value": True}]},
    )
    assert found == ["env[A].value: changes (sensitive)", "env[B]: added"]


def test_an_only_element_needs_no_number_and_others_do() -> None:
    assert told({"template": [{"max": 1}]}, {"template": [{"max": 2}]}) == ["template.max: 1 → 2"]
    assert told({"ids": ["a", "b"]}, {"ids": ["a", "c"]}) == ['ids[1]: "b" → "c"']
    assert told({"ids": ["a"]}, {"ids": ["a", "b"]}) == ["ids[1]: added"]


def test_the_path_that_forces_a_new_resource_is_told_in_the_same_words() -> None:
    within = {"template": [{"container": [{"name": "gateway", "image": "i"}]}]}
    assert path_of(["template", 0, "container", 0, "image"], within=within) == "template.container[gateway].image"
    unknown = {"vault": True, "id": True}
    replaced = entry("key_vault", ["delete", "create"], replace_paths=[["vault"]], after_unknown=unknown)
    [change] = changes({"resource_changes": [replaced]})
    assert (change.forced_by, change.differences) == (("vault",), ())


def test_many_differences_end_with_how_many_more() -> None:
    before, after = ({str(number): side for number in range(MOST + 2)} for side in "ab")
    plan = Plan.read("dev", {"resource_changes": [entry("container_app", ["update"], before=before, after=after)]})
    assert "and 2 more" in plan.markdown()
    assert plan.markdown().count("→") == MOST


def test_no_text_of_azure_is_markdown() -> None:
    after = {"tags": {"x": "`</td>` | @everybody"}}
    text = Plan.read("dev", {"resource_changes": [entry("key_vault", ["update"], before={"tags": {}}, after=after)]})
    row = text.markdown().splitlines()[-1]
    assert row.count("`") == 4
    assert row.replace("\\|", "").count("|") == 4
