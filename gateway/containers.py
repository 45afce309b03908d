"""The two containers of a replica: their commands, environment, resources and probes."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.configuration import read_runtime_modules, render_gateway_config
from gateway.litellm import render_litellm_config
from gateway.probes import Probes, build_probes
from gateway.secrets import INNER_KEY, build_project_keys
from gateway.start import START_GATEWAY, START_LITELLM
from gateway.upstreams import build_upstreams
from settings import EnvironmentSettings

_ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - the platform's probes come from outside the replica
_LOOPBACK = "http://127.0.0.1"
_GATEWAY_START_S = 30
_LITELLM_START_S = 150


@dataclass(frozen=True, kw_only=True)
class SecretRef:
    """An environment variable whose value is a secret of the container app."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container, in the words of the platform but without its bindings."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str | SecretRef]
    port: int
    cpu: float
    memory: str
    probes: Probes


def build_containers(settings: EnvironmentSettings) -> tuple[Container, Container]:
    """The gateway, which the ingress leads to, and LiteLLM, which only the gateway calls."""
    return (_build_gateway(settings), _build_litellm(settings))


def _build_gateway(settings: EnvironmentSettings) -> Container:
    resources = settings.containers.gateway
    env: dict[str, str | SecretRef] = {
        "HOST": _ALL_ADDRESSES,
        "PORT": str(resources.port),
        "LITELLM_URL": f"{_LOOPBACK}:{settings.containers.litellm.port}",
        "INNER_KEY": SecretRef(name=INNER_KEY),
    }
    for keys in build_project_keys(settings).values():
        env |= {name: SecretRef(name=secret.name) for name, secret in keys.env.items()}
    for upstream in build_upstreams(settings):
        env[upstream.endpoint_env] = upstream.endpoint
        env[upstream.key_env] = SecretRef(name=upstream.key_secret)
    env["GATEWAY_CONFIG"] = render_gateway_config(settings)
    return Container(
        name="gateway",
        command=START_GATEWAY,
        env={**env, **read_runtime_modules()},
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
            "AZURE_OPENAI_API_KEY": SecretRef(name=INNER_KEY),
            "LITELLM_CONFIG_YAML": render_litellm_config(settings),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # no download at start
            "LITELLM_LOG": "CRITICAL",
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
