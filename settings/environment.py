"""All settings of one environment: the model behind `settings/environments/*.toml`."""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from settings.azure_openai import AzureOpenAI, check_endpoint, resource_of
from settings.containers import Containers
from settings.existing import WORKSPACE_FIELDS, Existing, Registry, check_owned
from settings.limits import CircuitBreaker, Limits, Retries, Timeouts
from settings.locations import check_location, check_short
from settings.models import Codex, Embeddings, Model, Models
from settings.naming import Env, Location, LocationShort, Naming, ProjectName
from settings.network import Network
from settings.observability import Observability
from settings.operations import Backend, KeyVault, Logs, SubscriptionId, TenantId
from settings.projects import DEFAULT, Project, Projects, check_default, check_projects, default_projects
from settings.resource_ids import group_of, name_of
from settings.tags import Tags
from settings.traffic import Ingress, Scale
from settings.upstreams import (
    ExistingUpstream,
    OwnedUpstream,
    Upstream,
    Upstreams,
    check_not_owned,
    check_upstreams,
    owned,
)
from settings.values import FieldPath, Switch, conflict, conflicts, whole_number
from settings.variables import NESTED, PREFIX, Variables

_Value = TypeVar("_Value")


def _checked(value: _Value, messages: Mapping[FieldPath, str]) -> _Value:
    if messages:
        raise conflicts(value, messages)
    return value


def _check_endpoint(endpoint: str, azure_openai: AzureOpenAI, info: ValidationInfo) -> dict[FieldPath, str]:
    is_default = endpoint == AzureOpenAI.model_fields["endpoint"].default
    return check_endpoint(
        endpoint=endpoint,
        auth=azure_openai.auth,
        keyless=info.data.get("keyless", False),
        any_host=azure_openai.allow_other_hosts,
        # The default endpoint may give way to upstreams in the cloud of a given scope.
        token_scope=None if is_default else azure_openai.token_scope,
    )


def _first_models(info: ValidationInfo) -> dict[str, Model]:
    """The valid ones of codex and embeddings, by table."""
    groups: dict[str, Codex | Embeddings | None] = {name: info.data.get(name) for name in ("codex", "embeddings")}
    return {name: group.as_model() for name, group in groups.items() if group}


def _all_models(info: ValidationInfo) -> tuple[Model, ...] | None:
    """None if one was refused, because its name is then unknown."""
    first = _first_models(info)
    return (*first.values(), *info.data["models"]) if len(first) > 1 and "models" in info.data else None


def _naming(info: ValidationInfo) -> Naming:
    """A refused part gets a placeholder: only the file's own mistakes are reported, not what follows from them."""
    return Naming(**{part: info.data.get(part, "refused") for part in Naming.model_fields})


def _short_form(info: ValidationInfo) -> list[str]:
    """The fields of the short form that somebody gave, although it does not apply beside upstreams."""
    fields = (("azure_openai", "endpoint"), ("azure_openai", "auth"), ("embeddings", "endpoint"))
    groups = {name: info.data.get(name) for name, _ in fields}
    return [f"{name}.{field}" for name, field in fields if (group := groups[name]) and field in group.model_fields_set]


class EnvironmentSettings(BaseSettings):
    """Takes a file's content; environment variables override it (see `settings.variables`)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=NESTED,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        validate_default=True,
    )

    env: Env = Field(description="Name of the environment and of its file.")
    projname: ProjectName = Field("aigateway", description="Name of the project; part of every resource name.")
    allow_unlisted_location: Switch = Field(
        default=False,
        description="Allow a region that settings/locations.py does not know, or without Container Apps or "
        "availability zones.",
    )
    location: Location = Field("southafricanorth", description="Azure region of all resources.")
    location_short: LocationShort = Field("san", description="Short name of the region; the end of resource names.")
    tags: Tags = Field({}, description="Tags of all resources, besides env and project.")
    subscription_id: SubscriptionId | None = Field(
        None,
        description="The subscription of this environment. Default: ARM_SUBSCRIPTION_ID, or that of the Azure CLI.",
    )
    tenant_id: TenantId | None = Field(
        None, description="The Microsoft Entra tenant of that subscription. Default: that of the login."
    )
    secrets_version: Annotated[int, whole_number(1, 1_000_000)] = Field(
        1,
        description="Raise it to write a changed Azure key into the vault. Client keys stay as they are in the vault.",
    )

    delete_lock: Switch = Field(
        default=False,
        description="Prevent deletions in the resource group by a lock (CanNotDelete), which the bootstrap makes and a "
        "person removes. A deployment that removes something needs it removed first.",
    )

    existing: Existing = Field(Existing(), description="What somebody else has made, instead of the stack.")
    registry: Registry | None = Field(None, description="A private registry with the containers' image.")
    containers: Containers = Field(Containers(), description="The replica's two containers.")
    network: Network = Field(Network(), description="The network of the Container Apps environment.")
    scale: Scale = Field({}, validate_default=True, description="Number of replicas.")
    ingress: Ingress = Field(Ingress(), description="Who can reach the gateway.")
    keyless: Switch = Field(
        default=False,
        description="No API keys of Azure OpenAI: the gateway authenticates everywhere with its managed identity.",
    )
    azure_openai: AzureOpenAI = Field(AzureOpenAI(), description="The upstream, if there is only one.")
    codex: Codex = Field(Codex(), description="The model for coding.")
    embeddings: Embeddings = Field(Embeddings(), description="The model for indexing code.")
    models: Models = Field((), description="Further models.")
    upstreams: Upstreams = Field((), description="Several upstreams, instead of azure_openai.")
    projects: Projects = Field(
        {},
        description="Who may use the gateway. One of several says that it is the default.",
        json_schema_extra={"additionalProperties": False},  # a name that no project may have
    )
    key_vault: KeyVault = Field({}, validate_default=True, description="The Key Vault of the secrets.")
    logs: Logs = Field(Logs(), description="The Log Analytics workspace.")
    observability: Observability = Field(Observability(), description="Metrics, traces, alerts, workbook, budget.")
    timeouts: Timeouts = Field(Timeouts(), description="Time limits.")
    retries: Retries = Field(Retries(), description="Attempts after a failure, if the model has one region.")
    circuit_breaker: CircuitBreaker = Field(CircuitBreaker(), description="When a region gets no requests for a while.")
    limits: Limits = Field(Limits(), description="Limits of a single request.")
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
        """Environment variables take precedence over the file; nothing else is read."""
        return Variables(settings_cls), init_settings

    @field_validator("location")
    @classmethod
    def _has_what_is_made_there(cls, location: str, info: ValidationInfo) -> str:
        message = check_location(location, container_apps=True)
        if message and not info.data.get("allow_unlisted_location"):
            raise conflict(message)
        return location

    @field_validator("location_short")
    @classmethod
    def _of_that_region(cls, short: str, info: ValidationInfo) -> str:
        if (location := info.data.get("location")) and (message := check_short(short, location=location)):
            raise conflict(message)
        return short

    @field_validator("existing")
    @classmethod
    def _can_be_read_again(cls, existing: Existing, info: ValidationInfo) -> Existing:
        given = {
            "subscription_id": info.data.get("subscription_id"),
            "delete_lock": info.data.get("delete_lock", False),
        }
        return _checked(existing, existing.check(**given))

    @field_validator("containers")
    @classmethod
    def _run_litellms_image(cls, containers: Containers, info: ValidationInfo) -> Containers:
        if "registry" not in info.data:  # it was refused
            return containers
        return _checked(containers, containers.check_image(info.data["registry"]))

    @field_validator("network")
    @classmethod
    def _spans_zones_that_exist(cls, network: Network, info: ValidationInfo) -> Network:
        is_known = not info.data.get("allow_unlisted_location", True)
        return _checked(network, network.check(location=info.data.get("location") if is_known else None))

    @field_validator("scale", mode="before")
    @classmethod
    def _production_outlives_a_zone(cls, given: object, info: ValidationInfo) -> object:
        network: Network | None = info.data.get("network")
        if isinstance(given, dict) and info.data.get("env") == "prod" and network and network.zone_redundancy:
            return {"min_replicas": 2} | given
        return given

    @field_validator("azure_openai")
    @classmethod
    def _can_be_called(cls, azure_openai: AzureOpenAI, info: ValidationInfo) -> AzureOpenAI:
        return _checked(azure_openai, _check_endpoint(azure_openai.endpoint, azure_openai, info))

    @field_validator("embeddings")
    @classmethod
    def _of_its_own(cls, embeddings: Embeddings, info: ValidationInfo) -> Embeddings:
        messages: dict[FieldPath, str] = {}
        azure_openai: AzureOpenAI | None = info.data.get("azure_openai")
        codex: Codex | None = info.data.get("codex")
        if azure_openai and embeddings.endpoint:
            messages |= _check_endpoint(embeddings.endpoint, azure_openai, info)
            if resource_of(azure_openai.endpoint) == resource_of(embeddings.endpoint):
                messages["endpoint",] = "must be another resource than azure_openai.endpoint, or left out"
        if codex and codex.deployment == embeddings.deployment:
            messages["deployment",] = "must be another deployment than that of codex.model"
        elif codex and codex.model == embeddings.model:
            messages["model",] = "must be another name than codex.model"
        return _checked(embeddings, messages)

    @field_validator("models")
    @classmethod
    def _beside_each_other(cls, models: tuple[Model, ...], info: ValidationInfo) -> tuple[Model, ...]:
        others = _first_models(info)
        messages: dict[FieldPath, str] = {}
        for number, model in enumerate(models):
            for place, other in others.items():
                clashes = model.clashes(other, of=place)
                messages |= {(number, field): message for field, message in clashes.items()}
            others[f"models[{number}]"] = model
        return _checked(models, messages)

    @field_validator("upstreams")
    @classmethod
    def _instead_of_one(cls, upstreams: tuple[Upstream, ...], info: ValidationInfo) -> tuple[Upstream, ...]:
        if not upstreams:
            return upstreams
        if given := _short_form(info):
            raise conflicts(upstreams, {(): f"must be the only ones to name resources, without {', '.join(given)}"})
        models = _all_models(info)
        base_models = None if models is None else {model.deployment: model.base_model for model in models}
        azure_openai: AzureOpenAI | None = info.data.get("azure_openai")
        messages = check_upstreams(
            upstreams,
            keyless=info.data.get("keyless", False),
            any_host=azure_openai is None or azure_openai.allow_other_hosts,
            any_location=info.data.get("allow_unlisted_location", True),
            token_scope=azure_openai.token_scope if azure_openai else None,
            base_models=base_models,
        )
        naming = _naming(info)
        own = {naming.name("ai_account", location_short=each.location_short): each.name for each in owned(upstreams)}
        return _checked(upstreams, check_not_owned(upstreams, own) | messages)

    @field_validator("projects")
    @classmethod
    def _with_one_default_and_models_that_exist(
        cls, projects: dict[str, Project], info: ValidationInfo
    ) -> dict[str, Project]:
        models = _all_models(info)
        unknown = {} if models is None else check_projects(projects, [model.name for model in models])
        return _checked(projects, check_default(projects) | unknown)

    @field_validator("observability")
    @classmethod
    def _works(cls, observability: Observability, info: ValidationInfo) -> Observability:
        ingress: Ingress | None = info.data.get("ingress")
        is_open = ingress is None or (ingress.external and not ingress.ip_allowlist)
        return _checked(observability, observability.check(is_open=is_open))

    @field_validator("retries", "limits")
    @classmethod
    def _within_the_time(cls, group: Retries | Limits, info: ValidationInfo) -> Retries | Limits:
        timeouts: Timeouts | None = info.data.get("timeouts")
        return _checked(group, group.check(timeouts)) if timeouts else group

    @field_validator("key_vault", mode="before")
    @classmethod
    def _production_is_protected(cls, given: object, info: ValidationInfo) -> object:
        existing: Existing | None = info.data.get("existing")
        if isinstance(given, dict) and info.data.get("env") == "prod" and not (existing and existing.key_vault):
            return {"soft_delete_retention_days": 30, "purge_protection": True, "audit_log": True} | given
        return given

    @field_validator("key_vault")
    @classmethod
    def _is_the_stacks(cls, key_vault: KeyVault, info: ValidationInfo) -> KeyVault:
        existing: Existing | None = info.data.get("existing")
        return _checked(key_vault, check_owned(key_vault, "key_vault", existing, fields=[*KeyVault.model_fields]))

    @field_validator("logs")
    @classmethod
    def _are_kept_by_the_stack(cls, logs: Logs, info: ValidationInfo) -> Logs:
        existing: Existing | None = info.data.get("existing")
        return _checked(logs, check_owned(logs, "log_analytics_workspace", existing, fields=WORKSPACE_FIELDS))

    @field_validator("backend", mode="before")
    @classmethod
    def _state_follows_the_convention(cls, given: object, info: ValidationInfo) -> object:
        if not isinstance(given, dict):
            return given
        naming = _naming(info)
        return {
            "resource_group_name": naming.name("state_resource_group"),
            "storage_account_name": naming.name("storage_account"),
            "key": f"{naming.env}.tfstate",
        } | given

    @property
    def all_models(self) -> tuple[Model, ...]:
        """Every model that clients may name: codex, embeddings, and the further ones."""
        models = (self.codex.as_model(), self.embeddings.as_model(), *self.models)
        return tuple(self._with_quota(model) for model in models)

    @property
    def all_upstreams(self) -> tuple[Upstream, ...]:
        """The upstreams; the short form makes one, or two if the embeddings have their own resource."""
        if self.upstreams:
            return self.upstreams
        main = ExistingUpstream(name="azure-openai", endpoint=self.azure_openai.endpoint, auth=self.azure_openai.auth)
        if self.embeddings.endpoint is None:
            return (main,)
        own = self.embeddings.deployment
        others = tuple(model.deployment for model in self.all_models if model.deployment != own)
        return (
            main.model_copy(update={"deployments": others}),
            main.model_copy(
                update={
                    "name": "azure-openai-embeddings",
                    "endpoint": self.embeddings.endpoint,
                    "deployments": (own,),
                }
            ),
        )

    @property
    def owned_upstreams(self) -> tuple[OwnedUpstream, ...]:
        """Those that the stack makes."""
        return owned(self.upstreams)

    @property
    def is_keyless(self) -> bool:
        """Whether no upstream authenticates with a key."""
        return not any(self.uses_key(upstream) for upstream in self.all_upstreams)

    @property
    def uses_managed_identity(self) -> bool:
        """Whether the gateway authenticates to an upstream with its managed identity."""
        return not all(map(self.uses_key, self.all_upstreams))

    def uses_key(self, upstream: Upstream) -> bool:
        """Whether the gateway calls it with an API key, not with its managed identity."""
        return not self.keyless and upstream.auth in (None, "key")

    def endpoint_of(self, upstream: Upstream) -> str:
        """Where the gateway calls it; of an owned one it follows from the resource's name, its custom subdomain."""
        if isinstance(upstream, ExistingUpstream):
            return upstream.endpoint
        account = self.naming.name("ai_account", location_short=upstream.location_short)
        return f"https://{account}.cognitiveservices.azure.com"

    def _with_quota(self, model: Model) -> Model:
        """Azure's quota of embeddings is known where the stack makes all of its deployments: the smallest capacity."""
        if model.kind != "embeddings" or model.tokens_per_minute is not None:
            return model
        serving = [upstream for upstream in self.upstreams if upstream.serves(model.deployment)]
        quotas = [
            deployment.tokens_per_minute
            for upstream in self.owned_upstreams
            for deployment in upstream.deployments
            if deployment.name == model.deployment
        ]
        known = [quota for quota in quotas if quota is not None]
        return model.model_copy(update={"tokens_per_minute": min(known)}) if len(known) == len(serving) > 0 else model

    @property
    def all_projects(self) -> Mapping[str, Project]:
        """The default project, then the others in the file's order; if there are none, one that may use everything."""
        projects = self.projects or {DEFAULT: Project()}
        default = default_projects(projects)[0]
        return {default: projects[default], **projects}

    @property
    def default_project(self) -> str:
        """The one whose keys have no project in their names, and which scripts take if none is named."""
        return next(iter(self.all_projects))

    @property
    def key_vault_name(self) -> str:
        """The vault of the secrets, whoever made it."""
        return name_of(self.existing.key_vault) if self.existing.key_vault else self.naming.name("key_vault")

    @property
    def workspace_name_and_group(self) -> tuple[str, str]:
        """The workspace of the logs and its resource group, whoever made it."""
        if given := self.existing.log_analytics_workspace:
            return name_of(given), group_of(given)
        return self.naming.name("log_analytics_workspace"), self.resource_group

    @property
    def naming(self) -> Naming:
        """The names of this environment's resources."""
        return Naming(env=self.env, projname=self.projname, location_short=self.location_short)

    @property
    def resource_group(self) -> str:
        """The name of the group in which everything of this environment lies."""
        return self.existing.resource_group or self.naming.name("resource_group")

    @property
    def all_tags(self) -> dict[str, str]:
        """The tags of every resource: those of the file, env and project."""
        return {**self.tags, "env": self.env, "project": self.projname}
