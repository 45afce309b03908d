"""Tags of resources, by Azure's rules.

Sources: https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations, and for the
secrets of a vault https://learn.microsoft.com/azure/key-vault/secrets/about-secrets#secret-tags. Reserved beginnings of
names: https://learn.microsoft.com/rest/api/resources/tags/create-or-update.
"""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from settings.values import must_be, refused

_OWN = ("env", "project")
_RESERVED = ("microsoft", "azure", "windows")
_CDKTF_TOKEN = "TfToken["  # noqa: S105 - the beginning of a placeholder
_MOST = 15 - len(_OWN)


def _a_table(value: object) -> object:
    if not isinstance(value, dict):
        raise refused("must be a table of texts", in_a_variable="must be JSON: an object of texts by name")
    return value


def _distinct_and_not_too_many(tags: dict[str, str]) -> dict[str, str]:
    """Azure compares names without regard to case."""
    names = [name.lower() for name in tags]
    if taken := sorted({name for name in names if names.count(name) > 1}):
        raise refused(f"must have names that differ by more than case; duplicates: {', '.join(taken)}")
    if own := [name for name in _OWN if name in names]:
        raise refused(f"must not set {' or '.join(own)}: the stack sets them from env and projname")
    if reserved := [name for name in names if name.startswith(_RESERVED)]:
        raise refused(
            f"must not start with {', '.join(_RESERVED)}, which Azure reserves, as {', '.join(reserved)} does"
        )
    if any(_CDKTF_TOKEN in text for tag in tags.items() for text in tag) or "__proto__" in tags:
        raise refused(f"must have neither {_CDKTF_TOKEN} nor the name __proto__, which CDKTF interprets")
    if len(tags) > _MOST:
        raise refused(f"must be at most {_MOST}: a Key Vault secret takes 15, and {' and '.join(_OWN)} are added")
    return tags


TagName = Annotated[
    str,
    StringConstraints(pattern=r"^[^<>%&\\?/]{1,512}$"),
    must_be(r"a name of 1 to 512 characters without any of <>%&\?/"),
]
TagValue = Annotated[str, StringConstraints(max_length=256), must_be("a text of at most 256 characters")]
Tags = Annotated[dict[TagName, TagValue], BeforeValidator(_a_table), AfterValidator(_distinct_and_not_too_many)]
