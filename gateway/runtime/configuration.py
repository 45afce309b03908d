"""What the container's environment tells the gateway, typed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["responses", "embeddings"]


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """One Azure OpenAI resource."""

    name: str
    endpoint: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """A deployment under the name that clients use; `kind` is the API that it speaks itself."""

    name: str
    deployment: str
    kind: Kind
    api_version: str
    upstream: Upstream


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """All in seconds; see `settings/` for what each one bounds."""

    connect_s: float
    first_event_s: float
    idle_s: float
    answer_s: float
    total_s: float
    litellm_start_s: float


@dataclass(frozen=True, kw_only=True)
class Retries:
    """How often one request is tried; the pause before the second attempt, in seconds, doubles after it."""

    attempts: int
    backoff_s: float
    max_retry_after_s: float


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Everything the gateway knows when it starts; nothing is read later."""

    host: str
    port: int
    gateway_key: str
    inner_key: str
    litellm_url: str
    models: Mapping[str, Model]
    timeouts: Timeouts
    retries: Retries
    max_body_bytes: int


def read_configuration(environ: Mapping[str, str]) -> Configuration:
    """Read the variables that `gateway/containers.py` wrote.

    Raises:
        KeyError: one is missing; it is named.
        ValueError: a key is blank, which would open the door to everybody without one.
    """
    document = json.loads(environ["GATEWAY_CONFIG"])
    upstreams = {
        entry["name"]: Upstream(
            name=entry["name"],
            endpoint=environ[entry["endpoint_env"]].rstrip("/"),
            key=_key(environ, entry["key_env"]),
        )
        for entry in document["upstreams"]
    }
    models = (
        Model(
            name=entry["name"],
            deployment=entry["deployment"],
            kind=entry["kind"],
            api_version=entry["api_version"],
            upstream=upstreams[entry["upstream"]],
        )
        for entry in document["models"]
    )
    return Configuration(
        host=environ["HOST"],
        port=int(environ["PORT"]),
        gateway_key=_key(environ, "GATEWAY_KEY"),
        inner_key=_key(environ, "INNER_KEY"),
        litellm_url=environ["LITELLM_URL"].rstrip("/"),
        models={model.name: model for model in models},
        timeouts=Timeouts(**document["timeouts"]),
        retries=Retries(**document["retries"]),
        max_body_bytes=document["limits"]["max_body_bytes"],
    )


def _key(environ: Mapping[str, str], name: str) -> str:
    """A secret often ends with the line end of the file it came from; a header cannot hold one."""
    key = environ[name].strip()
    if not key:
        raise ValueError(f"{name} is blank")
    return key
