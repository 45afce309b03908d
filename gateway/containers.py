"""The two containers of a replica: their commands, environment, resources and probes."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.archive import SOURCE, source_variable
from gateway.configuration import render_gateway_config
from gateway.litellm import render_litellm_config
from gateway.probes import Probes, build_probes
from gateway.secrets import build_project_keys
from gateway.start import START_GATEWAY, START_LITELLM
from settings.environment import EnvironmentSettings
from settings.secret_names import INNER_KEY, azure_key, endpoint_env

_ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - the platform's probes come from outside the replica
_LOOPBACK = "http://127.0.0.1"
_MAX_VARIABLE_BYTES = 96 * 1024
_MAX_ENVIRONMENT_BYTES = 112 * 1024
_SECRET_BYTES = 64
"""What a secret's value is taken to be."""
_REFERENCE_BYTES = 512
"""The same of a reference; the connection string of Application Insights has about 300."""
_GATEWAY_START_S = 30
_LITELLM_START_S = 150
_LITELLM_MEMORY_SHARE = 0.8
"""Above it LiteLLM is restarted: the rest is for what it grows by until it has ended."""


class EnvironmentTooLargeError(ValueError):
    """A container's environment is larger than a container can start with; the message says what is large."""


@dataclass(frozen=True, kw_only=True)
class SecretRef:
    """An environment variable whose value is a secret of the container app."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An environment variable whose value Terraform knows: an expression in its language."""

    expression: str


EnvValue = str | SecretRef | Reference


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container, in the words of the platform but without its bindings."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, EnvValue]
    port: int
    cpu: float
    memory: str
    probes: Probes


def build_containers(settings: EnvironmentSettings) -> tuple[Container, Container]:
    """The gateway, which the ingress leads to, and LiteLLM, which only the gateway calls.

    Raises:
        EnvironmentTooLargeError: the settings make more of a container's environment than it can start with.
    """
    containers = (_build_gateway(settings), _build_litellm(settings))
    for container in containers:
        _check_size(container, env=settings.env)
    return containers


def _check_size(container: Container, *, env: str) -> None:
    """Linux starts no program with a variable of 128 KiB; bounds below that leave room for the platform's own."""
    sizes = {name: _size_of(name, value) for name, value in container.env.items()}
    total, largest = sum(sizes.values()), max(sizes, key=lambda name: sizes[name])
    if sizes[largest] > _MAX_VARIABLE_BYTES:
        found = f"{largest} has {sizes[largest]:,} bytes; at most {_MAX_VARIABLE_BYTES:,} are allowed"
    elif total > _MAX_ENVIRONMENT_BYTES:
        found = f"{len(sizes):,} variables have {total:,} bytes; at most {_MAX_ENVIRONMENT_BYTES:,} are allowed"
    else:
        return
    parts = ", ".join(f"{name} {size:,}" for name, size in sorted(sizes.items(), key=lambda item: -item[1])[:3])
    raise EnvironmentTooLargeError(
        f"{env}: the environment of the container {container.name} is too large: {found}. Largest, in bytes: {parts}. "
        "Configure fewer projects, models or upstreams."
    )


def _size_of(name: str, value: EnvValue) -> int:
    """Bytes of `NAME=value` and the end of the text."""
    if isinstance(value, str):
        size = len(value.encode())
    else:
        size = _SECRET_BYTES if isinstance(value, SecretRef) else _REFERENCE_BYTES
    return len(name.encode()) + 2 + size


def _build_gateway(settings: EnvironmentSettings) -> Container:
    """Variables in the order of how seldom they change.

    Terraform compares environment variables by position: one that is inserted shows all behind it as changed.
    """
    resources = settings.containers.gateway
    env: dict[str, EnvValue] = {
        "HOST": _ALL_ADDRESSES,
        "PORT": str(resources.port),
        "LITELLM_URL": f"{_LOOPBACK}:{settings.containers.litellm.port}",
        "INNER_KEY": SecretRef(name=INNER_KEY),
        **_identity_and_telemetry(settings),
        SOURCE: source_variable(),
        "GATEWAY_CONFIG": render_gateway_config(settings),
    }
    for upstream in settings.all_upstreams:
        env[endpoint_env(upstream.name)] = settings.endpoint_of(upstream)
        if settings.uses_key(upstream):
            key = azure_key(upstream.name)
            env[key.container_env] = SecretRef(name=key.vault_secret)
    for keys in build_project_keys(settings).values():
        env |= {key.container_env: SecretRef(name=key.vault_secret) for key in keys}
    return Container(
        name="gateway",
        command=START_GATEWAY,
        env=env,
        port=resources.port,
        cpu=resources.cpu,
        memory=resources.memory,
        probes=build_probes(
            port=resources.port,
            live="/health/liveness",
            ready="/health/readiness",
            start_s=_GATEWAY_START_S,
        ),
    )


def _identity_and_telemetry(settings: EnvironmentSettings) -> dict[str, EnvValue]:
    """What they need, where they are on.

    The connection string is no credential: local authentication is off, so telemetry is accepted from identities with
    a role only. Its resource calls it sensitive all the same.
    """
    sends = settings.observability.application_insights
    env: dict[str, EnvValue] = {}
    if sends or settings.uses_managed_identity:
        env["AZURE_CLIENT_ID"] = Reference(expression="${azurerm_user_assigned_identity.gateway.client_id}")
    if sends:
        env["APPLICATIONINSIGHTS_CONNECTION_STRING"] = Reference(
            expression="${nonsensitive(azurerm_application_insights.gateway.connection_string)}"
        )
    return env


def _build_litellm(settings: EnvironmentSettings) -> Container:
    resources = settings.containers.litellm
    return Container(
        name="litellm",
        command=START_LITELLM,
        env={
            "HOST": _ALL_ADDRESSES,
            "PORT": str(resources.port),
            "LITELLM_MASTER_KEY": SecretRef(name=INNER_KEY),
            "AZURE_OPENAI_ENDPOINT": f"{_LOOPBACK}:{settings.containers.gateway.port}",
            "LITELLM_CONFIG_YAML": render_litellm_config(settings),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # no download at start
            "LITELLM_LOG": "CRITICAL",
            "REPEATED_STREAMING_CHUNK_LIMIT": str(10**9),  # else an answer that repeats itself is broken off
            "LITELLM_MAX_BYTES": str(int(resources.memory_bytes * _LITELLM_MEMORY_SHARE)),
        },
        port=resources.port,
        cpu=resources.cpu,
        memory=resources.memory,
        probes=build_probes(
            port=resources.port,
            live="/health/liveliness",
            ready="/health/readiness",
            start_s=_LITELLM_START_S,
        ),
    )
