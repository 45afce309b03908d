"""Parts of names for property tests."""

from string import ascii_lowercase, digits
from typing import get_args

from hypothesis import strategies as st

from settings.naming import CUSTOMARY_ENVS, RESERVED, Naming, ResourceKind

KINDS: tuple[ResourceKind, ...] = get_args(ResourceKind)

kinds = st.sampled_from(KINDS)


def words(longest: int, letters: str = ascii_lowercase + digits) -> st.SearchStrategy[str]:
    return st.text(letters, min_size=2, max_size=longest).filter(lambda word: word[0].isalpha() and _is_free(word))


def projects(longest: int, letters: str = ascii_lowercase + digits) -> st.SearchStrategy[str]:
    more = st.lists(st.text(letters, min_size=1, max_size=longest), max_size=2)
    return st.builds(lambda first, others: "-".join([first, *others]), words(longest, letters), more).filter(_is_free)


def _is_free(part: str) -> bool:
    """Hypothesis tries the words that it finds in the code."""
    return not any(word in part for word in RESERVED)


namings = st.builds(
    Naming,
    env=st.sampled_from(sorted(CUSTOMARY_ENVS)) | words(10),
    projname=projects(12),
    location_short=st.sampled_from(["san", "weu", "swc"]) | words(8),
)
