"""Names of resources: the house convention, fitted to Azure's rules.

The convention is `pvc-{env}-{projname}-{type}-{location}`; a storage account may not hold hyphens and is called
the same without them. A name that Azure accepts is the convention to the letter. One that is too long keeps
company, environment and type, as much of project and location as there is room for, and a digest of the whole:
`pvc-staging-pvqjcwt3-kv`. The same parts give the same name for ever.

Different parts never share a name, unless two digests of 40 bits (30 at the very least) collide:

* A name to the letter ends in type and location, a shortened one in digest and type: the two never meet.
* Without hyphens a name to the letter may have two readings ("dev" and "ai", "de" and "vai"). Where it could,
  it is replaced by a shortened one; see `_has_one_reading`.

Azure's rules: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules; for container
apps https://learn.microsoft.com/azure/container-apps/containers.
"""

import re
from base64 import b32encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints

from settings.values import Group, must_be, refused

COMPANY = "pvc"
DIGEST_LENGTH = 8
# None begins another one: with that, the environment ends at one place only, hyphens or not.
CUSTOMARY_ENVS = frozenset({"dev", "test", "qa", "uat", "staging", "preprod", "prod", "demo", "sandbox"})

# https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-reserved-resource-name. Its other words
# are reserved as a whole name or at the beginning of one, where a name has the company here.
RESERVED = ("microsoft", "windows")


def _not_reserved(part: str) -> str:
    if found := [word for word in RESERVED if word in part]:
        raise refused(f"must not contain {found[0]}: Azure reserves the word in names of resources")
    return part


NOT_RESERVED = AfterValidator(_not_reserved)
Env = Annotated[
    str,
    StringConstraints(pattern="^[a-z][a-z0-9]{1,9}$"),
    must_be("2 to 10 lower-case letters and digits, starting with a letter"),
    NOT_RESERVED,
]
ProjectName = Annotated[
    str,
    StringConstraints(pattern="^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=2, max_length=40),
    must_be("2 to 40 lower-case letters, digits and single inner hyphens, starting with a letter"),
    NOT_RESERVED,
]
LocationShort = Annotated[
    str,
    StringConstraints(pattern="^[a-z][a-z0-9]{1,7}$"),
    must_be("2 to 8 lower-case letters and digits, starting with a letter"),
    NOT_RESERVED,
]
Location = Annotated[
    str,
    StringConstraints(pattern="^[a-z][a-z0-9]{1,49}$"),
    must_be("an Azure region as in `az account list-locations`, like southafricanorth"),
]
ResourceKind = Literal[
    "resource_group",
    "log_analytics_workspace",
    "container_app_environment",
    "container_app",
    "key_vault",
    "storage_account",
    "user_assigned_identity",
    "state_resource_group",
    "ai_account",
    "ai_project",
    "application_insights",
    "action_group",
    "alert",
    "web_test",
    "budget",
    "deploy_identity",
    "read_identity",
]


@dataclass(frozen=True)
class ResourceType:
    """Azure's rules for the names of one type, with the convention's short word for it."""

    short: str
    shortest: int
    longest: int
    characters: str
    unique_in: Literal["subscription", "resource group", "environment", "account", "tenant", "world"]
    separator: str = "-"

    def accepts(self, name: str) -> bool:
        """Whether Azure accepts the name."""
        return self.shortest <= len(name) <= self.longest and re.fullmatch(self.characters, name, re.ASCII) is not None

    def join(self, *parts: str) -> str:
        return "-".join(parts).replace("-", self.separator)


_GROUP = r"[\w().-]*[\w()-]"
_WORDS = "[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]"
_VAULT = "[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*"
_APP = "[a-z][a-z0-9]*(-[a-z0-9]+)*"

RESOURCE_TYPES: dict[ResourceKind, ResourceType] = {
    "resource_group": ResourceType("rg", 1, 90, _GROUP, "subscription"),
    "log_analytics_workspace": ResourceType("law", 4, 63, _WORDS, "resource group"),
    "container_app_environment": ResourceType("cae", 2, 60, _WORDS, "resource group"),
    "container_app": ResourceType("ca", 2, 32, _APP, "environment"),
    "key_vault": ResourceType("kv", 3, 24, _VAULT, "world"),
    "storage_account": ResourceType("st", 3, 24, "[a-z0-9]+", "world", separator=""),
    "user_assigned_identity": ResourceType("id", 3, 128, r"[A-Za-z0-9][\w-]*", "resource group"),
    "state_resource_group": ResourceType("tfrg", 1, 90, _GROUP, "subscription"),
    "ai_account": ResourceType("ai", 2, 64, _WORDS, "world"),
    "ai_project": ResourceType("proj", 2, 64, _WORDS, "account"),
    "application_insights": ResourceType("appi", 1, 260, _WORDS, "resource group"),
    "action_group": ResourceType("ag", 1, 260, _WORDS, "resource group"),
    "alert": ResourceType("alert", 1, 260, _WORDS, "resource group"),
    "web_test": ResourceType("wt", 1, 260, _WORDS, "resource group"),
    "budget": ResourceType("budget", 1, 63, _WORDS, "resource group"),
    # App registrations, which Entra ID finds by any name; the custom role has the name of the one that reads.
    "deploy_identity": ResourceType("deploy", 1, 120, _WORDS, "tenant"),
    "read_identity": ResourceType("read", 1, 120, _WORDS, "tenant"),
}


class Naming(Group):
    """Names the resources of one environment."""

    env: Env
    projname: ProjectName
    location_short: LocationShort

    def name(self, kind: ResourceKind, *, location_short: str | None = None, part: str = "") -> str:
        """The name of the environment's resource of this kind; Azure accepts it.

        A resource in another region has that one's `location_short`. Of several of a kind, each has a `part` of its
        own at the end; only alerts are several, whose names have room for it.
        """
        if location_short:
            return self.model_copy(update={"location_short": location_short}).name(kind, part=part)
        if part:
            return f"{self.name(kind)}-{part}"
        resource = RESOURCE_TYPES[kind]
        parts = (COMPANY, self.env, self.projname, resource.short, self.location_short)
        name = resource.join(*parts)
        if resource.accepts(name) and (resource.separator or self._has_one_reading(resource)):
            return name
        return self._shortened(resource, digest=_digest("-".join(parts)))

    def _has_one_reading(self, resource: ResourceType) -> bool:
        """Whether environment and project can be told apart without hyphens."""
        return self.env in CUSTOMARY_ENVS and "-" not in self.projname and resource.short not in self.location_short

    def _shortened(self, resource: ResourceType, *, digest: str) -> str:
        head = resource.join(COMPANY, self.env)
        digest = digest[: resource.longest - len(resource.join(head, "", resource.short))]
        tail = resource.join("", digest, resource.short)
        room = resource.longest - len(head) - len(tail)

        location = resource.join("", self.location_short)
        if len(location) > room:
            location = ""
        project = resource.join("", self.projname)[: room - len(location)].rstrip("-")
        if len(project) < 3:  # one letter tells nothing
            project = ""
        return head + project + location + tail


def plan_identity(projname: str) -> str:
    """The app registration that plans for every environment of the project."""
    return f"{COMPANY}-{projname}-plan"


def _digest(text: str) -> str:
    return b32encode(sha256(text.encode()).digest()).decode().lower()[:DIGEST_LENGTH]
