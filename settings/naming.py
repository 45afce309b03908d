"""Resource names: the house convention, fitted to Azure's rules.

The convention is `pvc-{env}-{projname}-{type}-{location}`; a storage account, which may not hold hyphens,
is called the same without them. A name that fits is the convention to the letter. One that does not is
shortened: company and environment first, then as much of location and project as there is room for, a digest
of the full name, and the type: `pvc-staging-k3x9q2m7-kv`. The same input gives the same name for ever.

Two different inputs never share a name, short of a collision of the digests (40 bits, and never below 30):

* Shortened names end in the type, names to the letter in a location, so that the two never meet.
* Without hyphens a name to the letter can be read in two ways ("dev" + "ai" is "de" + "vai"). So it is only
  used where it has one reading: the environment is a customary one, of which none begins another; the project
  has no hyphen; the location has no "st", so that the last "st" is the type.

Rules: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules and, for container
apps, https://learn.microsoft.com/azure/container-apps/containers
"""

from base64 import b32encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from settings.values import must_be

Env = Annotated[
    str,
    StringConstraints(pattern="^[a-z][a-z0-9]{1,9}$"),
    must_be("2 to 10 lower-case letters and digits, starting with a letter"),
]
ProjectName = Annotated[
    str,
    StringConstraints(pattern="^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=2, max_length=40),
    must_be("2 to 40 lower-case letters, digits and single inner hyphens, starting with a letter"),
]
LocationShort = Annotated[
    str,
    StringConstraints(pattern="^[a-z][a-z0-9]{1,7}$"),
    must_be("2 to 8 lower-case letters and digits, starting with a letter"),
]

ResourceKind = Literal[
    "resource_group",
    "log_analytics_workspace",
    "container_app_environment",
    "container_app",
    "key_vault",
    "storage_account",
    "user_assigned_identity",
    "application_insights",
    "ai_account",
    "state_resource_group",
]


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One row of Azure's rules; the convention's own characters satisfy all of them but the hyphen."""

    short: str
    longest: int
    unique_in: Literal["subscription", "resource group", "environment", "world"]
    hyphens: bool = True

    def joined(self, *parts: str) -> str:
        name = "-".join(parts)
        return name if self.hyphens else name.replace("-", "")


RESOURCE_TYPES: dict[ResourceKind, ResourceType] = {
    "resource_group": ResourceType(short="rg", longest=90, unique_in="subscription"),
    "log_analytics_workspace": ResourceType(short="law", longest=63, unique_in="resource group"),
    "container_app_environment": ResourceType(short="cae", longest=60, unique_in="resource group"),
    "container_app": ResourceType(short="ca", longest=32, unique_in="environment"),
    "key_vault": ResourceType(short="kv", longest=24, unique_in="world"),
    "storage_account": ResourceType(short="st", longest=24, unique_in="world", hyphens=False),
    "user_assigned_identity": ResourceType(short="id", longest=128, unique_in="resource group"),
    "application_insights": ResourceType(short="appi", longest=260, unique_in="resource group"),
    "ai_account": ResourceType(short="ai", longest=64, unique_in="world"),
    "state_resource_group": ResourceType(short="tfrg", longest=90, unique_in="subscription"),
}

COMPANY = "pvc"
DIGEST_LENGTH = 8
# No member may begin another one (see the module's docstring).
CUSTOMARY_ENVS = frozenset({"dev", "test", "qa", "uat", "staging", "preprod", "prod", "demo", "sandbox"})


class Naming(BaseModel):
    """Names the resources of one environment; a wrong part is a pydantic `ValidationError`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: Env
    projname: ProjectName
    location_short: LocationShort

    def name(self, kind: ResourceKind) -> str:
        """The name of the environment's resource of this kind, valid for Azure."""
        resource = RESOURCE_TYPES[kind]
        full = [COMPANY, self.env, self.projname, resource.short, self.location_short]
        name = resource.joined(*full)
        if len(name) <= resource.longest and (resource.hyphens or self._has_one_reading(resource)):
            return name
        return self._shortened(resource, digest=_digest("-".join(full)))

    def _has_one_reading(self, resource: ResourceType) -> bool:
        return self.env in CUSTOMARY_ENVS and "-" not in self.projname and resource.short not in self.location_short

    def _shortened(self, resource: ResourceType, *, digest: str) -> str:
        """Spends the characters in the order of what a reader needs most; `room` is what is left of them."""
        room = resource.longest - len(resource.joined(COMPANY, self.env, "", resource.short))
        digest = digest[:room]
        room -= len(digest)
        kept: list[str] = []
        for part, least in ((self.location_short, len(self.location_short)), (self.projname, 2)):
            fitting = resource.joined("", part)[:room].rstrip("-")
            if len(fitting) >= len(resource.joined("", part[:least])):
                kept.insert(0, fitting.removeprefix("-"))
                room -= len(fitting)
        return resource.joined(COMPANY, self.env, *kept, digest, resource.short)


def _digest(text: str) -> str:
    return b32encode(sha256(text.encode()).digest()).decode().lower()[:DIGEST_LENGTH]
