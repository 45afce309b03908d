"""The gateway's configuration, read from environment variables. `settings/` documents each field."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from settings.limits import CircuitBreaker, Limits, Retries, Timeouts

Kind = Literal["responses", "chat", "embeddings"]


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """One Azure OpenAI resource, in one region; 1 is the first priority, and equal ones share.

    Without a key the gateway authenticates by its managed identity.
    """

    name: str
    endpoint: str
    key: str | None = field(repr=False)
    priority: int = 1


@dataclass(frozen=True, kw_only=True)
class Model:
    """A deployment under the name that clients use; `kind` is the API that it speaks itself.

    The numbers per minute are Azure's quota of the deployment in each region, where the settings know it. So are the
    limits in tokens and the reasoning efforts that the model takes; None: unknown.
    """

    name: str
    deployment: str
    kind: Kind
    api_version: str
    upstreams: tuple[Upstream, ...]
    translate: bool = False
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    reasoning_efforts: tuple[str, ...] | None = None
    reasoning_summary: str = "none"
    created: int = 0
    """When it was released, in seconds since 1970."""

    @property
    def is_v1(self) -> bool:
        """Whether Azure is called in its v1 form, which names the deployment in every body and no date."""
        return self.api_version == "v1"


@dataclass(frozen=True, kw_only=True)
class Project:
    """Who may use which models and how much of them; None: no limit.

    `environment` tells apart projects of the same name, of gateways in front of the same Azure resource.
    """

    name: str
    keys: tuple[str, ...]
    models: frozenset[str]
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    parallel_requests: int | None = None
    environment: str = ""

    @cached_property
    def mark(self) -> str:
        """Identifies the project in what it stores at Azure. It does not depend on keys, which are rotated."""
        return hashlib.sha256(f"{self.environment}/{self.name}".encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """Where metrics and traces are sent, as those of which app, and how many requests are sent as traces."""

    connection_string: str = field(repr=False)
    app: str
    sampling_percent: float


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Everything that the gateway reads at its start. `source` identifies the archive of the gateway's source code.

    `token_scope` and `azure_client_id` are of the managed identity; None: every upstream has a key.
    """

    host: str
    port: int
    inner_key: str
    litellm_url: str
    projects: tuple[Project, ...]
    models: Mapping[str, Model]
    timeouts: Timeouts
    retries: Retries
    circuit_breaker: CircuitBreaker
    limits: Limits
    log_client_address: bool = False
    source: str | None = None
    token_scope: str | None = None
    azure_client_id: str | None = None
    telemetry: Telemetry | None = None


def read_configuration(environ: Mapping[str, str]) -> Configuration:
    """Read the variables that `gateway/containers.py` sets.

    Raises:
        KeyError: a variable is missing.
        ValueError: a key is blank, two owners have the same key, or an upstream has neither key nor token.
    """
    document = json.loads(environ["GATEWAY_CONFIG"])
    upstreams = {entry["name"]: _upstream(entry, environ) for entry in document["upstreams"]}
    token_scope = document.get("token_scope")
    if token_scope is None and (keyless := [name for name, upstream in upstreams.items() if upstream.key is None]):
        raise ValueError(f"{', '.join(keyless)}: an upstream without a key needs the token_scope")
    models = {entry["name"]: _model(entry, upstreams) for entry in document["models"]}
    projects = tuple(
        _project({**entry, "environment": document["name"]}, environ, models) for entry in document["projects"]
    )
    inner_key = _key(environ, "INNER_KEY")
    owners = [(key, project.name) for project in projects for key in set(project.keys)] + [(inner_key, "LiteLLM")]
    if len({key for key, _ in owners}) < len(owners):
        raise ValueError(f"{', '.join(owner for _, owner in owners)}: two of these have the same key")
    return Configuration(
        host=environ["HOST"],
        port=int(environ["PORT"]),
        inner_key=inner_key,
        litellm_url=environ["LITELLM_URL"].rstrip("/"),
        projects=projects,
        models=models,
        timeouts=Timeouts(**document["timeouts"]),
        retries=Retries(**document["retries"]),
        circuit_breaker=CircuitBreaker(**document["circuit_breaker"]),
        limits=Limits(**document["limits"]),
        log_client_address=document["log_client_address"],
        source=source_digest(environ["GATEWAY_SOURCE"]) if "GATEWAY_SOURCE" in environ else None,
        token_scope=token_scope,
        azure_client_id=environ.get("AZURE_CLIENT_ID"),
        telemetry=_telemetry(document, environ),
    )


def _telemetry(document: Mapping[str, Any], environ: Mapping[str, str]) -> Telemetry | None:
    if "telemetry" not in document:
        return None
    return Telemetry(
        connection_string=environ["APPLICATIONINSIGHTS_CONNECTION_STRING"],
        app=document["name"],
        sampling_percent=document["telemetry"]["sampling_percent"],
    )


def source_digest(archive: str) -> str:
    """Identifies the gateway's source, given the archive as base64 text: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(base64.b64decode(archive)).hexdigest()[:16]


def _upstream(entry: Mapping[str, Any], environ: Mapping[str, str]) -> Upstream:
    return Upstream(
        name=entry["name"],
        endpoint=environ[entry["endpoint_env"]].rstrip("/"),
        key=_key(environ, entry["key_env"]) if "key_env" in entry else None,
        priority=entry["priority"],
    )


def _model(entry: Mapping[str, Any], upstreams: Mapping[str, Upstream]) -> Model:
    known = {name: value for name, value in entry.items() if name in Model.__dataclass_fields__}
    if (efforts := entry.get("reasoning_efforts")) is not None:
        known["reasoning_efforts"] = tuple(efforts)
    return Model(**{**known, "upstreams": tuple(upstreams[name] for name in entry["upstreams"])})


def _project(entry: Mapping[str, Any], environ: Mapping[str, str], models: Mapping[str, Model]) -> Project:
    limits = {name: entry[name] for name in ("requests_per_minute", "tokens_per_minute", "parallel_requests")}
    return Project(
        name=entry["name"],
        keys=tuple(_key(environ, variable) for variable in entry["key_envs"]),
        models=frozenset(models if entry["models"] is None else entry["models"]),
        environment=entry["environment"],
        **limits,
    )


def _key(environ: Mapping[str, str], name: str) -> str:
    """Strip the line end that a secret often has when it comes from a file; a header cannot contain one."""
    key = environ[name].strip()
    if not key:
        raise ValueError(f"{name} is blank")
    return key
