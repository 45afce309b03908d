"""The models: what clients call them, which deployment answers, and which of Azure's APIs it speaks."""

import json
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from settings.azure_openai import Deployment, Endpoint
from settings.values import Group, Switch, conflict, must_be, tables, whole_number

Kind = Literal["responses", "chat", "embeddings"]

# What the models of these names give at most; another deployment name tells nothing.
_LARGEST = {"text-embedding-3-small": 1536, "text-embedding-ada-002": 1536}
_DIMENSION = 3072
_API_VERSIONS: Mapping[Kind, str] = {
    "responses": "2025-04-01-preview",
    "chat": "2024-10-21",
    "embeddings": "2023-05-15",
}
_OF_ONE_DEPLOYMENT = ("kind", "api_version", "dimension", "requests_per_minute", "tokens_per_minute")

ApiVersion = Annotated[
    str,
    StringConstraints(pattern="^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(-preview)?$"),
    must_be("an API version of Azure OpenAI, like 2025-04-01-preview or 2023-05-15"),
]
Dimension = Annotated[int, whole_number(1, _DIMENSION)]
RequestsPerMinute = Annotated[int, whole_number(1, 1_000_000)]
TokensPerMinute = Annotated[int, whole_number(1, 1_000_000_000)]


class Model(Group):
    """A model of any kind. Two models may share a deployment, for example if one is translated.

    The numbers per minute are Azure's quota of the deployment in each region, to which embeddings are paced.
    """

    name: Deployment = Field(description="The name that clients use.")
    kind: Annotated[Kind, must_be('"responses", "chat" or "embeddings"')] = Field(
        description="The API that the deployment speaks."
    )
    deployment: Deployment = Field(
        default_factory=lambda given: given["name"], description="Name of the deployment; by default that of the model."
    )
    api_version: ApiVersion = Field(
        default_factory=lambda given: _API_VERSIONS[given["kind"]],
        description="api-version of its calls. The default depends on the kind.",
    )
    translate: Switch = Field(default=False, description="Send every call through LiteLLM.")
    dimension: Dimension | None = Field(
        default_factory=lambda given: _DIMENSION if given["kind"] == "embeddings" else None,
        description="Numbers per vector, which clients need for their index. Only for embeddings.",
    )
    requests_per_minute: RequestsPerMinute | None = Field(
        None, description="Azure's quota of requests per minute in each region. Only for embeddings."
    )
    tokens_per_minute: TokensPerMinute | None = Field(
        None, description="Azure's quota of tokens per minute in each region. Only for embeddings."
    )

    @field_validator("dimension")
    @classmethod
    def _possible(cls, dimension: int | None, info: ValidationInfo) -> int | None:
        if dimension is not None and info.data.get("kind", "embeddings") != "embeddings":
            raise conflict("must be left out: only embeddings have a dimension")
        return dimension and not_above_the_model(dimension, info)

    @field_validator("requests_per_minute", "tokens_per_minute")
    @classmethod
    def _enforced(cls, quota: int | None, info: ValidationInfo) -> int | None:
        if quota is not None and info.data.get("kind", "embeddings") != "embeddings":
            raise conflict(
                "must be left out: the gateway enforces Azure's quota for embeddings only; [projects.<name>] limits "
                "the use of other models"
            )
        return quota

    def clashes(self, other: Self, *, of: str) -> dict[str, str]:
        """Contradictions with another model, by field; `of` is the path of that one."""
        if self.name == other.name:
            return {"name": f"must be another name than that of {of}"}
        if self.deployment != other.deployment:
            return {}
        return {
            field: f"must be {'left out' if value is None else json.dumps(value)}, as in {of}, of the same deployment"
            for field in _OF_ONE_DEPLOYMENT
            if (value := getattr(other, field)) != getattr(self, field)
        }


Models = Annotated[tuple[Model, ...], tables("[[models]]")]


class Codex(Group):
    """The model for coding, which speaks Azure's Responses API."""

    model: Deployment = Field("gpt-5.3-codex", description="The name that clients use.")
    deployment: Deployment = Field(
        default_factory=lambda given: given["model"],
        description="Name of the deployment; by default that of the model.",
    )
    api_version: ApiVersion = Field(_API_VERSIONS["responses"], description="api-version of its Responses calls.")
    translate: Switch = Field(default=False, description="Send every call through LiteLLM, including Responses.")

    def as_model(self) -> Model:
        """The same, as one of all models."""
        return Model(
            name=self.model,
            kind="responses",
            deployment=self.deployment,
            api_version=self.api_version,
            translate=self.translate,
        )


class Embeddings(Group):
    """The model for indexing code. The numbers per minute are Azure's quota of the deployment in each region."""

    deployment: Deployment = Field("text-embedding-3-large", description="Name of the deployment.")
    model: Deployment = Field(
        default_factory=lambda given: given["deployment"],
        description="The name that clients use; by default that of the deployment.",
    )
    dimension: Dimension = Field(_DIMENSION, description="Numbers per vector, which clients need for their index.")
    api_version: ApiVersion = Field(_API_VERSIONS["embeddings"], description="api-version of its calls.")
    translate: Switch = Field(default=False, description="Send every call through LiteLLM.")
    requests_per_minute: RequestsPerMinute | None = Field(
        None, description="Azure's quota of requests per minute in each region. More are queued."
    )
    tokens_per_minute: TokensPerMinute | None = Field(
        None, description="Azure's quota of tokens per minute in each region. More are queued."
    )
    endpoint: Endpoint | None = Field(
        None, description="Endpoint of a resource of its own, with its own key. Default: azure_openai.endpoint."
    )

    @field_validator("dimension")
    @classmethod
    def _possible(cls, dimension: int, info: ValidationInfo) -> int:
        return not_above_the_model(dimension, info)

    def as_model(self) -> Model:
        """The same, as one of all models."""
        return Model(
            name=self.model,
            kind="embeddings",
            deployment=self.deployment,
            api_version=self.api_version,
            translate=self.translate,
            dimension=self.dimension,
            requests_per_minute=self.requests_per_minute,
            tokens_per_minute=self.tokens_per_minute,
        )


def not_above_the_model(dimension: int, info: ValidationInfo) -> int:
    """A validator of a dimension that comes after its deployment."""
    deployment = info.data.get("deployment", "")
    if dimension > (largest := _LARGEST.get(deployment, dimension)):
        raise conflict(f"must be at most {largest}, which is the dimension of {deployment}")
    return dimension
