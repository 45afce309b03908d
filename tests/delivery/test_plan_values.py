"""The values that a plan shows, of container apps as the settings make them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.archive import SOURCE, pack, read_source
from gateway.containers import SecretRef, build_containers
from scripts.terraform.key_owners import moved_keys
from scripts.terraform.plan import MAX_MARKDOWN_BYTES, Plan
from scripts.terraform.text_changes import document_of, line_changes
from settings.loading import load_environment
from tests.delivery.stand_ins import change
from tests.fixed_environments import ENVIRONMENTS

App = dict[str, Any]
MakeApp = Callable[..., App]


@pytest.fixture
def make_app(tmp_path: Path) -> MakeApp:
    """The attributes of dev's container app, with more settings, as azurerm has them."""

    def make(settings: str = "") -> App:
        file = tmp_path / "dev.toml"
        known = (ENVIRONMENTS / "dev.toml").read_text(encoding="utf-8")
        file.write_text(f"{known}\n{settings}", encoding="utf-8")
        made = load_environment(file)
        containers = [
            {
                "name": container.name,
                "image": made.containers.image,
                "command": list(container.command),
                "env": [
                    {"name": name, "secret_name": value.name, "value": ""}
                    if isinstance(value, SecretRef)
                    else {"name": name, "secret_name": "", "value": value}
                    for name, value in container.env.items()
                ],
            }
            for container in build_containers(made)
        ]
        return {
            "name": "app",
            "ingress": [
                {
                    "ip_security_restriction": [
                        {"name": f"allow-{number}", "ip_address_range": str(network), "action": "Allow"}
                        for number, network in enumerate(made.ingress.ip_allowlist, start=1)
                    ]
                }
            ],
            "template": [{"min_replicas": made.scale.min_replicas, "container": containers}],
        }

    return make


def plan_of(*changes: dict[str, Any]) -> Plan:
    """Of these changes, in an environment that exists."""
    known = change("azurerm_resource_group.gateway", "no-op", before={}, after={})
    return Plan.from_json("dev", {"resource_changes": [known, *changes]})


def lines(before: App, after: App, **more: object) -> list[str]:
    """What is shown of an update."""
    updated = change("azurerm_container_app.gateway", "update", before=before, after=after, **more)
    [found] = plan_of(updated).changes
    return [str(attribute) for attribute in found.attributes]


def test_a_timeout_is_a_field_of_both_documents(make_app: MakeApp) -> None:
    found = lines(make_app(), make_app("[timeouts]\ntotal_s = 230.0"))
    assert found == [
        "template.container[gateway].env[GATEWAY_CONFIG].value.timeouts.total_s: 220.0 → 230.0",
        "template.container[litellm].env[LITELLM_CONFIG_YAML].value.litellm_settings.request_timeout: 222.0 → 232.0",
        "template.container[litellm].env[LITELLM_CONFIG_YAML].value.router_settings.timeout: 222.0 → 232.0",
    ]


def test_a_model_of_litellm_is_compared_by_its_name(make_app: MakeApp) -> None:
    found = lines(make_app(), make_app('[[models]]\nname = "other"\ndeployment = "gpt-5.1-codex"\nkind = "responses"'))
    added = [line for line in found if "model_list" in line]
    assert len(added) == 1
    assert "[LITELLM_CONFIG_YAML].value.model_list[other]: added {" in added[0]
    assert '"mode": "responses"' in added[0]


def test_an_added_project_is_one_line_of_the_configuration_and_its_keys(make_app: MakeApp) -> None:
    before = "[projects.team]\ndefault = true\n"
    after = f"{before}[projects.roo]\nrequests_per_minute = 60"
    found = lines(make_app(before), make_app(after))
    env = "template.container[gateway].env"
    assert [line.split(": ", 1)[0] for line in found] == [
        f"{env}[GATEWAY_CONFIG].value.projects[roo]",
        f"{env}[GATEWAY_KEY_ROO]",
        f"{env}[GATEWAY_KEY_ROO_SECONDARY]",
    ]
    assert '"requests_per_minute": 60' in found[0]
    assert '"secret_name": "gateway-key-roo"' in found[1]


def test_both_keys_of_a_project_move_if_another_one_becomes_the_default(make_app: MakeApp) -> None:
    before, after = make_app("[projects.team]"), make_app("[projects.team]\n[projects.default]")
    plan = {"resource_changes": [{"type": "azurerm_container_app", "change": {"before": before, "after": after}}]}
    assert list(moved_keys(plan)) == ["gateway-key", "gateway-key-secondary"]


def test_an_endpoint_and_a_network_are_shown(make_app: MakeApp) -> None:
    before = make_app('[azure_openai]\nendpoint = "https://one.openai.azure.com"')
    after = make_app(
        '[ingress]\nip_allowlist = ["203.0.113.0/24"]\n[azure_openai]\nendpoint = "https://two.openai.azure.com"'
    )
    network, endpoint = lines(before, after)
    assert network.startswith("ingress.ip_security_restriction")
    assert '"ip_address_range": "203.0.113.0/24"' in network
    assert endpoint == (
        "template.container[gateway].env[AZURE_OPENAI_ENDPOINT].value: "
        '"https://one.openai.azure.com" → "https://two.openai.azure.com"'
    )


def test_an_image_is_shown_by_its_tag_and_its_digest(make_app: MakeApp) -> None:
    before, after = make_app(), make_app()
    repository, _, digest = before["template"][0]["container"][0]["image"].partition("@")
    other = f"{repository.rpartition(':')[0]}:v9.9.9@sha256:{'0' * 64}"
    after["template"][0]["container"][0]["image"] = other
    assert lines(before, after) == [
        f'template.container[gateway].image.tag: "{repository.rpartition(":")[2]}" → "v9.9.9"',
        f'template.container[gateway].image.digest: "{digest}" → "sha256:{"0" * 64}"',
    ]


def test_an_archive_is_shown_by_its_digest_and_its_files(make_app: MakeApp) -> None:
    before, after = make_app(), make_app()
    files = {**read_source(), "gateway/runtime/new.py": b"", "gateway/runtime/routes.py": b"changed\n"}
    del files["gateway/runtime/errors.py"]
    (variable,) = (each for each in after["template"][0]["container"][0]["env"] if each["name"] == SOURCE)
    variable["value"] = pack(files)
    digest, *groups = (line.rpartition(f"[{SOURCE}].value.")[2] for line in lines(before, after))
    assert digest.startswith("digest: ")
    assert " → " in digest
    assert groups == [
        "changed: gateway/runtime/routes.py",
        "added: gateway/runtime/new.py",
        "removed: gateway/runtime/errors.py",
    ]


def test_a_source_that_is_no_archive_changes_in_words() -> None:
    before = {"env": [{"name": SOURCE, "value": "-"}]}
    [line] = lines(before, {"env": [{"name": SOURCE, "value": "other"}]})
    assert line.startswith(f"env[{SOURCE}].value: changes; {SOURCE} holds no archive")


def test_a_start_command_changes_in_lines(make_app: MakeApp) -> None:
    before, after = make_app(), make_app()
    command = after["template"][0]["container"][1]["command"]
    command[2] = command[2].replace("\n", "\n# one\n# two\n", 1)
    [line] = lines(before, after)
    assert line == "template.container[litellm].command[2]: 2 lines added, 0 removed: +# one; +# two"


@pytest.mark.parametrize("text", ["import os\nprint(1)", "12", "words: and\n\tno document: [", '"text"', ""])
def test_what_is_no_document_is_compared_as_text(text: str) -> None:
    assert document_of(text) is None


def test_another_layout_of_a_document_is_a_change() -> None:
    assert lines({"text": '{"a": 1}'}, {"text": '{ "a": 1 }'}) == ["text: layout of the text changes"]
    assert line_changes("a\nb", "a\nc") == "1 lines added, 1 removed: -b; +c"


@pytest.mark.parametrize("name", ["OLD_API_KEY", "GATEWAY_KEY_SECONDARY", "APPLICATIONINSIGHTS_CONNECTION_STRING"])
def test_a_variable_with_the_name_of_a_secret_is_not_shown(name: str) -> None:
    old, new = ({"env": [{"name": name, "value": value}]} for value in ("canary-one", "canary-two"))
    for found in (lines(old, new), lines({"env": []}, new), lines(old, {"env": []})):
        assert found
        assert "canary" not in "".join(found)


def test_what_is_sensitive_is_not_shown_of_an_added_element_or_a_new_resource() -> None:
    after = {"name": "x", "location": "here", "sku": "canary", "block": [{"name": "a", "value": "canary"}]}
    sensitive = {"sku": True, "block": [{"value": True}]}
    shown = lines({"name": "x"}, after, after_sensitive=sensitive)
    new = change("azurerm_key_vault.new", "create", after=after, after_sensitive=sensitive)
    created = plan_of(new)
    assert "canary" not in "".join(
        [*shown, created.markdown(), *(each.exact for each in created.changes[0].attributes)]
    )
    assert "| create | `azurerm_key_vault.new` | `x, location here, sku (sensitive)` |" in created.markdown()


def test_a_created_resource_tells_its_name_and_what_matters(make_app: MakeApp) -> None:
    app = make_app('[ingress]\nip_allowlist = ["203.0.113.0/24", "198.51.100.7/32"]')
    [row] = plan_of(change("azurerm_container_app.gateway", "create", after=app)).changes
    image = app["template"][0]["container"][0]["image"]
    [text] = map(str, row.attributes)
    assert text.startswith("app, ingress.ip_security_restriction 203.0.113.0")
    assert "203.0.113.0/24" in text
    assert "198.51.100.7/32" in text
    assert image in text


def test_what_is_destroyed_or_replaced_is_named_in_words_at_the_top() -> None:
    gone = [
        change(
            f"azurerm_key_vault_secret.{name}", "delete", before={"name": name.replace("_", "-"), "key_vault_id": "v"}
        )
        for name in ("gateway_key_a", "gateway_key_b")
    ]
    lost = change("azurerm_container_app.gateway", "delete", "create", before={"name": "ca"}, after={"name": "ca"})
    page = plan_of(*gone, lost).markdown()
    warnings, _, table = page.partition("| action |")
    assert (
        "Deletes a secret of the Key Vault; a client or a region that still needs it fails. (gateway-key-a," in warnings
    )
    assert "an outage until it runs again" in warnings
    assert "gateway_key_a" in table


def test_a_resource_that_terraform_forgets_is_no_update() -> None:
    plan = plan_of(change("azurerm_key_vault_secret.old", "forget", before={"name": "old", "key_vault_id": "v"}))
    assert plan.title == "Plan for dev: 1 to forget"
    [text] = plan.warnings
    assert text.startswith("Terraform forgets azurerm_key_vault_secret.old: it stays in Azure")
    assert text.endswith(" (old)")


def test_a_page_has_a_bounded_length_and_says_what_is_left_out() -> None:
    many = [
        change(
            f"azurerm_key_vault.s{number}",
            "update",
            before={f"a{key}": "ä" * 90 for key in range(30)},
            after={f"a{key}": "ö" * 90 for key in range(30)},
        )
        for number in range(40)
    ]
    page = plan_of(*many).markdown()
    assert len(page.encode()) < MAX_MARKDOWN_BYTES + 4_000
    assert " more: azurerm_key_vault.s" in page
    assert "`python3 scripts/plan.py --env dev` shows all." in page
    assert page.rstrip().endswith("`")
