"""All settings of one environment: the model behind `settings/environments/*.toml`."""

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from settings.azure_openai import AzureOpenAI, Codex, Embeddings
from settings.containers import Containers
from settings.naming import Env, LocationShort, Naming, ProjectName
from settings.operations import Backend, KeyVault, Logs
from settings.tags import Tags
from settings.traffic import Ingress, Limits, Retries, Scale, Timeouts
from settings.values import conflicts, must_be, refused, whole_number
from settings.variables import NESTED, PREFIX, Variables

Location = Annotated[
    str,
    StringConstraints(pattern="^[a-z][a-z0-9]{1,49}$"),
    must_be("an Azure region as in `az account list-locations`, like southafricanorth"),
]


def _no_budget(_: object) -> None:
    raise refused(
        "must be left out: a budget needs a database that counts what was spent; this gateway has none, and "
        "a budget that nobody enforces would be a false promise"
    )


class EnvironmentSettings(BaseSettings):
    """Give it a file's content; variables of the environment override it (`settings.variables` says how)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=NESTED,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        validate_default=True,
    )

    env: Env = Field(description="Name of the environment and of its file.")
    projname: ProjectName = Field("aigateway", description="Name of the project, part of every resource's name.")
    location: Location = Field("southafricanorth", description="Azure region of all resources.")
    location_short: LocationShort = Field("san", description="Short name of the region, the end of resource names.")
    tags: Tags = Field({}, description="Tags of all resources, besides env and project.")
    secrets_version: Annotated[int, whole_number(1, 1_000_000)] = Field(
        1, description="Raise it to write the secrets of the Terraform variables into the vault again."
    )
    budget: Annotated[None, BeforeValidator(_no_budget)] = Field(
        None, validate_default=False, description="Always refused: a budget needs a database, which this gateway lacks."
    )

    containers: Containers = Field(Containers(), description="The replica's two containers.")
    scale: Scale = Field(Scale(), description="Number of replicas.")
    ingress: Ingress = Field(Ingress(), description="Who reaches the gateway.")
    azure_openai: AzureOpenAI = Field(AzureOpenAI(), description="The upstream.")
    codex: Codex = Field(Codex(), description="The model for coding.")
    embeddings: Embeddings = Field(Embeddings(), description="The model for indexing code.")
    key_vault: KeyVault = Field({}, validate_default=True, description="The vault of the secrets.")
    logs: Logs = Field(Logs(), description="The Log Analytics workspace.")
    retries: Retries = Field(Retries(), description="Further attempts after a failure.")
    timeouts: Timeouts = Field(Timeouts(), description="How long is waited for what.")
    limits: Limits = Field(Limits(), description="What a single request may ask for.")
    backend: Backend = Field({}, validate_default=True, description="Where Terraform keeps its state.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the names are pydantic's
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables win over the file's content; nothing else is read."""
        return Variables(settings_cls), init_settings

    @field_validator("embeddings")
    @classmethod
    def _not_the_codex_model(cls, embeddings: Embeddings, info: ValidationInfo) -> Embeddings:
        codex: Codex | None = info.data.get("codex")
        if codex and codex.model == embeddings.deployment:
            raise conflicts(embeddings, {"deployment": "must be another deployment than codex.model"})
        return embeddings

    @field_validator("key_vault", mode="before")
    @classmethod
    def _production_is_protected(cls, given: object, info: ValidationInfo) -> object:
        if isinstance(given, dict) and info.data.get("env") == "prod":
            return {"soft_delete_retention_days": 30, "purge_protection": True} | given
        return given

    @field_validator("backend", mode="before")
    @classmethod
    def _state_follows_the_convention(cls, given: object, info: ValidationInfo) -> object:
        if not isinstance(given, dict):
            return given
        # A part that was refused has a stand-in: the file's own mistakes are told, none that follows from it.
        naming = Naming(**{part: info.data.get(part, "refused") for part in Naming.model_fields})
        return {
            "resource_group_name": naming.name("state_resource_group"),
            "storage_account_name": naming.name("storage_account"),
            "key": f"{naming.env}.tfstate",
        } | given

    @property
    def naming(self) -> Naming:
        """The names of this environment's resources."""
        return Naming(env=self.env, projname=self.projname, location_short=self.location_short)

    @property
    def all_tags(self) -> dict[str, str]:
        """The tags of every resource: those of the file, and which environment and project it belongs to."""
        return {**self.tags, "env": self.env, "project": self.projname}
