"""What a stack uses of other people: its identities get exactly the roles that it needs there."""

import json
from pathlib import Path

import pytest

from scripts import teardown
from scripts.terraform.stacks import load
from tests.bootstrap.runs import PLAN, READ, bootstrap, principal_of, roles_of
from tests.cloud.az.azure import BUILT_IN, CALLER, SUBSCRIPTION, assignment, subscription
from tests.cloud.fixtures import Cloud, Ran

# Those of tests/synth/environments/existing.toml.
OWN, OF_IMAGES = "11111111-2222-3333-4444-555555555555", "66666666-2222-3333-4444-555555555555"
GROUP, ACCOUNT = "rg-ai-gateway", "pvcexistingsanqhx3iellst"
WORKSPACE = f"/subscriptions/{OWN}/resourceGroups/rg-logs/providers/Microsoft.OperationalInsights/workspaces/law-shared"
VAULT = f"/subscriptions/{OWN}/resourceGroups/rg-vaults/providers/Microsoft.KeyVault/vaults/kv-ai-gateway"
REGISTRY = (
    f"/subscriptions/{OF_IMAGES}/resourceGroups/rg-images"
    "/providers/Microsoft.ContainerRegistry/registries/contosoimages"
)
SUBNET = (
    f"/subscriptions/{OWN}/resourceGroups/rg-networks"
    "/providers/Microsoft.Network/virtualNetworks/vnet-shared/subnets/snet-ai-gateway"
)
ON_CALL = f"/subscriptions/{OWN}/resourceGroups/rg-on-call/providers/Microsoft.Insights/actionGroups/on-call"
DEPLOYS, READS = "pvc-existing-aigateway-deploy-san", "pvc-existing-aigateway-read-san"
ADMINISTRATOR = "Role Based Access Control Administrator"


@pytest.fixture
def using(cloud: Cloud, optional_stacks: Path) -> dict[str, str]:
    """The variables for that stack; everything exists, and the caller is the owner of both subscriptions."""
    with cloud.edit() as azure:
        for number, id_ in enumerate((OWN, OF_IMAGES)):
            azure["subscriptions"].append(subscription(id_, f"Theirs {number}"))
            owner = assignment(CALLER, "Owner", f"/subscriptions/{id_}", number=9000 + number)
            azure["role_assignments"].append(owner)
        azure["resources"] = [{"id": id_} for id_ in (WORKSPACE, VAULT, REGISTRY, SUBNET, ON_CALL)]
        azure["groups"][GROUP] = {
            "id": f"/subscriptions/{OWN}/resourceGroups/{GROUP}",
            "name": GROUP,
            "location": "x",
            "tags": {"of": "theirs"},
        }
    return {"CDKTF_OUTDIR": str(optional_stacks.parent)}


def moved(optional_stacks: Path, out: Path, *ids: str) -> dict[str, str]:
    """The variable for the same stack, with these resources in the subscription of the images."""
    text = json.dumps(load("existing", optional_stacks.parent).content)
    for id_ in ids:
        text = text.replace(id_, id_.replace(OWN, OF_IMAGES))
    folder = out / "stacks/aigateway-existing"
    folder.mkdir(parents=True)
    (folder / "cdk.tf.json").write_text(text, encoding="utf-8")
    return {"CDKTF_OUTDIR": str(out)}


def prepared(cloud: Cloud, using: dict[str, str], *ids: str) -> None:
    """Bootstrapped, with these resources there, too."""
    with cloud.edit() as azure:
        azure["resources"] += [{"id": id_.replace(OWN, OF_IMAGES)} for id_ in ids]
    ran = bootstrap(cloud, "--env", "existing", env=using)
    assert ran.code == 0, ran.err


def test_the_identities_get_what_the_stack_needs_there_and_nothing_on_a_subscription(
    cloud: Cloud, using: dict[str, str]
) -> None:
    ran = bootstrap(cloud, "--env", "existing", env=using)
    assert ran.code == 0, ran.err
    assert roles_of(cloud, principal_of(cloud, DEPLOYS)) == {
        ("Contributor", GROUP),
        *((ADMINISTRATOR, scope) for scope in (GROUP, "kv-ai-gateway", "contosoimages")),
        *(("Key Vault Secrets Officer", scope) for scope in (GROUP, "kv-ai-gateway")),
        *(("Reader", scope) for scope in ("kv-ai-gateway", "law-shared", "on-call")),
        (READS, "law-shared"),
        (f"{DEPLOYS}-subnet", "snet-ai-gateway"),
        ("Storage Blob Data Contributor", ACCOUNT),
    }
    assert roles_of(cloud, principal_of(cloud, READS)) == {
        *(("Reader", scope) for scope in (GROUP, "kv-ai-gateway", "contosoimages", "law-shared")),
        *(("Key Vault Secrets User", scope) for scope in (GROUP, "kv-ai-gateway")),
        *((READS, scope) for scope in (GROUP, "law-shared")),
        ("Storage Blob Data Reader", ACCOUNT),
    }
    assert ("Key Vault Secrets Officer", "kv-ai-gateway") in roles_of(cloud, CALLER)


def test_where_the_stack_assigns_a_role_its_identity_may_assign_that_role_alone(
    cloud: Cloud, using: dict[str, str]
) -> None:
    assert bootstrap(cloud, "--env", "existing", env=using).code == 0
    conditions = {
        each["scope"].rpartition("/")[2]: each["condition"]
        for each in cloud.state()["role_assignments"]
        if each["condition"]
    }
    roles = {
        GROUP: "Monitoring Metrics Publisher",
        "kv-ai-gateway": "Key Vault Secrets User",
        "contosoimages": "AcrPull",
    }
    assert conditions.keys() == roles.keys()
    for scope, role in roles.items():
        assert f"GuidEquals {{{BUILT_IN[role][0]}}}" in conditions[scope]


def test_on_a_subnet_whoever_deploys_may_join_it_and_no_more(cloud: Cloud, using: dict[str, str]) -> None:
    assert bootstrap(cloud, "--env", "existing", env=using).code == 0
    (role,) = (role for role in cloud.state()["custom_roles"] if role["roleName"] == f"{DEPLOYS}-subnet")
    assert role["actions"] == ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    assert role["assignableScopes"] == [f"/subscriptions/{OWN}"]


@pytest.mark.parametrize("elsewhere", [(), (SUBNET,)], ids=["", "subnet in another subscription"])
def test_a_second_run_changes_nothing(
    cloud: Cloud, using: dict[str, str], optional_stacks: Path, tmp_path: Path, elsewhere: tuple[str, ...]
) -> None:
    using |= moved(optional_stacks, tmp_path / "out", *elsewhere)
    prepared(cloud, using, *elsewhere)
    assert bootstrap(cloud, "--env", "existing", env=using).err.endswith("Nothing to change.\n")


@pytest.mark.parametrize("sees_subscription", [True, False])
def test_what_only_the_owner_of_a_resource_may_assign_is_told_as_a_command(
    cloud: Cloud, using: dict[str, str], *, sees_subscription: bool
) -> None:
    with cloud.edit() as azure:
        mine = azure["role_assignments"]
        azure["role_assignments"] = [each for each in mine if OF_IMAGES not in each["scope"]]
        if not sees_subscription:
            azure["subscriptions"] = [each for each in azure["subscriptions"] if each["id"] != OF_IMAGES]
    ran = bootstrap(cloud, "--env", "existing", env=using)
    assert ran.code == 0, ran.err
    for name, role in ((DEPLOYS, ADMINISTRATOR), (READS, "Reader")):
        assert f"note: {name}: {role} on contosoimages: " in ran.err
    [command] = [line for line in ran.err.splitlines() if "role assignment create --role Reader" in line]
    assert f"--scope {REGISTRY} --assignee-object-id {principal_of(cloud, READS)}" in command
    assert ("Key Vault Secrets User", "kv-ai-gateway") in roles_of(cloud, principal_of(cloud, READS))
    again = bootstrap(cloud, "--env", "existing", env=using)
    assert again.code == 0, again.err
    assert f"note: {READS}: Reader on contosoimages: " in again.err


def test_a_group_of_somebody_else_keeps_its_tags_and_is_never_made(cloud: Cloud, using: dict[str, str]) -> None:
    assert bootstrap(cloud, "--env", "existing", env=using).code == 0
    assert cloud.state()["groups"][GROUP]["tags"] == {"of": "theirs"}
    with cloud.edit() as azure:
        del azure["groups"][GROUP]
    ran = bootstrap(cloud, "--env", "existing", env=using)
    assert ran.code == 1
    assert (
        f"The resource group {GROUP} (existing.resource_group of existing) does not exist in the subscription"
        in ran.err
    )
    assert GROUP not in cloud.state()["groups"]


def test_rights_on_what_a_stack_no_longer_uses_are_reported(cloud: Cloud, dev_prepared: Cloud) -> None:
    cloud.restore(dev_prepared.state())
    vault = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shared/providers/Microsoft.KeyVault/vaults/shared"
    old = assignment(principal_of(cloud, READ), "Key Vault Secrets User", vault, number=7777)
    with cloud.edit() as azure:
        azure["role_assignments"].append(old)
    ran = bootstrap(cloud, "--env", "dev")
    assert f"note: {READ} also has Key Vault Secrets User on {vault}, which the settings do not need." in ran.err


def torn_down(cloud: Cloud, using: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Ran:
    """After Terraform's part: there is no state any more."""
    monkeypatch.setattr(teardown, "prepare", lambda _: (load("existing", Path(using["CDKTF_OUTDIR"])),))
    with cloud.edit() as azure:
        azure["default"] = OWN
        azure["storage"] = {}
    words = ("--env", "existing", "--yes", "--repository", "contoso/gateway")
    return cloud.call(teardown.main, *words, env=using)


def test_a_teardown_removes_the_roles_on_others_resources(
    cloud: Cloud, using: dict[str, str], optional_stacks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where only the identity that deploys has one: on an action group of another subscription."""
    using |= moved(optional_stacks, tmp_path / "out", ON_CALL)
    path = tmp_path / "out/stacks/aigateway-existing/cdk.tf.json"
    path.write_text(path.read_text(encoding="utf-8").replace(REGISTRY, VAULT), encoding="utf-8")
    prepared(cloud, using, ON_CALL)
    assert ("Reader", "on-call") in roles_of(cloud, principal_of(cloud, DEPLOYS))
    ran = torn_down(cloud, using, monkeypatch)
    assert ran.code == 0, ran.err
    assert {each["principalId"] for each in cloud.state()["role_assignments"]} <= {CALLER, principal_of(cloud, PLAN)}
    assert cloud.state()["custom_roles"] == []
    assert "- Deleted secrets in Key Vault kv-ai-gateway, which its owner can recover or purge." in ran.out


@pytest.mark.parametrize("sees_subscription", [True, False])
def test_a_teardown_tells_what_only_their_owner_may_remove(
    cloud: Cloud,
    using: dict[str, str],
    optional_stacks: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    sees_subscription: bool,
) -> None:
    using |= moved(optional_stacks, tmp_path / "out", SUBNET)
    prepared(cloud, using, SUBNET)
    deployer, theirs = principal_of(cloud, DEPLOYS), f"in the subscription {OF_IMAGES}, which this login cannot remove"
    with cloud.edit() as azure:
        mine = azure["role_assignments"]
        azure["role_assignments"] = [each for each in mine if each["scope"] != f"/subscriptions/{OF_IMAGES}"]
        if not sees_subscription:
            azure["subscriptions"] = [each for each in azure["subscriptions"] if each["id"] != OF_IMAGES]
    ran = torn_down(cloud, using, monkeypatch)
    assert ran.code == 0, ran.err
    [line] = [line for line in ran.out.splitlines() if line.startswith(f"- Roles of {DEPLOYS} {theirs}: az role ")]
    assert f"--assignee-object-id {deployer}" in line
    assert line.endswith(f"--subscription {OF_IMAGES}")
    assert f"- Custom role {DEPLOYS}-subnet {theirs}." in ran.out
    assert not [app for app in cloud.state()["apps"] if app["displayName"] in {DEPLOYS, READS}]
    left = {each["scope"] for each in cloud.state()["role_assignments"] if each["principalId"] == deployer}
    assert left == {REGISTRY, SUBNET.replace(OWN, OF_IMAGES)}
