"""Configurations of a stock LiteLLM (https://docs.litellm.ai/docs/proxy/configs), as dictionaries."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.targets import AzureTarget

Configuration = dict[str, Any]

_GENERAL = {"master_key": "os.environ/LITELLM_MASTER_KEY", "disable_responses_id_security": True}
_QUIET = {"drop_params": True, "turn_off_message_logging": True, "suppress_debug_info": True, "json_logs": True}


def plain(models: Sequence[Mapping[str, Any]], *, azure: AzureTarget) -> Configuration:
    """One resource and nothing else: no retries, no cooldowns, no logging, no database."""
    return {
        "model_list": [_deployment(model, azure) for model in _own(models)],
        "general_settings": dict(_GENERAL),
        "litellm_settings": {**_QUIET, "num_retries": 0},
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
    }


def in_regions(
    models: Sequence[Mapping[str, Any]], *, azures: Sequence[AzureTarget], timeout_s: float, cooldown_s: float
) -> Configuration:
    """Failover as its documentation tells to set it up: deployments of one model, by `order`, cooled down at once.

    Without retries it goes to the next order after one failure; with them it asks the failing region again first.
    Sources: https://docs.litellm.ai/docs/routing and https://docs.litellm.ai/docs/proxy/reliability.
    """
    return {
        "model_list": [
            _deployment(model, azure, order=order, timeout=timeout_s, stream_timeout=timeout_s)
            for model in _own(models)
            for order, azure in enumerate(azures, start=1)
        ],
        "general_settings": dict(_GENERAL),
        "litellm_settings": {**_QUIET, "num_retries": 0},
        "router_settings": {
            "num_retries": 0,
            "allowed_fails": 0,
            "cooldown_time": cooldown_s,
            "enable_pre_call_checks": True,  # `order` is one of them
        },
    }


def _own(models: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without those that are another name for the same deployment."""
    return [model for model in models if model["name"] == model["deployment"]]


def _deployment(model: Mapping[str, Any], azure: AzureTarget, **parameters: object) -> dict[str, Any]:
    deployment = {
        "model_name": model["name"],
        "litellm_params": {
            "model": f"azure/{model['deployment']}",
            "api_base": azure.url,
            "api_key": azure.key,
            "api_version": model["api_version"],
            **parameters,
        },
    }
    return {**deployment, "model_info": {"mode": "responses"}} if model["kind"] == "responses" else deployment
