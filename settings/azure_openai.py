"""The Azure OpenAI resources behind the gateway: one in the short form, or one per region."""

import re
from collections.abc import Collection, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from settings.secret_names import CLIENT_KEY
from settings.values import FieldPath, Group, Name, Text, list_of, must_be, refused, tables, whole_number

_ENDPOINT = re.compile(r"https://(?P<host>([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,})/?", re.IGNORECASE | re.ASCII)


def _resource_root(endpoint: str) -> str:
    match = _ENDPOINT.fullmatch(endpoint)
    if match is None:
        raise refused("must be https:// and a host name alone, without port, path or query")
    return f"https://{match['host'].lower()}"


Endpoint = Annotated[Text, AfterValidator(_resource_root)]
Deployment = Annotated[
    str,
    StringConstraints(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,62}[A-Za-z0-9]$"),
    must_be(
        "the name of a deployment: 2 to 64 letters, digits, '-', '_' and '.', starting and ending with one "
        "of the first two"
    ),
]


class AzureOpenAI(Group):
    """The short form of upstreams: one resource for every model, unless the embeddings have their own."""

    endpoint: Endpoint = Field(
        "https://mys-shared-ai-swc.cognitiveservices.azure.com",
        description="Root of the Azure OpenAI resource; a final slash is dropped.",
    )


class Upstream(Group):
    """One resource of several, usually each in a region of its own; its key is a secret of its own."""

    name: Name = Field(description="Its name in logs, and the prefix of its key's names.")
    endpoint: Endpoint = Field(description="Root of the Azure OpenAI resource; a final slash is dropped.")
    priority: Annotated[int, whole_number(1, 100)] = Field(
        1, description="1 is tried first, a higher number after a failure. Equal priorities share the requests."
    )
    deployments: Annotated[tuple[Deployment, ...], list_of("deployments")] | None = Field(
        None, description="Deployments that exist there. Default: those of all models."
    )

    @field_validator("name")
    @classmethod
    def _not_a_projects_key(cls, name: str) -> str:
        if name.startswith(CLIENT_KEY):
            raise refused(f'must not start with "{CLIENT_KEY}", as the keys of the projects do')
        return name

    def serves(self, deployment: str) -> bool:
        """Whether a model of this deployment can be called here."""
        return self.deployments is None or deployment in self.deployments


Upstreams = Annotated[tuple[Upstream, ...], tables("[[upstreams]]")]


def check_upstreams(upstreams: Sequence[Upstream], *, deployments: Collection[str] | None) -> dict[FieldPath, str]:
    """Contradictions between upstreams, by field path; `deployments` are those of the models, None if unknown."""
    messages: dict[FieldPath, str] = {}
    for number, upstream in enumerate(upstreams):
        for before, other in enumerate(upstreams[:number]):
            if upstream.name == other.name:
                messages[number, "name"] = f"must be another name than that of upstreams[{before}]"
            if upstream.endpoint == other.endpoint:
                messages[number, "endpoint"] = f"must be another resource than that of upstreams[{before}]"
    return messages if deployments is None else messages | _check_deployments(upstreams, deployments)


def _check_deployments(upstreams: Sequence[Upstream], deployments: Collection[str]) -> dict[FieldPath, str]:
    messages: dict[FieldPath, str] = {
        (number, "deployments", place): f"must be the deployment of a model: {', '.join(deployments)}"
        for number, upstream in enumerate(upstreams)
        for place, deployment in enumerate(upstream.deployments or ())
        if deployment not in deployments
    }
    unserved = [name for name in deployments if not any(upstream.serves(name) for upstream in upstreams)]
    if unserved:
        messages[()] = f"must have the deployments of all models; in none of their lists: {', '.join(unserved)}"
    return messages
