"""The upstream: Azure OpenAI's resources and the models deployed there."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from settings.values import Group, Text, conflict, must_be, refused, whole_number

_ENDPOINT = re.compile(r"https://(?P<host>([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,})/?", re.IGNORECASE | re.ASCII)
# What the models of these names give at most; another deployment name tells nothing.
_LARGEST = {"text-embedding-3-small": 1536, "text-embedding-ada-002": 1536}


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
ApiVersion = Annotated[
    str,
    StringConstraints(pattern="^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(-preview)?$"),
    must_be("an API version of Azure OpenAI, like 2025-04-01-preview or 2023-05-15"),
]


class AzureOpenAI(Group):
    """The resource that serves the codex model and, unless they have their own, the embeddings."""

    endpoint: Endpoint = Field(
        "https://mys-shared-ai-swc.cognitiveservices.azure.com",
        description="Root of the Azure OpenAI resource; a final slash is dropped.",
    )


class Codex(Group):
    """The model for coding, which speaks Azure's Responses API."""

    model: Deployment = Field("gpt-5.3-codex", description="Name of the model and of its deployment.")
    api_version: ApiVersion = Field("2025-04-01-preview", description="api-version of its Responses calls.")


class Embeddings(Group):
    """The model for indexing code."""

    deployment: Deployment = Field("text-embedding-3-large", description="Name of the model and of its deployment.")
    dimension: Annotated[int, whole_number(1, 3072)] = Field(
        3072, description="Numbers per vector; clients size their index by it."
    )
    api_version: ApiVersion = Field("2023-05-15", description="api-version of its calls.")
    endpoint: Endpoint | None = Field(
        None, description="Root of a resource of its own, with a key of its own; by default azure_openai.endpoint."
    )

    @field_validator("dimension")
    @classmethod
    def _not_above_the_model(cls, dimension: int, info: ValidationInfo) -> int:
        deployment = info.data.get("deployment", "")
        if dimension > (largest := _LARGEST.get(deployment, dimension)):
            raise conflict(f"must be at most {largest}, which is what {deployment} has")
        return dimension
