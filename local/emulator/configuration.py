"""The emulated resource: its region, its deployments and the API version of each."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Operation = Literal["responses", "embeddings", "chatCompletion"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EmbeddingDeployment(_Model):
    """`dimension`: how many numbers a full vector has; a request may ask for fewer."""

    api_version: str = "2023-05-15"
    dimension: Annotated[int, Field(ge=1, le=3072)] = 3072


class Configuration(_Model):
    """From the environment variable EMULATOR_CONFIG (JSON)."""

    region: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")] = "local"
    responses: dict[str, str] = {"gpt-5.3-codex": "2025-04-01-preview"}
    embeddings: dict[str, EmbeddingDeployment] = {"text-embedding-3-large": EmbeddingDeployment()}
    chat: dict[str, str] = {"gpt-4o-mini": "2024-10-21"}

    def api_versions(self, *, operation: Operation) -> dict[str, str]:
        """The deployments that support `operation`, each with its API version."""
        match operation:
            case "responses":
                return self.responses
            case "embeddings":
                return {name: deployment.api_version for name, deployment in self.embeddings.items()}
            case "chatCompletion":
                return self.chat

    def has(self, *, deployment: str) -> bool:
        return deployment in self.responses or deployment in self.embeddings or deployment in self.chat
