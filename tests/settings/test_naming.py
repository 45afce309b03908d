"""Names of resources: the convention to the letter where Azure takes it, otherwise short, telling and distinct."""

import re
from collections.abc import Iterator
from itertools import permutations
from string import ascii_lowercase, digits
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from settings.naming import CUSTOMARY_ENVS, RESOURCE_TYPES, Naming, ResourceKind

KINDS: tuple[ResourceKind, ...] = get_args(ResourceKind)

# Azure's rules once more, from its documentation and not from the table under test.
AZURE: dict[ResourceKind, str] = {
    "resource_group": r"(?=.{1,90}$)[A-Za-z0-9_().-]*[A-Za-z0-9_()-]",
    "log_analytics_workspace": r"(?=.{4,63}$)[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]",
    "container_app_environment": r"(?=.{2,60}$)[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]",
    "container_app": r"(?=.{2,32}$)(?!.*--)[a-z][a-z0-9-]*[a-z0-9]",
    "key_vault": r"(?=.{3,24}$)(?!.*--)[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]",
    "storage_account": r"[a-z0-9]{3,24}",
    "user_assigned_identity": r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
    "application_insights": r"(?=.{1,260}$)[A-Za-z0-9_.-]*[A-Za-z0-9_-]",
    "ai_account": r"(?=.{2,64}$)[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]",
    "state_resource_group": r"(?=.{1,90}$)[A-Za-z0-9_().-]*[A-Za-z0-9_()-]",
}
TO_THE_LETTER: dict[ResourceKind, str] = {
    "resource_group": "pvc-dev-aigateway-rg-san",
    "log_analytics_workspace": "pvc-dev-aigateway-law-san",
    "container_app_environment": "pvc-dev-aigateway-cae-san",
    "container_app": "pvc-dev-aigateway-ca-san",
    "key_vault": "pvc-dev-aigateway-kv-san",
    "storage_account": "pvcdevaigatewaystsan",
    "user_assigned_identity": "pvc-dev-aigateway-id-san",
    "application_insights": "pvc-dev-aigateway-appi-san",
    "ai_account": "pvc-dev-aigateway-ai-san",
    "state_resource_group": "pvc-dev-aigateway-tfrg-san",
}

kinds = st.sampled_from(KINDS)


def words(longest: int, letters: str = ascii_lowercase + digits) -> st.SearchStrategy[str]:
    return st.text(letters, min_size=2, max_size=longest).filter(lambda word: word[0].isalpha())


def projects(longest: int, letters: str = ascii_lowercase + digits) -> st.SearchStrategy[str]:
    more = st.lists(st.text(letters, min_size=1, max_size=longest), max_size=2)
    return st.builds(lambda first, others: "-".join([first, *others]), words(longest, letters), more)


namings = st.builds(
    Naming,
    env=st.sampled_from(sorted(CUSTOMARY_ENVS)) | words(10),
    projname=projects(12),
    location_short=st.sampled_from(["san", "weu", "swc"]) | words(8),
)
# Few letters, those of the types and of customary environments: here two names are most likely to meet.
crowded = st.builds(
    Naming,
    env=st.sampled_from(["dev", "de", "devst", "st", "test", "tes"]),
    projname=projects(4, "adestvk"),
    location_short=words(3, "adestvk"),
)


def _to_the_letter(naming: Naming, kind: ResourceKind) -> str:
    name = f"pvc-{naming.env}-{naming.projname}-{RESOURCE_TYPES[kind].short}-{naming.location_short}"
    return name.replace("-", "") if kind == "storage_account" else name


def _naming(**parts: str) -> Naming | None:
    try:
        return Naming.model_validate(parts)
    except ValidationError:
        return None


def _readings(name: str, kind: ResourceKind) -> Iterator[Naming]:
    """All parts whose name to the letter would be this one (for storage accounts: of projects without a hyphen)."""
    hyphen = "" if kind == "storage_account" else "-"
    inner = re.compile(hyphen + RESOURCE_TYPES[kind].short + hyphen)
    for env_end in range(5, min(len(name), 16)):
        env, rest = name[3 + len(hyphen) : env_end], name[env_end:]
        for start in range(len(rest)):
            if rest.startswith(hyphen) and (found := inner.match(rest, start)):
                parts = {"projname": rest[len(hyphen) : start], "location_short": rest[found.end() :]}
                if naming := _naming(env=env, **parts):
                    yield naming


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


@given(namings)
def test_the_resources_of_an_environment_have_names_of_their_own(naming: Naming) -> None:
    assert len({naming.name(kind) for kind in KINDS}) == len(KINDS)


@given(st.lists(namings | crowded, unique=True, min_size=2, max_size=40), kinds)
def test_different_parts_give_different_names(different: list[Naming], kind: ResourceKind) -> None:
    assert len({naming.name(kind) for naming in different}) == len(different)


@given(namings | crowded, kinds)
def test_no_other_parts_can_be_read_into_a_name(naming: Naming, kind: ResourceKind) -> None:
    """Neither into one to the letter nor into a shortened one."""
    name = naming.name(kind)

    assert all(other == naming or other.name(kind) != name for other in _readings(name, kind))


@given(st.lists(st.sampled_from(["de", "dev", "test", "s", "t", "st", "v"]), min_size=3, max_size=7).map("".join))
def test_storage_accounts_that_would_be_spelled_alike_are_told_apart(text: str) -> None:
    readings = list(_readings(f"pvc{text}", "storage_account"))
    assume(len(readings) > 1)

    names = [naming.name("storage_account") for naming in readings]
    assert len(set(names)) == len(names)


def test_hyphens_of_a_project_tell_storage_accounts_apart() -> None:
    projects = ["ab", "a-b"]
    names = {Naming(env="dev", projname=name, location_short="san").name("storage_account") for name in projects}

    assert len(names) == 2
    assert "pvcdevabstsan" in names


def test_no_customary_environment_begins_another() -> None:
    assert not any(longer.startswith(env) for env, longer in permutations(CUSTOMARY_ENVS, 2))


def test_long_names_that_differ_at_their_end_alone_stay_apart() -> None:
    numbered = [Naming(env="staging", projname=f"project-{n}", location_short="san") for n in range(5000)]
    for kind in KINDS:
        assert len({naming.name(kind) for naming in numbered}) == len(numbered)


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
