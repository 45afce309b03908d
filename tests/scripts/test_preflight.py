"""The preflight of an environment with three regions of its own, against a stand-in of Azure."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import preflight as script
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from settings.environment import EnvironmentSettings
from settings.image import DEFAULT_IMAGE
from settings.loading import load_environment
from settings.roles import ACR_PULL, REPOSITORY_READER
from settings.roles import COGNITIVE_SERVICES_OPENAI_USER as OPENAI_USER
from settings.roles import KEY_VAULT_SECRETS_USER as SECRETS_USER
from settings.roles import MONITORING_METRICS_PUBLISHER as METRICS_PUBLISHER
from tests import fixed_environments
from tests.cloud.az.azure import CALLER, SUBSCRIPTION, assignment, definition_id
from tests.cloud.az.cognitiveservices import USAGE, model, region
from tests.cloud.az.keyvault import version
from tests.cloud.az.log_analytics import workspace
from tests.cloud.fixtures import Cloud, Ran
from tests.gateway.whole.stacks import ENVIRONMENTS

GROUP = "pvc-keyless-aigateway-rg-san"
NAMES = {
    "swedencentral": "pvc-keyless-aigateway-ai-swc",
    "eastus2": "pvc-keyless-aigateway-ai-eus2",
    "southafricanorth": "pvc-keyless-aigateway-ai-san",
}
CODEX = model("gpt-5.3-codex", "2026-02-24")
EMBEDDINGS = model("text-embedding-3-large", "1")
CODEX_QUOTA = USAGE.format(sku="GlobalStandard", model="gpt-5.3-codex")
SCOPE = f"/subscriptions/{SUBSCRIPTION}"


@pytest.fixture
def azure(cloud: Cloud) -> Cloud:
    """Has all that the environment needs."""
    with cloud.edit() as state:
        state["ai_regions"] = {location: region(CODEX, EMBEDDINGS) for location in NAMES}
    return cloud


@pytest.fixture
def preflight(azure: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run it, with other settings if they are given."""

    def run(*words: str, settings: EnvironmentSettings | None = None, env: dict[str, str] | None = None) -> Ran:
        monkeypatch.setattr(
            script, "settings_of", lambda _: settings or load_environment(ENVIRONMENTS / "keyless.toml")
        )
        ran = azure.call(script.main, "--env", "keyless", *words, env=env)
        assert azure.changes() == []
        return ran

    return run


def _problems(ran: Ran) -> list[str]:
    """What the run failed for."""
    assert ran.code == 1, ran.err
    _, _, text = ran.err.partition("Failed: preflight of keyless\n")
    assert text.endswith("\nNothing was changed.\n")
    return text.removesuffix("\nNothing was changed.\n").removeprefix("- ").split("\n- ")


def test_the_day_is_that_of_the_synthesis(preflight: Callable[..., Ran]) -> None:
    in_2030 = preflight(env={"SOURCE_DATE_EPOCH": "1893456000"})
    assert "Azure retired gpt-5.3-codex 2026-02-24 on 2028-02-09." in _problems(in_2030)[0]
    unknown = preflight(env={"SOURCE_DATE_EPOCH": "soon"})
    assert unknown.code == 2
    assert unknown.err.endswith("SOURCE_DATE_EPOCH (environment variable): must be seconds since 1970\n")


def _account(name: str, location: str, *, capacity: int, sku: str = "GlobalStandard", group: str = GROUP) -> Any:  # noqa: ANN401
    deployment = {"name": "gpt-5.3-codex", "model": "gpt-5.3-codex", "version": "2026-02-24"}
    return {
        "name": name,
        "resourceGroup": group,
        "location": location,
        "deployments": [{**deployment, "sku": sku, "capacity": capacity}],
    }


def test_regions_that_have_everything_are_shown_as_a_table(preflight: Callable[..., Ran]) -> None:
    ran = preflight()
    assert ran.code == 0, ran.err
    heads, *rows = ran.out.splitlines()
    assert heads.split()[:4] == ["upstream", "deployment", "model", "sku"]
    assert len(rows) == 6
    name = "text-embedding-3-large"
    expected = f"swedencentral {name} {name} 1 GlobalStandard 350 350 1000 of 1000 2028-02-09 ok"
    assert " ".join(rows[1].split()) == expected
    assert "ok: Azure has what keyless needs" in ran.err


def test_a_model_a_version_and_a_sku_that_a_region_lacks(azure: Cloud, preflight: Callable[..., Ran]) -> None:
    regional = model("gpt-5.3-codex", "2026-02-24", skus=("Standard", "DataZoneStandard"))
    with azure.edit() as state:
        state["ai_regions"]["swedencentral"] = region(EMBEDDINGS)
        state["ai_regions"]["eastus2"] = region(model("gpt-5.3-codex", "2026-05-01"), EMBEDDINGS)
        state["ai_regions"]["southafricanorth"] = region(regional, EMBEDDINGS)
        state["ai_regions"]["westus3"] = region(CODEX, limit=100)
        state["ai_regions"]["francecentral"] = region(CODEX, limit=400, used=100)
        state["ai_regions"]["italynorth"] = region(CODEX, limit=99)
    offers = "Regions with that much free: francecentral (300), westus3 (100)."
    ran = preflight()
    sweden, virginia, africa = _problems(ran)
    codex = "gpt-5.3-codex 2026-02-24"
    assert sweden == f"swedencentral, gpt-5.3-codex: swedencentral does not offer gpt-5.3-codex. {offers}"
    assert virginia.startswith("eastus2, gpt-5.3-codex: eastus2 offers gpt-5.3-codex in version 2026-05-01, not ")
    assert virginia.endswith(f"not 2026-02-24. Correct `version`. {offers}")
    assert africa.startswith(f"southafricanorth, gpt-5.3-codex: southafricanorth offers {codex} as DataZoneStandard, ")
    assert africa.endswith(f"Standard, not GlobalStandard. Correct `sku`. {offers}")
    assert [line.split()[-1] for line in ran.out.splitlines()[1:]] == ["missing", "ok"] * 3


def test_a_quota_that_is_too_small(azure: Cloud, preflight: Callable[..., Ran]) -> None:
    with azure.edit() as state:
        state["ai_regions"]["eastus2"]["usages"][CODEX_QUOTA] = {"limit": 150, "used": 51}
    (problem,) = _problems(preflight())
    assert problem == (
        "eastus2, gpt-5.3-codex: its quota OpenAI.GlobalStandard.gpt-5.3-codex in eastus2 has 99 of 150 free, and 100 "
        "more are needed. Lower `capacity`, or ask for more quota (https://aka.ms/oai/stuquotarequest). "
        "Regions with that much free: southafricanorth (1000), swedencentral (1000)."
    )


@pytest.mark.parametrize(("deployed", "passes"), [(100, True), (60, True), (59, False), (0, False)])
def test_a_deployment_that_exists_needs_only_the_difference(
    azure: Cloud, preflight: Callable[..., Ran], deployed: int, *, passes: bool
) -> None:
    with azure.edit() as state:
        state["ai_accounts"] = [_account(NAMES["eastus2"], "eastus2", capacity=deployed)]
        state["ai_regions"]["eastus2"]["usages"][CODEX_QUOTA] = {"limit": 40 + deployed, "used": deployed}
    assert (preflight().code == 0) is passes


def test_the_same_deployment_of_another_sku_has_another_quota(azure: Cloud, preflight: Callable[..., Ran]) -> None:
    with azure.edit() as state:
        state["ai_accounts"] = [_account(NAMES["eastus2"], "eastus2", capacity=100, sku="Standard")]
        state["ai_regions"]["eastus2"]["usages"][CODEX_QUOTA] = {"limit": 99, "used": 0}
    assert len(_problems(preflight())) == 1


@pytest.mark.parametrize(("limit", "without"), [(300, []), (299, ["swedencentral", "southafricanorth"])])
def test_a_quota_that_regions_share_must_suffice_for_all_that_need_more(
    azure: Cloud, preflight: Callable[..., Ran], limit: int, without: list[str]
) -> None:
    with azure.edit() as state:
        state["ai_accounts"] = [_account(NAMES["eastus2"], "eastus2", capacity=100)]
        for location in NAMES:
            usages = state["ai_regions"][location]["usages"]
            usages[CODEX_QUOTA] = {"limit": limit, "used": 100, "scope": "Global"}
    ran = preflight()
    assert [problem.partition(",")[0] for problem in (_problems(ran) if without else [])] == without
    assert ran.code == bool(without)


def test_a_quota_that_azure_does_not_list_is_noted(azure: Cloud, preflight: Callable[..., Ran]) -> None:
    with azure.edit() as state:
        del state["ai_regions"]["eastus2"]["usages"][CODEX_QUOTA]
    ran = preflight()
    assert ran.code == 0
    assert f"note: eastus2, gpt-5.3-codex: Azure lists no quota {CODEX_QUOTA} in eastus2" in ran.err


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"retires": "2025-01-31T00:00:00Z"}, "Azure retired gpt-5.3-codex 2026-02-24 on 2025-01-31."),
        ({"sku_retires": "2024-01-31T00:00:00Z"}, "Azure retired gpt-5.3-codex 2026-02-24 on 2024-01-31."),
        ({"kinds": ("OpenAI",)}, "eastus2 does not offer gpt-5.3-codex."),
        ({"lifecycle": "Deprecating"}, "Azure makes no new deployments of gpt-5.3-codex 2026-02-24, which retires on"),
        ({"capacity": {"minimum": 150, "step": 50}}, "`capacity` is 100 and must be at least 150, a multiple of 50."),
        ({"capacity": {"maximum": 90}}, "`capacity` is 100 and must be between 1 and 90."),
        ({"capacity": {"maximum": 900, "step": 15}}, "must be between 1 and 900, a multiple of 15."),
        ({"capacity": {"allowedValues": [50, 150]}}, "`capacity` is 100 and must be one of 150, 50."),
    ],
)
def test_a_model_that_cannot_be_deployed_like_this(
    azure: Cloud, preflight: Callable[..., Ran], changed: dict[str, Any], problem: str
) -> None:
    with azure.edit() as state:
        state["ai_regions"]["eastus2"] = region(model("gpt-5.3-codex", "2026-02-24", **changed), EMBEDDINGS)
    (found,) = _problems(preflight())
    assert problem in found
    assert found.endswith(" Regions with that much free: southafricanorth (1000), swedencentral (1000).")


def test_a_deployment_that_exists_may_stay_while_azure_makes_no_new_ones(
    azure: Cloud, preflight: Callable[..., Ran]
) -> None:
    with azure.edit() as state:
        old = model("gpt-5.3-codex", "2026-02-24", lifecycle="Deprecating")
        state["ai_regions"]["eastus2"] = region(old, EMBEDDINGS)
        state["ai_accounts"] = [_account(NAMES["eastus2"], "eastus2", capacity=100)]
    assert preflight().code == 0


def test_a_name_that_is_taken_or_was_deleted(azure: Cloud, preflight: Callable[..., Ran]) -> None:
    with azure.edit() as state:
        state["ai_taken"] = [NAMES["swedencentral"]]
        state["ai_deleted"] = [{"name": NAMES["eastus2"].upper(), "resourceGroup": "old group", "location": "eastus2"}]
    taken, deleted = _problems(preflight())
    assert taken.startswith(f"The name {NAMES['swedencentral']} is not free: Sub domain name")
    assert "Choose another `projname`, or another `location_short`." in taken
    assert deleted.startswith(f"{NAMES['eastus2'].upper()} was deleted and keeps its name for 48 hours.")
    command = deleted.splitlines()[-1].strip()
    where = "--resource-group 'old group' --location eastus2"
    assert command == f"az cognitiveservices account purge --name {NAMES['eastus2'].upper()} {where}"


def test_a_reader_may_not_ask_for_a_name(azure: Cloud, preflight: Callable[..., Ran]) -> None:
    with azure.edit() as state:
        state["role_assignments"] = [assignment(CALLER, "Reader", SCOPE, number=0)]
    ran = preflight()
    (problem,) = _problems(ran)  # who cannot assign roles either
    assert problem.endswith(
        f"deploys and may not assign roles of the stack ({OPENAI_USER}, {METRICS_PUBLISHER}). Ask an owner of the "
        "subscription."
    )
    assert f"note: this login may not ask whether the name {NAMES['eastus2']} is free; continuing." in ran.err


def test_a_provider_that_is_not_registered(azure: Cloud, preflight: Callable[..., Ran]) -> None:
    with azure.edit() as state:
        state["providers"]["Microsoft.CognitiveServices"] = "NotRegistered"
    (problem,) = _problems(preflight())
    assert problem.endswith("\n  az provider register --wait --namespace Microsoft.CognitiveServices")


@pytest.mark.parametrize("missing", [(), (METRICS_PUBLISHER,), (OPENAI_USER, METRICS_PUBLISHER)])
def test_the_identity_of_the_workflows_may_assign_known_roles_only(
    azure: Cloud, preflight: Callable[..., Ran], missing: tuple[str, ...]
) -> None:
    known = ", ".join({OPENAI_USER, METRICS_PUBLISHER} - {*missing})
    with azure.edit() as state:
        state["apps"] = [
            {"id": "o", "appId": "c", "displayName": "pvc-keyless-aigateway-deploy-san", "credentials": []}
        ]
        state["service_principals"] = [{"id": "robot", "appId": "c", "displayName": "pvc-keyless-aigateway-deploy-san"}]
        role, condition = "Role Based Access Control Administrator", f"GuidEquals {{{known}}}"
        state["role_assignments"] = [
            assignment(CALLER, "Owner", SCOPE, number=0),
            assignment("robot", role, SCOPE, number=1, condition=condition),
        ]
    ran = preflight()
    if missing:
        (problem,) = _problems(ran)
        assert problem.endswith(f"stack ({', '.join(missing)}). Run `python3 scripts/bootstrap.py identities`.")
    else:
        assert ran.code == 0, ran.err
        assert "ok: pvc-keyless-aigateway-deploy-san may assign the stack's roles" in ran.err


def test_a_directory_that_cannot_be_read_is_no_failure(azure: Cloud, preflight: Callable[..., Ran]) -> None:
    azure.fail("ad app list", message="Insufficient privileges to complete the operation.")
    ran = preflight()
    assert ran.code == 0
    assert "note: this login cannot read it; continuing." in ran.err


EXISTING = """
env = "keyless"

[azure_openai]
endpoint = "https://shared.openai.azure.com"
auth = "managed_identity"
"""
IDENTITY = "pvc-keyless-aigateway-id-san"


@pytest.fixture
def existing(azure: Cloud, tmp_path: Path) -> EnvironmentSettings:
    """Settings with an account of somebody else, called without a key."""
    with azure.edit() as state:
        state["ai_accounts"] = [_account("shared", "eastus2", capacity=100, group="theirs")]
        state["identities"] = {IDENTITY: "the-principal"}
    file = tmp_path / "keyless.toml"
    file.write_text(EXISTING, encoding="utf-8")
    return load_environment(file)


SHARED = f"{SCOPE}/resourceGroups/theirs/providers/Microsoft.CognitiveServices/accounts/shared"


def test_the_command_for_a_missing_role_on_an_existing_account(
    existing: EnvironmentSettings, preflight: Callable[..., Ran], azure: Cloud
) -> None:
    (problem,) = _problems(preflight(settings=existing))
    command = (
        f"az role assignment create --role {OPENAI_USER} --assignee-object-id the-principal "
        f"--assignee-principal-type ServicePrincipal --scope {SHARED}"
    )
    assert problem == (f"azure-openai: {IDENTITY} may not call https://shared.openai.azure.com. Run:\n  {command}")
    assert "cognitiveservices model list" not in {" ".join(call.words[:3]) for call in azure.calls()}


@pytest.mark.parametrize(
    ("role", "scope", "may_call"),
    [
        ("Cognitive Services OpenAI User", SHARED, True),
        ("Cognitive Services OpenAI User", f"{SCOPE}/resourceGroups/theirs", True),
        ("Cognitive Services OpenAI Contributor", SHARED, True),
        ("Cognitive Services User", SCOPE, True),
        ("Owner", SCOPE, False),
        ("Cognitive Services OpenAI User", f"{SCOPE}/resourceGroups/other", False),
    ],
)
def test_a_role_on_an_existing_account_or_above_it_counts_by_what_it_allows(
    existing: EnvironmentSettings, preflight: Callable[..., Ran], azure: Cloud, role: str, scope: str, *, may_call: bool
) -> None:
    with azure.edit() as state:
        state["role_assignments"].append(assignment("the-principal", role, scope, number=7))
    ran = preflight(settings=existing)
    assert (ran.code == 0) is may_call, ran.err
    assert ("ok: azure-openai: assigned" in ran.err) is may_call


@pytest.mark.parametrize(
    ("actions", "may_call"),
    [(["responses/write", "deployments/embeddings/action"], True), (["responses/*"], False), (None, False)],
)
def test_a_role_of_somebodys_own_must_allow_what_the_models_need(
    existing: EnvironmentSettings,
    preflight: Callable[..., Ran],
    azure: Cloud,
    actions: list[str] | None,
    *,
    may_call: bool,
) -> None:
    data = actions and [f"Microsoft.CognitiveServices/accounts/OpenAI/{action}" for action in actions]
    with azure.edit() as state:
        role = {"name": "own", "roleName": "Own", "actions": [], "dataActions": data, "assignableScopes": [SCOPE]}
        state["custom_roles"].append(role)
        given = assignment("the-principal", "Reader", SHARED, number=7)
        state["role_assignments"].append(given | {"roleDefinitionId": definition_id("own")})
    assert (preflight(settings=existing).code == 0) is may_call


def test_a_role_that_nobody_here_knows_is_no_failure(
    existing: EnvironmentSettings, preflight: Callable[..., Ran], azure: Cloud
) -> None:
    with azure.edit() as state:
        given = assignment("the-principal", "Reader", SHARED, number=7)
        state["role_assignments"].append(given | {"roleDefinitionId": definition_id("of-another-subscription")})
    ran = preflight(settings=existing)
    assert ran.code == 0, ran.err
    assert "azure-openai: cannot be read. Assign it, if it is missing:" in ran.err


def test_a_role_that_the_stack_assigns_needs_no_command(
    existing: EnvironmentSettings, preflight: Callable[..., Ran], azure: Cloud, tmp_path: Path
) -> None:
    assert existing.is_keyless
    file = tmp_path / "keyless.toml"
    upstream = (
        f'[[upstreams]]\nname = "shared"\nendpoint = "https://shared.openai.azure.com"\naccount_id = "{SHARED}"\n'
    )
    file.write_text(f'env = "keyless"\nkeyless = true\n{upstream}', encoding="utf-8")
    ran = preflight(settings=load_environment(file))
    assert ran.code == 0, ran.err
    assert "ok: ada@contoso.example may assign the stack's roles" in ran.err
    assert not [call for call in azure.calls() if call.words[0] == "cognitiveservices"]


def test_before_the_first_deployment_the_command_finds_the_identity_itself(
    existing: EnvironmentSettings, preflight: Callable[..., Ran], azure: Cloud
) -> None:
    with azure.edit() as state:
        state["identities"], state["ai_accounts"] = {}, []
    ran = preflight(settings=existing)
    assert ran.code == 0, ran.err
    assert f'--assignee-object-id "$(az identity show --name {IDENTITY} --resource-group {GROUP} ' in ran.err
    assert "Assign it after the first deployment" in ran.err
    assert ran.err.rstrip().endswith("ok: Azure has what keyless needs")


def test_with_keys_only_there_is_nothing_to_check(preflight: Callable[..., Ran], azure: Cloud) -> None:
    ran = preflight(settings=load_environment(fixed_environments.ENVIRONMENTS / "dev.toml"))
    assert (ran.code, ran.err) == (0, "dev calls existing accounts with keys only: nothing to check.\n")
    assert azure.calls() == []


def test_nobody_who_is_logged_in(azure: Cloud, preflight: Callable[..., Ran]) -> None:
    with azure.edit() as state:
        state["logged_in"] = False
    ran = preflight()
    assert (ran.code, ran.err.splitlines()[-1]) == (2, "az is not logged in. Run: az login")


def test_a_failure_of_azure_is_a_message(azure: Cloud, preflight: Callable[..., Ran]) -> None:
    azure.fail("cognitiveservices usage list", code="AuthorizationFailed", message="The client may not read.")
    ran = preflight()
    assert ran.code == 1
    assert "Failed: Models and quota in swedencentral" in ran.err
    assert "Answer: (AuthorizationFailed) The client may not read." in ran.err


def test_an_az_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "az"
    program.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(ScriptError, match=r"^az account show\nNo answer within 0 s. Check the network"):
        CommandLine("az", timeout_s=0.1).query("account", "show")


def test_an_unknown_environment_is_refused(azure: Cloud) -> None:
    ran = azure.call(script.main, "--env", "nowhere")
    assert ran.code == 2
    assert ran.err.startswith("There is no environment 'nowhere'; there are ")


VAULT, WORKSPACE, REGISTRY_NAME = "kv-given", "law-given", "givenimages"
GIVEN = f"{SCOPE}/resourceGroups/given/providers"
IMAGE = DEFAULT_IMAGE.replace("ghcr.io/berriai", f"{REGISTRY_NAME}.azurecr.io")
SOMEBODY_ELSES = f"""
env = "keyless"
subscription_id = "{SUBSCRIPTION}"
existing.resource_group = "rg-given"
existing.log_analytics_workspace = "{GIVEN}/Microsoft.OperationalInsights/workspaces/{WORKSPACE}"
existing.key_vault = "{GIVEN}/Microsoft.KeyVault/vaults/{VAULT}"
registry.id = "{GIVEN}/Microsoft.ContainerRegistry/registries/{REGISTRY_NAME}"
containers.image = "{IMAGE}"
"""


@pytest.fixture
def given(azure: Cloud, tmp_path: Path) -> Callable[..., EnvironmentSettings]:
    """Settings with what somebody else has made, all of which exists and is as it must be."""
    with azure.edit() as state:
        state["groups"]["rg-given"] = {"location": "southafricanorth"}
        state["workspaces"][WORKSPACE] = workspace("given", lines=[])
        rules = {"defaultAction": "Allow"}
        properties = {"enableRbacAuthorization": True, "publicNetworkAccess": "Enabled", "networkAcls": rules}
        state["existing_vaults"][VAULT] = {"resourceGroup": "given", "properties": properties}
        state["vaults"][VAULT] = {"somebody-elses": [version("text")]}
        state["registries"][REGISTRY_NAME] = {"resourceGroup": "given"}
        state["identities"] = {IDENTITY: "the-principal"}

    def load(more: str = "") -> EnvironmentSettings:
        file = tmp_path / "keyless.toml"
        file.write_text(SOMEBODY_ELSES + more, encoding="utf-8")
        return load_environment(file)

    return load


def test_what_somebody_else_has_made_is_there(
    given: Callable[..., EnvironmentSettings], preflight: Callable[..., Ran]
) -> None:
    ran = preflight(settings=given())
    assert ran.code == 0, ran.err
    for name in ("rg-given", WORKSPACE, VAULT, REGISTRY_NAME):
        assert f" {name}" in ran.err


def test_what_is_not_there_is_a_problem(
    given: Callable[..., EnvironmentSettings], preflight: Callable[..., Ran], azure: Cloud
) -> None:
    with azure.edit() as state:
        for kind in ("groups", "workspaces", "existing_vaults", "registries"):
            state[kind] = {}
    problems = _problems(preflight(settings=given()))
    assert [problem.partition(" names ")[0] for problem in problems[1:]] == [
        "log_analytics_workspace",
        "key_vault",
        "registry.id",
    ]
    assert problems[0].startswith("The resource group rg-given (existing.resource_group) does not exist")


def test_a_vault_that_roles_do_not_open_or_with_our_names_is_a_problem(
    given: Callable[..., EnvironmentSettings], preflight: Callable[..., Ran], azure: Cloud
) -> None:
    own = {"env": "keyless", "project": "aigateway"}
    with azure.edit() as state:
        state["existing_vaults"][VAULT]["properties"] |= {"enableRbacAuthorization": None}
        state["existing_vaults"][VAULT]["properties"]["networkAcls"] = {"defaultAction": "Deny"}
        state["vaults"][VAULT] |= {
            "gateway-key": [version("theirs", tags={"env": "dev", "project": "aigateway"})],
            "inner-key": [version("ours", tags={**own, "more": "of the settings' owner"})],
        }
    ran = preflight(settings=given())
    policies, names = _problems(ran)
    assert policies.endswith(f"az keyvault update --name {VAULT} --enable-rbac-authorization true")
    assert "keyless needs, without its tags: gateway-key. Use another vault" in names
    assert f"note: the network rules of {VAULT} must let in whoever deploys" in ran.err


def test_a_vault_whose_secrets_cannot_be_listed_is_noted(
    given: Callable[..., EnvironmentSettings], preflight: Callable[..., Ran], azure: Cloud
) -> None:
    with azure.edit() as state:
        state["vaults_are_closed"] = True
    ran = preflight(settings=given())
    assert ran.code == 0, ran.err
    assert f"note: this login may not list the secrets of {VAULT}; continuing." in ran.err


def test_a_registry_of_another_host_or_with_permissions_by_repository_is_a_problem(
    given: Callable[..., EnvironmentSettings], preflight: Callable[..., Ran], azure: Cloud
) -> None:
    with azure.edit() as state:
        state["registries"][REGISTRY_NAME] |= {
            "loginServer": "givenimages-a1.azurecr.io",
            "roleAssignmentMode": "AbacRepositoryPermissions",
        }
    server, abac = _problems(preflight(settings=given()))
    assert server.startswith(
        f"The login server of {REGISTRY_NAME} is givenimages-a1.azurecr.io: set registry.login_server"
    )
    assert "registry.assign_role = false" in abac


def test_wider_roles_on_a_vault_and_a_registry_count(
    given: Callable[..., EnvironmentSettings], preflight: Callable[..., Ran], azure: Cloud
) -> None:
    settings = given("existing.assign_role = false\nregistry.assign_role = false\n")
    assert settings.existing.key_vault
    assert settings.registry
    with azure.edit() as state:
        state["role_assignments"] += [
            assignment("the-principal", "Contributor", settings.existing.key_vault, number=7),
            assignment("the-principal", "Contributor", settings.registry.id, number=8),
        ]
    (problem,) = _problems(preflight(settings=settings))  # a Contributor may not read secrets
    assert f"--role {SECRETS_USER} " in problem
    with azure.edit() as state:
        state["role_assignments"].append(assignment("the-principal", "Key Vault Secrets Officer", SCOPE, number=9))
    assert preflight(settings=settings).code == 0


def test_a_registry_with_permissions_by_repository_needs_another_role_of_its_owner(
    given: Callable[..., EnvironmentSettings], preflight: Callable[..., Ran], azure: Cloud
) -> None:
    settings = given("registry.assign_role = false\n")
    assert settings.registry
    with azure.edit() as state:
        state["registries"][REGISTRY_NAME] |= {"roleAssignmentMode": "AbacRepositoryPermissions"}
        state["role_assignments"].append(assignment("the-principal", "AcrPull", settings.registry.id, number=7))
    (problem,) = _problems(preflight(settings=settings))
    assert f"az role assignment create --role {REPOSITORY_READER} " in problem
    with azure.edit() as state:
        role = "Container Registry Repository Reader"
        state["role_assignments"].append(assignment("the-principal", role, settings.registry.id, number=8))
    ran = preflight(settings=settings)
    assert ran.code == 0, ran.err


def test_the_role_on_a_registry_that_this_login_may_not_read_is_told(
    given: Callable[..., EnvironmentSettings], preflight: Callable[..., Ran], azure: Cloud
) -> None:
    settings = given("registry.assign_role = false\n")
    azure.fail("acr show", code="AuthorizationFailed", message="No.")
    azure.fail("role assignment list", code="AuthorizationFailed", message="No.")
    ran = preflight(settings=settings)
    assert ran.code == 0, ran.err
    assert f"note: this login may not read {REGISTRY_NAME}; continuing." in ran.err
    assert f"az role assignment create --role {ACR_PULL} --assignee-object-id the-principal" in ran.err


def test_the_commands_for_roles_that_owners_assign(
    given: Callable[..., EnvironmentSettings], preflight: Callable[..., Ran], azure: Cloud
) -> None:
    settings = given("existing.assign_role = false\nregistry.assign_role = false\n")
    problems = _problems(preflight(settings=settings))
    assert settings.existing.key_vault
    assert settings.registry
    for problem, role, scope in zip(
        problems, (SECRETS_USER, ACR_PULL), (settings.existing.key_vault, settings.registry.id), strict=True
    ):
        assert f"az role assignment create --role {role} --assignee-object-id the-principal" in problem
        assert problem.endswith(f"--scope {scope}")
    with azure.edit() as state:
        state["identities"] = {}
    ran = preflight(settings=settings)
    assert ran.code == 0, ran.err
    assert "Its owner assigns it, after the first deployment has made the identity and stopped" in ran.err
