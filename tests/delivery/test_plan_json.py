"""Plans, as read from `terraform show -json`."""

import pytest

from scripts.terraform.attribute_changes import attribute_changes, readable_path
from scripts.terraform.plan import MAX_ATTRIBUTES, Plan, show
from scripts.terraform.plan_changes import Action, resource_changes


def entry(kind: str, actions: list[str], **more: object) -> dict[str, object]:
    """The change of a resource."""
    change = {"actions": actions, "before": None, "after": None, "after_unknown": {}, **more}
    return {"address": f"azurerm_{kind}.gateway", "type": f"azurerm_{kind}", "change": change}


def described(before: object, after: object, **more: object) -> list[str]:
    """The changed attributes, for people."""
    return [str(found) for found in attribute_changes({"before": before, "after": after, **more})]


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (["create"], Action.CREATE),
        (["update"], Action.UPDATE),
        (["delete"], Action.DESTROY),
        (["delete", "create"], Action.REPLACE),
        (["create", "delete"], Action.REPLACE),
    ],
)
def test_actions_of_terraform(actions: list[str], action: Action) -> None:
    [change] = resource_changes({"resource_changes": [entry("key_vault", actions)]})
    assert change.action == action


@pytest.mark.parametrize("actions", [["no-op"], ["read"]])
def test_what_is_only_read_is_no_change(actions: list[str]) -> None:
    assert Plan.from_json("dev", {"resource_changes": [entry("key_vault", actions)]}).is_empty


def test_a_changed_output_alone_leaves_the_plan_empty() -> None:
    plan = Plan.from_json("dev", {"output_changes": {"a": {"actions": ["update"]}, "b": {"actions": ["no-op"]}}})
    assert plan.outputs == ("a",)
    assert plan.is_empty


def test_a_value_is_shown_before_and_after() -> None:
    before = {"min_replicas": 0, "name": "ä", "on": True, "same": 1}
    after = {"min_replicas": 1, "name": None, "on": False, "same": 1}
    assert described(before, after) == ["min_replicas: 0 → 1", 'name: "ä" → null', "on: true → false"]


def test_of_a_sensitive_value_only_the_name_is_shown() -> None:
    secret = {"before": {"key": "old-key", "block": [{"value": "old"}]}, "after": {"key": "new-key", "block": []}}
    hidden = {"key": True, "block": True}
    found = described(**secret, before_sensitive=hidden, after_sensitive=hidden)
    assert found == ["key: sensitive value changes", "block: sensitive value changes"]


def test_a_value_that_was_sensitive_is_not_shown() -> None:
    assert described({"key": "old"}, {"key": "new"}, before_sensitive={"key": True}, after_sensitive={}) == [
        "key: sensitive value changes"
    ]


def test_a_value_that_becomes_sensitive_is_not_shown() -> None:
    assert described({"key": "old"}, {"key": "new"}, before_sensitive={}, after_sensitive={"key": True}) == [
        "key: sensitive value changes"
    ]


def test_what_azure_decides_is_unknown_and_shown_only_if_nothing_else_changes() -> None:
    before, after, unknown = {"id": "a", "tags": {"x": "1"}}, {"tags": {"x": "1"}}, {"id": True, "tags": {}}
    assert described(before, after, after_unknown=unknown) == ["id: known after apply"]
    assert described(before, {"tags": {"x": "2"}}, after_unknown=unknown) == ['tags.x: "1" → "2"']


def test_an_empty_value_and_null_are_equal() -> None:
    assert described({"a": "", "b": False, "c": [], "d": "x"}, {"d": None}) == ['d: "x" → null']
    assert described({"a": None, "b": None, "c": None}, {"a": [], "b": {}, "c": ""}) == ['c: null → ""']


def test_a_short_text_of_two_lines_is_shown_as_a_whole() -> None:
    assert described({"value": "old"}, {"value": "one\ntwo"}) == ['value: "old" → "one\\ntwo"']


def test_a_long_text_is_abbreviated() -> None:
    assert described({"value": "x\ny"}, {"value": "a\nb"}) == ["value: 2 lines added, 2 removed: -x; -y; +a; +b"]
    assert described({"value": "x" * 101}, {"value": "short"}) == [f'value: "{"x" * 50}… (101 characters)" → "short"']


def test_named_elements_are_compared_by_their_names() -> None:
    before = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    after = {"env": [{"name": "NEW", "value": "0"}, {"name": "A", "value": "1"}, {"name": "B", "value": "3"}]}
    assert described(before, after) == [
        'env[B].value: "2" → "3"',
        'env[NEW]: added {"name": "NEW", "value": "0"}',
    ]


def test_a_changed_order_alone_is_a_change() -> None:
    a, b = {"name": "A", "value": "1"}, {"name": "B", "value": "2"}
    assert described({"env": [a, b]}, {"env": [b, a]}) == ["env: order changes"]


def test_sensitive_parts_stay_with_their_element_when_it_moves() -> None:
    before = [{"name": "A", "value": "secret"}]
    after = [{"name": "B", "value": "plain"}, {"name": "A", "value": "other secret"}]
    found = described(
        {"env": before},
        {"env": after},
        before_sensitive={"env": [{"value": True}]},
        after_sensitive={"env": [{}, {"value": True}]},
    )
    assert found == ["env[A].value: sensitive value changes", 'env[B]: added {"name": "B", "value": "plain"}']


def test_a_single_element_needs_no_index() -> None:
    assert described({"template": [{"max": 1}]}, {"template": [{"max": 2}]}) == ["template.max: 1 → 2"]
    assert described({"ids": ["a", "b"]}, {"ids": ["a", "c"]}) == ['ids[1]: "b" → "c"']
    assert described({"ids": ["a"]}, {"ids": ["a", "b"]}) == ['ids[1]: added "b"']


def test_the_path_that_forces_a_replacement_has_names_in_place_of_indexes() -> None:
    within = {"template": [{"container": [{"name": "gateway", "image": "i"}]}]}
    assert readable_path(["template", 0, "container", 0, "image"], within=within) == "template.container[gateway].image"
    unknown = {"vault": True, "id": True}
    replaced = entry("key_vault", ["delete", "create"], replace_paths=[["vault"]], after_unknown=unknown)
    [change] = resource_changes({"resource_changes": [replaced]})
    assert (change.forced_by, change.attributes) == (("vault",), ())


def test_many_attributes_end_with_how_many_more_and_the_terminal_has_all_of_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, after = ({str(number): side for number in range(MAX_ATTRIBUTES + 2)} for side in "ab")
    plan = Plan.from_json("dev", {"resource_changes": [entry("container_app", ["update"], before=before, after=after)]})
    assert "and 2 more" in plan.markdown()
    assert plan.markdown().count("→") == MAX_ATTRIBUTES
    show(plan)
    assert capsys.readouterr().out.count("→") == MAX_ATTRIBUTES + 2


def test_values_are_no_markdown() -> None:
    after = {"tags": {"x": "`</td>` | @everybody"}}
    text = Plan.from_json(
        "dev", {"resource_changes": [entry("key_vault", ["update"], before={"tags": {}}, after=after)]}
    )
    (row,) = (line for line in text.markdown().splitlines() if "azurerm" in line)
    assert row.count("`") == 4
    assert row.replace("\\|", "").count("|") == 4


@pytest.mark.parametrize("mark", ["\r", "\n", "\x1b[2J", "\u202e", "\u2028", "\x00", "\u200b"])
def test_no_value_changes_what_a_terminal_or_a_page_shows(mark: str) -> None:
    """Whoever sets a tag in Azure chooses its name, too."""
    before = {"tags": {"x": "1"}, "text": "a\nb"}
    after = {"tags": {f"a{mark}b": f"c{mark}d"}, "text": f"a\nc{mark}d"}
    new = {"name": f"n{mark}m", "location": f"here{mark}"}
    place = entry(
        "container_app_environment",
        ["delete", "create"],
        before={"part": [new]},
        after={"part": [{"name": "x"}]},
        replace_paths=[["part", 0, "name"]],
    )
    plan = Plan.from_json(
        "dev",
        {
            "resource_changes": [
                entry("key_vault", ["update"], before=before, after=after),
                entry("log_analytics_workspace", ["create"], after=new),
                entry("container_app", ["delete"], before=new),
                place,
            ]
        },
    )
    pages = [plan.markdown(), *plan.losses.values(), *(str(part) for row in plan.changes for part in row.attributes)]
    assert len(pages) > 4
    assert all(text.isprintable() for page in pages for text in page.split("\n"))
    assert len(plan.markdown().splitlines()) == 16


def test_what_a_replacement_has_left_is_told_apart() -> None:
    old = entry("key_vault", ["delete"], before={"name": "kv"})
    left = Plan.from_json("dev", {"resource_changes": [{**old, "deposed": "0a1b2c3d"}]})
    lost = Plan.from_json("dev", {"resource_changes": [old]})
    assert left.warnings == ("Deletes what an earlier replacement has left: azurerm_key_vault.gateway (deposed). (kv)",)
    assert not left.losses
    assert lost.losses
    assert left.digest != lost.digest


def test_the_key_of_a_client_is_not_taken_from_what_a_replacement_has_left() -> None:
    kept = entry("key_vault_secret", ["no-op"], before={"name": "k", "key_vault_id": "/new"}) | {"name": "gateway_key"}
    left = entry("key_vault_secret", ["delete"], before={"name": "k", "key_vault_id": "/old"}) | {"name": "gateway_key"}
    [secret] = Plan.from_json("dev", {"resource_changes": [kept, {**left, "deposed": "0a1b2c3d"}]}).secrets
    assert (secret.vault, secret.is_deleted) == ("new", False)


def test_a_vault_that_is_replaced_may_keep_what_it_deletes_for_another_time() -> None:
    days = {"before": {"soft_delete_retention_days": 7}, "after": {"soft_delete_retention_days": 30}}
    updated, replaced = (
        Plan.from_json("dev", {"resource_changes": [entry("key_vault", actions, **days)]})
        for actions in (["update"], ["delete", "create"])
    )
    assert list(updated.failures) == ["azurerm_key_vault.gateway"]
    assert not replaced.failures


def test_a_tainted_resource_says_why_it_is_replaced() -> None:
    replaced = {**entry("key_vault", ["delete", "create"]), "action_reason": "replace_because_tainted"}
    [change] = resource_changes({"resource_changes": [replaced]})
    assert change.forced_by == ("tainted: its creation failed",)
