"""An Azure OpenAI resource in the short form, and what every form shares."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from settings.values import FieldPath, Group, Switch, Text, must_be, refused

_ENDPOINT = re.compile(r"https://(?P<host>([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,})/?", re.IGNORECASE | re.ASCII)

# https://learn.microsoft.com/azure/ai-services/authentication (custom subdomains)
_REGIONAL = ".api.cognitive.microsoft.com"
# Of Azure, Azure Government and Azure operated by 21Vianet, by their zones in
# https://learn.microsoft.com/azure/private-link/private-endpoint-dns (2026-12-01).
_HOSTS = (
    ".openai.azure.com",
    ".cognitiveservices.azure.com",
    ".services.ai.azure.com",
    _REGIONAL,
    ".openai.azure.us",
    ".cognitiveservices.azure.us",
    ".cognitiveservices.azure.cn",
)
_DOMAIN = re.compile(r"\.(openai|cognitiveservices|services\.ai)(?=\.azure\.[a-z]+$)")
_PLACEHOLDER = "your-"
"""How the hosts begin that documentation shows, ours (docs/deploy.md) and Azure's."""


def _resource_root(endpoint: str) -> str:
    match = _ENDPOINT.fullmatch(endpoint)
    if match is None:
        raise refused("must be https:// and a host name alone, without port, path or query")
    host = match["host"].lower()
    if host.startswith(_PLACEHOLDER):
        raise refused("must be the endpoint of your Azure OpenAI resource; this one is the placeholder of a document")
    if host == "openai.com" or host.endswith(".openai.com"):
        raise refused("must be an Azure OpenAI resource: OpenAI's own API has other paths, keys and names of models")
    return f"https://{host}"


Endpoint = Annotated[Text, AfterValidator(_resource_root)]
Deployment = Annotated[
    str,
    StringConstraints(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,62}[A-Za-z0-9]$"),
    must_be(
        "the name of a deployment: 2 to 64 letters, digits, '-', '_' and '.', starting and ending with one "
        "of the first two"
    ),
]
Auth = Annotated[Literal["key", "managed_identity"], must_be('"key" or "managed_identity"')]
AUTH_DEFAULT = 'Default: "key", or "managed_identity" if keyless.'
TokenScope = Annotated[
    str,
    StringConstraints(pattern=r"^https://[a-z0-9.-]{1,200}/\.default$"),
    must_be('a scope of Entra ID, like "https://cognitiveservices.azure.com/.default"'),
]


class AzureOpenAI(Group):
    """The short form of upstreams: one resource for every model, unless the embeddings have their own."""

    endpoint: Endpoint = Field(
        "https://mys-shared-ai-swc.cognitiveservices.azure.com",
        description="Root of the Azure OpenAI resource; a final slash is dropped.",
    )
    allow_other_hosts: Switch = Field(
        default=False,
        description="Allow endpoints that are no host of Azure OpenAI, such as a proxy in front of it, also in "
        "[embeddings] and [[upstreams]].",
    )
    auth: Auth | None = Field(
        None,
        description="How the gateway authenticates there, and to embeddings.endpoint: with an API key, or with its "
        f"managed identity. {AUTH_DEFAULT}",
    )
    token_scope: TokenScope = Field(
        "https://cognitiveservices.azure.com/.default",
        description="Scope of the managed identity's tokens, also for [[upstreams]].",
    )


def resource_of(endpoint: str) -> str:
    """The same for all endpoints of one resource, which has its subdomain in several of Azure's domains."""
    return _DOMAIN.sub("", endpoint)


def check_endpoint(
    *, endpoint: str, auth: str | None, keyless: bool, any_host: bool, token_scope: str | None
) -> dict[FieldPath, str]:
    """Why that is no Azure OpenAI, or why the gateway could not authenticate there so, by field.

    `token_scope` is None if it is unknown, or does not matter yet.
    """
    if not any_host and not any(endpoint.endswith(host) and "." not in endpoint[: -len(host)] for host in _HOSTS):
        return {
            ("endpoint",): f"must be a host of Azure OpenAI, like *{_HOSTS[0]}, *{_HOSTS[1]} or *{_HOSTS[2]}. A proxy "
            "in front of it: set azure_openai.allow_other_hosts = true"
        }
    if keyless and auth == "key":
        return {("auth",): 'must be "managed_identity", or left out: keyless is true'}
    if not keyless and auth != "managed_identity":
        return {}
    if endpoint.endswith(_REGIONAL):
        return {("endpoint",): "must have the resource's own subdomain: Azure takes no tokens at a region's endpoint"}
    cloud = endpoint.rpartition(".")[2]
    if token_scope and endpoint.endswith(_HOSTS) and f".{cloud}/" not in token_scope:
        return {
            ("endpoint",): f"must be in the cloud of azure_openai.token_scope, {token_scope}; for this one set it to "
            f'"https://cognitiveservices.azure.{cloud}/.default"'
        }
    return {}
