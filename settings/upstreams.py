"""Several Azure OpenAI resources, usually one per region: existing ones, and owned ones that the stack makes."""

import json
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, StringConstraints, Tag, field_validator

from settings.azure_openai import AUTH_DEFAULT, Auth, Deployment, Endpoint, check_endpoint, resource_of
from settings.locations import check_location, check_short
from settings.naming import Location, LocationShort
from settings.resource_ids import GIVEN
from settings.secret_names import CLIENT_KEY
from settings.traffic import Networks, private_networks
from settings.values import FieldPath, Group, Name, Switch, at_most, list_of, must_be, refused, tables, whole_number

_Standard = Literal["GlobalStandard", "DataZoneStandard", "Standard"]
_Provisioned = Literal["GlobalProvisionedManaged", "DataZoneProvisionedManaged", "ProvisionedManaged"]
_SKUS: tuple[str, ...] = (*get_args(_Standard), *get_args(_Provisioned))
_SAME_EVERYWHERE = ("model", "version", "format")
_OF_THE_PLATFORM = ("identity", "msi", "imds")
"""Their NAME_ENDPOINT is where azure-identity asks for tokens, with a secret header."""


def _public(networks: tuple[str, ...]) -> tuple[str, ...]:
    """https://learn.microsoft.com/azure/ai-services/cognitive-services-virtual-networks (IP network rules)."""
    if private := private_networks(networks):
        raise refused(f"must be public networks: Azure refuses private ones like {', '.join(private)}")
    return networks


AccountId = Annotated[
    str,
    StringConstraints(
        pattern="^/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]{1,90}/providers/Microsoft.CognitiveServices/"
        "accounts/[A-Za-z0-9-]{2,64}$"
    ),
    must_be("the id of an account, as `az cognitiveservices account list` prints it"),
    GIVEN,
]
ModelVersion = Annotated[
    str,
    StringConstraints(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"),
    must_be('the version of the model, as a text like "2026-02-24"'),
]
Sku = Annotated[_Standard | _Provisioned, must_be(f"one of {', '.join(map(json.dumps, _SKUS))}")]


class _Upstream(Group):
    name: Name = Field(description="Its name in logs, and the beginning of the names of its variables.")
    priority: Annotated[int, whole_number(1, 100)] = Field(
        1, description="1 is tried first, a higher number after a failure. Equal priorities share the requests."
    )

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name.startswith(CLIENT_KEY):
            raise refused(f'must not start with "{CLIENT_KEY}", as the keys of the projects do')
        if name.startswith("github"):
            raise refused('must not start with "github": GitHub reserves such names of secrets, of which it begins one')
        if name in _OF_THE_PLATFORM:
            raise refused(f"must be another name: {name.upper()}_ENDPOINT is a variable of the managed identity")
        return name

    @property
    @abstractmethod
    def deployment_names(self) -> tuple[str, ...] | None:
        """The deployments there; None: those of all models."""

    def serves(self, deployment: str) -> bool:
        """Whether a model of this deployment can be called here."""
        names = self.deployment_names
        return names is None or deployment in names


class ExistingUpstream(_Upstream):
    """A resource that exists already: a table with `endpoint`."""

    endpoint: Endpoint = Field(description="Root of the Azure OpenAI resource; a final slash is dropped.")
    auth: Auth | None = Field(
        None,
        description="How the gateway authenticates there: with an API key, which is a secret of its own, or with its "
        f"managed identity. {AUTH_DEFAULT}",
    )
    account_id: AccountId | None = Field(
        None,
        description="Id of the resource. If given, the stack assigns the gateway's identity its role there, which "
        "whoever deploys must be allowed to do. Only for managed identity.",
    )
    deployments: Annotated[tuple[Deployment, ...], list_of("deployments")] | None = Field(
        None, description="Deployments that exist there. Default: those of all models."
    )

    @property
    def deployment_names(self) -> tuple[str, ...] | None:
        """As the file lists them."""
        return self.deployments


class OwnedDeployment(Group):
    """A deployment that the stack makes. The same name in several regions must be the same model and version.

    Sources: https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/deployment-types (SKUs) and
    .../azure/ai-services/openai/how-to/quota.
    """

    name: Deployment = Field(description="Name of the deployment, by which models name it.")
    model: Deployment = Field(
        default_factory=lambda given: given["name"],
        description="Azure's name of the model; by default that of the deployment. A model's `base_model` must be the "
        "same.",
    )
    version: ModelVersion = Field(description="Version of the model. Azure never replaces it by another one by itself.")
    format: Annotated[Literal["OpenAI"], must_be('"OpenAI"')] = Field("OpenAI", description="Format of the model.")
    sku: Sku = Field("GlobalStandard", description="Where requests are processed, and how they are paid.")
    capacity: Annotated[int, whole_number(1, 1_000_000)] = Field(
        description="Quota in thousands of tokens per minute; of a provisioned SKU, its number of units."
    )

    @property
    def tokens_per_minute(self) -> int | None:
        """Azure's quota; None for a provisioned SKU, which has none in tokens."""
        return None if self.sku in get_args(_Provisioned) else self.capacity * 1000


def _some(deployments: tuple[OwnedDeployment, ...]) -> tuple[OwnedDeployment, ...]:
    if not deployments:
        raise refused("must have at least one deployment")
    return deployments


class OwnedUpstream(_Upstream):
    """A resource that the stack makes, without keys: a table with `location`. Its name follows the convention."""

    location: Location = Field(description="Azure region of the resource.")
    location_short: LocationShort = Field(description="Short name of the region; the end of the resource's name.")
    auth: Annotated[
        Literal["managed_identity"], must_be('"managed_identity": the stack makes this resource without keys')
    ] = Field("managed_identity", description="How the gateway authenticates there.")
    deployments: Annotated[tuple[OwnedDeployment, ...], tables("[[upstreams.deployments]]"), AfterValidator(_some)] = (
        Field(description="The deployments to make.")
    )
    ip_allowlist: Annotated[Networks, AfterValidator(_public)] = Field(
        (),
        description="Public IPv4 networks that may call the resource. Give the gateway's own outbound address, too. If "
        "empty, any address may.",
    )
    foundry_project: Switch = Field(default=False, description="Make a Foundry project in the resource.")

    @property
    def deployment_names(self) -> tuple[str, ...] | None:
        """Those that the stack makes."""
        return tuple(deployment.name for deployment in self.deployments)


Upstream = ExistingUpstream | OwnedUpstream
KINDS: Mapping[str, type[Upstream]] = {"[existing]": ExistingUpstream, "[owned]": OwnedUpstream}
"""By the mark that pydantic puts into the path of a field of it; no message shows the mark."""


def _is_of_one_kind(table: object) -> object:
    if isinstance(table, dict) and ("endpoint" in table) == ("location" in table):
        found = "both" if "endpoint" in table else "neither"
        raise refused(
            f"has {found}: must have either endpoint (of a resource that exists) or location (of one that the stack "
            "makes)"
        )
    return table


def _mark(table: object) -> str:
    is_owned = "location" in table if isinstance(table, dict) else isinstance(table, OwnedUpstream)
    return "[owned]" if is_owned else "[existing]"


Upstreams = Annotated[
    tuple[
        Annotated[
            Annotated[ExistingUpstream, Tag("[existing]")] | Annotated[OwnedUpstream, Tag("[owned]")],
            Discriminator(_mark),
            BeforeValidator(_is_of_one_kind),
        ],
        ...,
    ],
    tables("[[upstreams]]"),
    at_most(60, "upstreams, which fit into the environment of the gateway's container"),
]


def check_upstreams(
    upstreams: Sequence[Upstream],
    *,
    keyless: bool,
    any_host: bool,
    any_location: bool,
    token_scope: str | None,
    base_models: Mapping[str, str] | None,
) -> dict[FieldPath, str]:
    """Contradictions between upstreams, by field path.

    `base_models` has those of the models, by their deployments. It and `token_scope` are None if they are unknown.
    `any_host` and `any_location` are the settings that allow what is not known.
    """
    messages = _check_addresses(upstreams) | _check_identities(upstreams) | _check_versions(upstreams)
    for number, upstream in enumerate(upstreams):
        if isinstance(upstream, ExistingUpstream):
            found = check_endpoint(
                endpoint=upstream.endpoint,
                auth=upstream.auth,
                keyless=keyless,
                any_host=any_host,
                token_scope=token_scope,
            ) | _check_account(upstream, keyless=keyless)
        else:
            found = _check_location(upstream, any_location=any_location)
        messages |= {(number, *field): message for field, message in found.items()}
    return messages if base_models is None else messages | _check_deployments(upstreams, base_models)


def owned(upstreams: Sequence[Upstream]) -> tuple[OwnedUpstream, ...]:
    """Those that the stack makes."""
    return tuple(upstream for upstream in upstreams if isinstance(upstream, OwnedUpstream))


def check_not_owned(upstreams: Sequence[Upstream], own: Mapping[str, str]) -> dict[FieldPath, str]:
    """A message for each existing upstream that is an account of the stack; `own` has those by their names.

    The first label of the host is the account's custom subdomain, whatever the domain of the endpoint.
    """
    subdomains = {
        number: (urlsplit(upstream.endpoint).hostname or "").partition(".")[0]
        for number, upstream in enumerate(upstreams)
        if isinstance(upstream, ExistingUpstream)
    }
    return {
        (number, "endpoint"): f"must be another resource than that of {own[subdomain]}, which the stack makes"
        for number, subdomain in subdomains.items()
        if subdomain in own
    }


def _check_account(upstream: ExistingUpstream, *, keyless: bool) -> dict[FieldPath, str]:
    if upstream.account_id and not keyless and upstream.auth != "managed_identity":
        return {("account_id",): 'must be left out, or auth be "managed_identity": a key needs no role'}
    return {}


def _check_location(upstream: OwnedUpstream, *, any_location: bool) -> dict[FieldPath, str]:
    unknown = None if any_location else check_location(upstream.location, container_apps=False)
    foreign = check_short(upstream.location_short, location=upstream.location)
    found = {"location": unknown, "location_short": foreign}
    return {(field,): message for field, message in found.items() if message}


def _check_identities(upstreams: Sequence[Upstream]) -> dict[FieldPath, str]:
    messages: dict[FieldPath, str] = {}
    for number, upstream in enumerate(upstreams):
        for before, other in enumerate(upstreams[:number]):
            for field in ("name", "endpoint", "account_id", "location_short"):
                if (value := _comparable(upstream, field)) and value == _comparable(other, field):
                    what = "resource" if field in ("endpoint", "account_id") else "name"
                    messages[number, field] = f"must be another {what} than that of upstreams[{before}]"
    return messages


def _comparable(upstream: Upstream, field: str) -> str:
    """Azure compares ids without regard to case; of an endpoint the resource counts."""
    value: str = getattr(upstream, field, None) or ""
    return resource_of(value) if field == "endpoint" else value.lower()


def _owned_deployments(upstreams: Sequence[Upstream]) -> list[tuple[FieldPath, OwnedDeployment]]:
    """With the path of each."""
    return [
        ((number, "deployments", place), deployment)
        for number, upstream in enumerate(upstreams)
        if isinstance(upstream, OwnedUpstream)
        for place, deployment in enumerate(upstream.deployments)
    ]


def _check_addresses(upstreams: Sequence[Upstream]) -> dict[FieldPath, str]:
    """Names become Terraform addresses, which have underscores only; two of one address would be one deployment."""
    messages: dict[FieldPath, str] = {}
    first: dict[str, FieldPath] = {}
    for path, deployment in _owned_deployments(upstreams):
        upstream = upstreams[int(path[0])].name
        before = first.setdefault(re.sub("[^a-z0-9]", "_", f"{upstream}_{deployment.name}".lower()), path)
        of_one_name = before[0] != path[0] and upstreams[int(before[0])].name == upstream  # a mistake of its own
        if before != path and not of_one_name:
            of = f"upstreams[{before[0]}].deployments[{before[2]}]"
            messages[*path, "name"] = (
                f"must differ from {of}, both with their upstream's name, by more than '-', '_', '.'"
            )
    return messages


def _check_versions(upstreams: Sequence[Upstream]) -> dict[FieldPath, str]:
    """A failover must not change the model."""
    messages: dict[FieldPath, str] = {}
    first: dict[str, tuple[FieldPath, OwnedDeployment]] = {}
    for path, deployment in _owned_deployments(upstreams):
        (number, _, place), other = first.setdefault(deployment.name, (path, deployment))
        of = f"upstreams[{number}].deployments[{place}]"
        if other is not deployment and path[0] == number:
            messages[*path, "name"] = f"must be another name than that of {of}"
        else:
            for field in _SAME_EVERYWHERE:
                if (value := getattr(other, field)) != getattr(deployment, field):
                    messages[*path, field] = f'must be "{value}", as in {of}, of the same name'
    return messages


def _check_deployments(upstreams: Sequence[Upstream], base_models: Mapping[str, str]) -> dict[FieldPath, str]:
    messages: dict[FieldPath, str] = {}
    known = f"must be the deployment of a model: {', '.join(base_models)}"
    for number, upstream in enumerate(upstreams):
        if isinstance(upstream, ExistingUpstream):
            unknown = [place for place, name in enumerate(upstream.deployments or ()) if name not in base_models]
            messages |= {(number, "deployments", place): known for place in unknown}
    for path, deployment in _owned_deployments(upstreams):
        if deployment.name not in base_models:
            messages[*path, "name"] = known
        elif deployment.model != (base_model := base_models[deployment.name]):
            messages[*path, "model"] = f'must be "{base_model}", the base_model of the models of this deployment'
    unserved = [name for name in base_models if not any(upstream.serves(name) for upstream in upstreams)]
    if unserved:
        messages[()] = f"must have the deployments of all models; in none of their lists: {', '.join(unserved)}"
    return messages
