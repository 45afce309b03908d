"""Different parts never share a name, not even where hyphens are lost."""

import re
from collections.abc import Iterator
from itertools import permutations

from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from settings.naming import CUSTOMARY_ENVS, RESOURCE_TYPES, Naming, ResourceKind
from tests.settings.parts import KINDS, kinds, namings, projects, words

# Few letters, those of the types and of customary environments: here two names are most likely to meet.
crowded = st.builds(
    Naming,
    env=st.sampled_from(["dev", "de", "devst", "st", "test", "tes"]),
    projname=projects(4, "adestvk"),
    location_short=words(3, "adestvk"),
)

syllables = st.lists(st.sampled_from(["de", "dev", "test", "s", "t", "st", "v"]), min_size=1, max_size=3).map("".join)


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


@given(st.lists(namings | crowded, unique=True, min_size=2, max_size=40), kinds)
def test_different_parts_give_different_names(different: list[Naming], kind: ResourceKind) -> None:
    assert len({naming.name(kind) for naming in different}) == len(different)


@given(namings | crowded, kinds)
def test_no_other_parts_can_be_read_into_a_name(naming: Naming, kind: ResourceKind) -> None:
    """Neither into one to the letter nor into a shortened one."""
    name = naming.name(kind)

    assert all(other == naming or other.name(kind) != name for other in _readings(name, kind))


@given(st.lists(syllables, min_size=3, max_size=4).map("st".join))
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
