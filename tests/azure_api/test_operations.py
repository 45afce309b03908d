"""The drift check, a rotation and a teardown by their scripts, with the provider, as whoever runs them.

In one test: a new vault takes the provider two minutes.
"""

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from scripts import drift, rotate, teardown
from scripts.azure import login, rotation
from scripts.azure.key_probe import Key
from scripts.azure.polling import Polling
from tests.azure_api.az import Az
from tests.azure_api.conftest import MakeEnvironment
from tests.azure_api.environment import KEY, ORIGINAL, Environment
from tests.azure_api.synthesis import Patch
from tests.cloud.fixtures import Cloud, Ran, cloud
from tests.fixed_environments import ENVIRONMENTS

__all__ = ["cloud"]
pytestmark = pytest.mark.provider

REPOSITORY = "contoso/gateway"
OWN_ACCOUNT: Patch = {
    "keyless": True,
    "upstreams": [
        {
            "name": "swedencentral",
            "location": "swedencentral",
            "location_short": "swc",
            "priority": 1,
            "deployments": [
                {"name": "gpt-5.3-codex", "version": "2026-02-24", "capacity": 100},
                {"name": "text-embedding-3-large", "version": "1", "capacity": 350},
            ],
        }
    ],
}
Run = Callable[..., Ran]


@pytest.fixture
def dev(make_environment: MakeEnvironment) -> Environment:
    """Deployed, with an Azure AI account of its own."""
    patches = {ORIGINAL: OWN_ACCOUNT, "secrets_version": {**OWN_ACCOUNT, "secrets_version": 2}}
    dev = make_environment(ENVIRONMENTS / "dev.toml", patches)
    dev.apply()
    return dev


@pytest.fixture
def run(dev: Environment, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a script as a person or a workflow does; GitHub is a stand-in, its gateway the vault that the app reads."""
    for script in (drift, teardown):
        monkeypatch.setattr(script, "prepare", lambda _: (dev.stack,))
    monkeypatch.setattr(login, "CommandLine", partial(Az, api=dev.api, apps=dev.apps))
    monkeypatch.setattr(rotation, "wait_for_keys", partial(check_keys, dev))

    def run(script: Any, *words: str) -> Ran:  # noqa: ANN401 - a module
        dev.seen = len(dev.api.calls)
        path = os.pathsep.join([str(cloud.bin), os.environ["PATH"]])
        return cloud.call(script.main, "--env", "dev", *words, env={**os.environ, "PATH": path})

    return run


def test_operations(dev: Environment, run: Run, cloud: Cloud) -> None:
    check_drift(dev, run, cloud)
    check_rotation(dev, run)
    check_teardown(dev, run)


def check_drift(dev: Environment, run: Run, cloud: Cloud) -> None:
    """What somebody has changed by hand is found by the identity that reads, and named; a deployment undoes it."""
    reader, updated = "azurerm_role_assignment.secrets_reader", "azurerm_container_app.gateway"
    dev.sign_in("read")
    assert "dev has not drifted." in succeeded(run(drift, "--repository", REPOSITORY)).err

    dev.api.app_named(dev.stack.container_app)["properties"]["template"]["scale"]["maxReplicas"] = 7
    held = dev.api.roles.assignments
    (removed,) = (key for key, each in held.items() if f"/vaults/{dev.stack.key_vault}/" in each.id.text)
    del held[removed]
    succeeded(run(drift, "--repository", REPOSITORY))
    assert dev.changes() == []
    (issue,) = cloud.state("gh")["issues"]
    assert "### Plan for dev: 1 to update, 1 to create" in issue["body"]
    assert f"| update | `{updated}` |" in issue["body"]
    assert "max_replicas: 7 → 1" in issue["body"]
    assert f"| create | `{reader}` |" in issue["body"]

    dev.sign_in("deploy")
    dev.deploy()
    dev.sign_in("read")
    succeeded(run(drift, "--repository", REPOSITORY))
    assert [each["state"] for each in cloud.state("gh")["issues"]] == ["closed"]


def check_rotation(dev: Environment, run: Run) -> None:
    """The app takes the new key from the vault without another change, and a deployment keeps it.

    The environment begins with a second key of its own, which the first step makes the only one.
    """
    dev.sign_in("deploy")
    for step in ("retire", "add", "retire"):
        succeeded(run(rotate, step, "--skip-synth", "--no-smoke"))
        assert {call.kind for call in dev.changes()} == {"secrets"}
        assert dev.plan().is_empty, step
    (new, _) = keys_of(dev)
    assert not new.startswith(KEY)
    dev.deploy("secrets_version")
    assert keys_of(dev)[0] == new
    assert dev.plan().is_empty


def check_teardown(dev: Environment, run: Run) -> None:
    """Terraform's resources, deleted names, identities, the group; a second run finds nothing to do."""
    dev.sign_in("person")
    dry = succeeded(run(teardown, "--dry-run", "--repository", REPOSITORY))
    assert dev.changes() == []
    assert "would run: cdktf destroy aigateway-dev" in dry.err

    account = dev.stack.find("resource", "azurerm_cognitive_account")
    vault, group = dev.stack.key_vault, dev.group
    done = succeeded(run(teardown, "--yes", "--repository", REPOSITORY))
    order = [
        f"DELETE containerApps/{dev.stack.container_app}",
        f"DELETE vaults/{vault}",
        f"POST {vault}/purge",
        *(f"DELETE deletedAccounts/{each['name']}" for each in account.values()),
        "DELETE roleAssignments/test-",
        f"DELETE resourceGroups/{dev.stack.resource_group}",
    ]
    made = [str(call) for call in dev.api.calls[dev.seen :] if call.changes]
    assert sorted(order, key=lambda text: first(made, text)) == order
    manager = dev.api.manager
    assert manager.children(group, "") == []
    assert (manager.deleted_vaults, manager.deleted_accounts) == ({}, {})
    roles = dev.api.roles
    assert not {dev.stack.deploy_identity, dev.stack.read_identity} & roles.definitions.keys()
    assert not [each.id.text for each in roles.assignments.values() if each.id.is_in(group)]
    assert "- Log Analytics workspace pvc-dev-aigateway-law-san, deleted" in done.out
    assert "- Storage account pvcdevaigatewaystsan, with earlier versions of Terraform's state" in done.out
    assert not dev.state.lease

    succeeded(run(teardown, "--yes", "--repository", REPOSITORY))
    assert [str(call) for call in dev.api.calls[dev.seen :] if call.changes] == []


def check_keys(dev: Environment, _url: str, keys: Sequence[Key], _polling: Polling) -> None:
    """In place of a gateway: it accepts what the app reads in the vault."""
    assert {key.name: key.value in keys_of(dev) for key in keys} == {key.name: key.accepted for key in keys}


def keys_of(dev: Environment) -> tuple[str, str]:
    """The values of the app's references to clients' keys, which have no version."""
    secrets = dev.api.manager.secrets
    app = dev.api.app_named(dev.stack.container_app)
    urls = {each["name"]: each["keyVaultUrl"] for each in app["properties"]["configuration"]["secrets"]}
    (own,) = app["identity"]["userAssignedIdentities"].values()

    def read(name: str) -> str:
        assert secrets.can_read(own["principalId"], urls[name]) == ""
        vault, _, path = urls[name].removeprefix("https://").partition(".vault.azure.net/secrets/")
        return str(secrets.secrets[vault, path].versions[-1]["value"])

    return read("gateway-key"), read("gateway-key-secondary")


def first(made: Sequence[str], text: str) -> int:
    return next(number for number, call in enumerate(made) if call.startswith(text))


def succeeded(ran: Ran) -> Ran:
    assert ran.code == 0, ran.err
    return ran
