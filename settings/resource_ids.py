"""Ids of Azure's resources, as `az ... show --query id` prints them.

Azure compares them without regard to case, and az prints some of them in lower case; Terraform compares them letter by
letter. So the words of an id get their usual case here, and its names keep theirs.
"""

import re

from pydantic import AfterValidator, StringConstraints, WrapValidator

from settings.values import must_be, refused

RESOURCE_ID = StringConstraints(
    pattern="^/[sS]ubscriptions/[0-9a-fA-F-]{36}/[rR]esource[gG]roups/[^/]{1,90}/[pP]roviders/[^/]+(/[^/]+/[^/]+)+$"
)

_NIL = "00000000-0000-0000-0000-000000000000"


def _given(text: str) -> str:
    if _NIL in text:
        raise refused(f"must be an id of yours: {_NIL} is the placeholder of documents")
    return text


GIVEN = AfterValidator(_given)
"""An id, or one of a resource, that was not copied from a document as it is."""


def printed_by(command: str, *, what: str) -> WrapValidator:
    """The message for what is no id at all."""
    return must_be(f"the id of {what}, as `{command} --query id --output tsv` prints it")


def of_kind(kind: str, *, name: str, what: str) -> AfterValidator:
    """An id of this type of resource, like `Microsoft.KeyVault/vaults`; `name` is the pattern of its names.

    That of a resource in another one, like `Microsoft.Network/virtualNetworks/subnets`, has both names.
    """
    _, *types = kind.split("/")

    def check(text: str) -> str:
        parts = text.split("/")
        found, names = "/".join([parts[6], *parts[7::2]]), parts[8::2]
        if found.lower() != kind.lower():
            raise refused(f"must be the id of {what} ({kind}); this one is that of a {found}")
        if re.fullmatch(name, names[-1], re.ASCII) is None:
            raise refused(f"must end with the name of {what}, which {names[-1]} cannot be")
        _given(text)
        path = "".join(f"/{type_}/{given}" for type_, given in zip(types, names, strict=True))
        return f"/subscriptions/{parts[2].lower()}/resourceGroups/{parts[4]}/providers/{kind.split('/')[0]}{path}"

    return AfterValidator(check)


def subscription_of(resource: str) -> str:
    """The subscription in a resource's id."""
    return resource.split("/")[2]


def group_of(resource: str) -> str:
    """The resource group in a resource's id."""
    return resource.split("/")[4]


def name_of(resource: str) -> str:
    """The name in a resource's id."""
    return resource.rpartition("/")[2]
