"""From nothing to a deployed environment, through every kind of change, and back to nothing.

A creation waits where the provider does: two minutes for a new vault, 20 seconds for each role and each deleted secret.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from local.azure_api.calls import Call
from tests.azure_api.conftest import MakeEnvironment
from tests.azure_api.environment import ORIGINAL, Environment
from tests.azure_api.synthesis import EDITED, Patch, cumulated
from tests.fixed_environments import ENVIRONMENTS, OPTIONAL

pytestmark = pytest.mark.provider

HERE = Path(__file__).parent
APP = "containerapps"
OTHER_IMAGE = f"ghcr.io/berriai/litellm:v1.108.7@sha256:{'1' * 64}"
UPSTREAMS = [
    {"name": name, "endpoint": f"https://{name}.openai.azure.com", "priority": number}
    for number, name in enumerate(("first", "second", "third", "fourth"), start=1)
]
CHANGES: Mapping[str, Patch] = {
    "replicas": {"scale": {"max_replicas": 4}},
    "timeout": {"timeouts": {"embeddings_s": 50.0}},
    "image": {"containers": {"image": OTHER_IMAGE}},
    "secrets_version": {"secrets_version": 2},
    EDITED: {},
    "tag": {"tags": {"cost-center": "1234"}},
    "log retention": {"logs": {"retention_days": 60}},
    "allowlist": {"ingress": {"ip_allowlist": ["203.0.113.0/24", "192.0.2.0/25"]}},
}
"""Each is made on top of those before it."""
SHORT_FORM = {"name": "azure-openai", "endpoint": "https://first.openai.azure.com", "priority": 1}
CHANGES_OF_ONE: Mapping[str, Patch] = {
    **CHANGES,
    "project more": {"projects": {"default": {"default": True}, "yellow": {}}},
    "project less": {"projects": {"yellow": None}},
    "upstream more": {"upstreams": [SHORT_FORM, UPSTREAMS[1]]},
    "upstream renamed": {"upstreams": [SHORT_FORM, {**UPSTREAMS[1], "name": "last"}]},
    "upstream less": {"upstreams": [SHORT_FORM]},
}
CHANGES_OF_MANY: Mapping[str, Patch] = {
    **CHANGES,
    "project more": {"projects": {"yellow": {}}},
    "project less": {"projects": {"green": None}},
    "upstream more": {"upstreams": UPSTREAMS},
    "upstream renamed": {"upstreams": [*UPSTREAMS[:3], {**UPSTREAMS[3], "name": "last"}]},
    "upstream less": {"upstreams": UPSTREAMS[:3]},
}
TAGGED = {APP, "managedenvironments", "vaults", "workspaces", "userassignedidentities", "secrets"}
"""Kinds of resources that each change touches; every other one touches the app alone."""
TOUCHED: Mapping[str, set[str]] = {
    "secrets_version": {"secrets"},
    "tag": TAGGED,
    "log retention": {"workspaces"},
    "project more": {APP, "secrets"},
    "project less": {APP, "secrets"},
    "upstream more": {APP, "secrets"},
    "upstream less": {APP, "secrets"},
    "upstream renamed": {APP, "secrets"},
}
DELETED_OF_ONE: Mapping[str, set[str]] = {
    "project less": {"gateway-key-yellow", "gateway-key-yellow-secondary"},
    "upstream renamed": {"second-api-key"},
    "upstream less": {"last-api-key"},
}
DELETED_OF_MANY: Mapping[str, set[str]] = {
    "project less": {"gateway-key-green", "gateway-key-green-secondary"},
    "upstream renamed": {"fourth-api-key"},
    "upstream less": {"last-api-key"},
}


@pytest.mark.parametrize("env", ["dev", "staging", "prod"])
def test_an_environment(env: str, make_environment: MakeEnvironment) -> None:
    run(make_environment(ENVIRONMENTS / f"{env}.toml", cumulated(CHANGES_OF_ONE)), deleted=DELETED_OF_ONE)


def test_an_environment_with_many_upstreams_and_projects(make_environment: MakeEnvironment) -> None:
    run(make_environment(HERE / "many.toml", cumulated(CHANGES_OF_MANY)), deleted=DELETED_OF_MANY)


@pytest.mark.parametrize("file", OPTIONAL, ids=lambda file: file.stem)
def test_an_environment_with_what_settings_turn_on(file: Path, make_environment: MakeEnvironment) -> None:
    run(make_environment(file, {}), deleted={})


def run(environment: Environment, *, deleted: Mapping[str, set[str]]) -> None:
    """Create it, change it, destroy it; `deleted` are the secrets that a change removes."""
    for variant in environment.variants:
        calls = environment.apply(variant)
        if variant != ORIGINAL:
            check_change(calls, variant, deleted=deleted.get(variant, set()))
        planned = environment.plan()
        assert (planned.changes, planned.outputs) == ((), ()), variant
    environment.destroy()
    left = [resource["id"] for resource in environment.api.manager.children(environment.group, "")]
    assert left == [environment.group]
    assert not environment.api.manager.unknown
    assert not environment.api.refused_hosts


def check_change(calls: Sequence[Call], change: str, *, deleted: set[str]) -> None:
    """It is made in place, touches nothing else, and removes a secret only when nobody refers to it any more."""
    assert {call.kind for call in calls} == TOUCHED.get(change, {APP}), change
    assert {call.path.rpartition("/")[2] for call in calls if call.method == "DELETE"} == deleted, change
    if deleted:
        first = next(number for number, call in enumerate(calls) if call.method == "DELETE")
        assert max(number for number, call in enumerate(calls) if call.kind == APP) < first
