"""The two containers of a replica, with configuration and code in their environment."""

import json

from cdktf_cdktf_provider_azurerm.container_app import (
    ContainerAppTemplateContainer,
    ContainerAppTemplateContainerEnv,
    ContainerAppTemplateContainerLivenessProbe,
    ContainerAppTemplateContainerReadinessProbe,
    ContainerAppTemplateContainerStartupProbe,
)

IMAGE = "ghcr.io/berriai/litellm:v1.103.2@sha256:f63fb81b831b170ec16851e23c36ac5bf52ef106b271406429524a2ed730bbfd"
GATEWAY_CONFIG = {
    "upstreams": [
        {
            "name": "azure-openai",
            "endpoint_env": "AZURE_OPENAI_ENDPOINT",
            "key_env": "AZURE_OPENAI_API_KEY",
            "priority": 1,
        }
    ],
    "models": [
        {"name": "gpt-5.3-codex", "kind": "responses", "api_version": "2025-04-01-preview"},
        {"name": "text-embedding-3-large", "kind": "embeddings", "api_version": "2023-05-15"},
    ],
    "projects": [{"name": "default", "key_envs": ["GATEWAY_KEY", "GATEWAY_KEY_SECONDARY"]}],
}
LITELLM_CONFIG = """\
model_list:
- model_name: gpt-5.3-codex
  litellm_params:
    model: azure/gpt-5.3-codex
    api_base: os.environ/AZURE_OPENAI_ENDPOINT
    api_key: os.environ/AZURE_OPENAI_API_KEY
    api_version: 2025-04-01-preview
  model_info:
    mode: responses
- model_name: text-embedding-3-large
  litellm_params:
    model: azure/text-embedding-3-large
    api_base: os.environ/AZURE_OPENAI_ENDPOINT
    api_key: os.environ/AZURE_OPENAI_API_KEY
    api_version: '2023-05-15'
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
"""


def gateway_container() -> ContainerAppTemplateContainer:
    """The container that the ingress leads to."""
    plain = {
        "HOST": "0.0.0.0",  # noqa: S104
        "PORT": "4000",
        "LITELLM_URL": "http://127.0.0.1:4001",
        "AZURE_OPENAI_ENDPOINT": "https://mys-shared-ai-swc.cognitiveservices.azure.com",
        "GATEWAY_CONFIG": json.dumps(GATEWAY_CONFIG),
        "GATEWAY_SOURCE": "A" * 46_000,  # as long as the archive
    }
    secret = {
        "GATEWAY_KEY": "gateway-key",
        "GATEWAY_KEY_SECONDARY": "gateway-key-secondary",
        "INNER_KEY": "inner-key",
        "AZURE_OPENAI_API_KEY": "azure-openai-api-key",
    }
    return container("gateway", port=4000, cpu=0.5, memory="1Gi", plain=plain, secret=secret)


def litellm_container() -> ContainerAppTemplateContainer:
    """The container that translates."""
    plain = {
        "HOST": "0.0.0.0",  # noqa: S104
        "PORT": "4001",
        "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:4000",
        "LITELLM_CONFIG_YAML": LITELLM_CONFIG,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOG": "CRITICAL",
    }
    secret = {"LITELLM_MASTER_KEY": "inner-key", "AZURE_OPENAI_API_KEY": "inner-key"}
    return container("litellm", port=4001, cpu=1, memory="2Gi", plain=plain, secret=secret)


def container(
    name: str, *, port: int, cpu: float, memory: str, plain: dict[str, str], secret: dict[str, str]
) -> ContainerAppTemplateContainer:
    """Either container, with its three probes."""
    return ContainerAppTemplateContainer(
        name=name,
        image=IMAGE,
        command=["python", "-c", f"print('the start command of {name}')"],
        cpu=cpu,
        memory=memory,
        env=[
            *(ContainerAppTemplateContainerEnv(name=key, value=value) for key, value in plain.items()),
            *(ContainerAppTemplateContainerEnv(name=key, secret_name=value) for key, value in secret.items()),
        ],
        startup_probe=[
            ContainerAppTemplateContainerStartupProbe(
                transport="HTTP", path="/health/liveness", port=port, initial_delay=1, failure_count_threshold=6
            )
        ],
        liveness_probe=[
            ContainerAppTemplateContainerLivenessProbe(
                transport="HTTP", path="/health/liveness", port=port, interval_seconds=15, timeout=10
            )
        ],
        readiness_probe=[
            ContainerAppTemplateContainerReadinessProbe(
                transport="HTTP", path="/health/readiness", port=port, interval_seconds=5, success_count_threshold=1
            )
        ],
    )
