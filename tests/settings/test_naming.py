"""Names of resources: the convention to the letter where Azure takes it, otherwise short, telling and distinct."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from settings.naming import CUSTOMARY_ENVS, RESOURCE_TYPES, Naming, ResourceKind
from tests.settings.parts import KINDS, kinds, namings, words

# Azure's rules once more, from its documentation and not from the table under test.
AZURE: dict[ResourceKind, str] = {
    "resource_group": r"(?=.{1,90}$)[A-Za-z0-9_().-]*[A-Za-z0-9_()-]",
    "log_analytics_workspace": r"(?=.{4,63}$)[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]",
    "container_app_environment": r"(?=.{2,60}$)[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]",
    "container_app": r"(?=.{2,32}$)(?!.*--)[a-z][a-z0-9-]*[a-z0-9]",
    "key_vault": r"(?=.{3,24}$)(?!.*--)[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]",
    "storage_account": r"[a-z0-9]{3,24}",
    "user_assigned_identity": r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
    "state_resource_group": r"(?=.{1,90}$)[A-Za-z0-9_().-]*[A-Za-z0-9_()-]",
    "ai_account": r"(?=.{2,64}$)[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]",
    "ai_project": r"(?=.{2,64}$)[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]",
    "application_insights": r"(?=.{1,260}$)[^%&\\?/#\x00-\x1f]*[^%&\\?/#\x00-\x1f .]",
    "action_group": r"(?=.{1,260}$)[^:<>+/&%\\?|\x00-\x1f]*[^:<>+/&%\\?|\x00-\x1f .]",
    "alert": r"(?=.{1,260}$)[^*<>%{}&:\\?/#|\x00-\x1f]*[^*<>%{}&:\\?/#|\x00-\x1f .]",
    "web_test": r"(?=.{1,260}$)[^:<>+/&%\\?|\x00-\x1f]*[^:<>+/&%\\?|\x00-\x1f .]",
    "budget": r"[A-Za-z0-9_-]{1,63}",
    "deploy_identity": r"[^<>;&%]{1,120}",
    "read_identity": r"[^<>;&%]{1,120}",
}
TO_THE_LETTER: dict[ResourceKind, str] = {
    "resource_group": "pvc-dev-aigateway-rg-san",
    "log_analytics_workspace": "pvc-dev-aigateway-law-san",
    "container_app_environment": "pvc-dev-aigateway-cae-san",
    "container_app": "pvc-dev-aigateway-ca-san",
    "key_vault": "pvc-dev-aigateway-kv-san",
    "storage_account": "pvcdevaigatewaystsan",
    "user_assigned_identity": "pvc-dev-aigateway-id-san",
    "state_resource_group": "pvc-dev-aigateway-tfrg-san",
    "ai_account": "pvc-dev-aigateway-ai-san",
    "ai_project": "pvc-dev-aigateway-proj-san",
    "application_insights": "pvc-dev-aigateway-appi-san",
    "action_group": "pvc-dev-aigateway-ag-san",
    "alert": "pvc-dev-aigateway-alert-san",
    "web_test": "pvc-dev-aigateway-wt-san",
    "budget": "pvc-dev-aigateway-budget-san",
    "deploy_identity": "pvc-dev-aigateway-deploy-san",
    "read_identity": "pvc-dev-aigateway-read-san",
}


def _to_the_letter(naming: Naming, kind: ResourceKind) -> str:
    name = f"pvc-{naming.env}-{naming.projname}-{RESOURCE_TYPES[kind].short}-{naming.location_short}"
    return name.replace("-", "") if kind == "storage_account" else name


@pytest.mark.parametrize(("kind", "name"), TO_THE_LETTER.items())
def test_the_convention_holds_to_the_letter_for_every_resource_of_dev(kind: ResourceKind, name: str) -> None:
    assert Naming(env="dev", projname="aigateway", location_short="san").name(kind) == name


@pytest.mark.parametrize(
    ("env", "projname", "kind", "name"),
    [
        ("staging", "aigateway", "key_vault", "pvc-staging-pvqjcwt3-kv"),
        ("prod", "aigateway", "key_vault", "pvc-prod-san-a2s34dp3-kv"),
        ("prod", "aigateway", "storage_account", "pvcprodaigatewaystsan"),
        ("staging", "aigateway", "storage_account", "pvcstagingaigatewaystsan"),
        ("staging", "customer-portal", "container_app", "pvc-staging-cust-san-iqb2mgnj-ca"),
        ("dev", "customer-portal", "storage_account", "pvcdevcustosanoc42bjjost"),
        ("production", "aigateway", "key_vault", "pvc-production-juv4yu-kv"),
        ("dev", "invoice-portal-backend", "container_app", "pvc-dev-invoice-san-evyc4wri-ca"),
    ],
)
def test_a_name_stays_the_same_for_ever(env: str, projname: str, kind: ResourceKind, name: str) -> None:
    """Another name would be another resource: Terraform would destroy the old one."""
    assert Naming(env=env, projname=projname, location_short="san").name(kind) == name


def test_one_letter_of_a_project_is_left_out_because_it_tells_nothing() -> None:
    naming = Naming(env="dev", projname="customer-portal", location_short="we")

    assert naming.name("key_vault") == "pvc-dev-we-6wjaha4i-kv"


@given(namings, kinds)
def test_azure_takes_every_name(naming: Naming, kind: ResourceKind) -> None:
    assert re.fullmatch(AZURE[kind], naming.name(kind))


@given(namings, kinds)
def test_the_same_parts_give_the_same_name(naming: Naming, kind: ResourceKind) -> None:
    assert naming.name(kind) == Naming.model_validate(naming.model_dump()).name(kind)


@given(namings, kinds.filter(lambda kind: kind != "storage_account"))
def test_a_name_that_azure_takes_is_the_convention_to_the_letter(naming: Naming, kind: ResourceKind) -> None:
    full = _to_the_letter(naming, kind)

    assert (naming.name(kind) == full) == bool(re.fullmatch(AZURE[kind], full))


@given(st.sampled_from(sorted(CUSTOMARY_ENVS)), words(9))
def test_a_storage_account_of_a_customary_environment_is_the_convention_without_hyphens(env: str, project: str) -> None:
    naming = Naming(env=env, projname=project, location_short="san")

    assert naming.name("storage_account") == f"pvc{env}{project}stsan"


@given(namings, kinds)
def test_every_name_tells_environment_and_type(naming: Naming, kind: ResourceKind) -> None:
    name, short = naming.name(kind), RESOURCE_TYPES[kind].short

    if kind == "storage_account":
        assert name.startswith(f"pvc{naming.env}")
        assert name.endswith((short, short + naming.location_short))
    else:
        assert name.startswith(f"pvc-{naming.env}-")
        assert name.endswith((f"-{short}", f"-{short}-{naming.location_short}"))


@given(namings, words(8))
def test_a_resource_in_another_region_ends_in_that_ones_name(naming: Naming, region: str) -> None:
    there = naming.model_copy(update={"location_short": region})

    assert naming.name("ai_account", location_short=region) == there.name("ai_account")
    assert re.fullmatch(AZURE["ai_account"], there.name("ai_account"))


def test_each_alert_has_a_name_of_its_own() -> None:
    naming = Naming(env="dev", projname="aigateway", location_short="san")

    assert naming.name("alert", part="no-region-left") == "pvc-dev-aigateway-alert-san-no-region-left"


@given(namings)
def test_the_resources_of_an_environment_have_names_of_their_own(naming: Naming) -> None:
    assert len({naming.name(kind) for kind in KINDS}) == len(KINDS)


def test_the_table_has_every_type() -> None:
    assert tuple(RESOURCE_TYPES) == KINDS
    assert {kind for kind, row in RESOURCE_TYPES.items() if row.unique_in == "world"} == {
        "key_vault",
        "storage_account",
        "ai_account",
    }


@pytest.mark.parametrize(
    "part", [{"env": "a-b"}, {"env": "d"}, {"projname": "a--b"}, {"projname": "A"}, {"location_short": "s-n"}]
)
def test_parts_that_would_break_the_convention_are_refused(part: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="must be 2 to"):
        Naming.model_validate({"env": "dev", "projname": "aigateway", "location_short": "san"} | part)
