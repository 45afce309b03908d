"""LiteLLM's configuration: the models of the settings, with this gateway as their Azure.

https://docs.litellm.ai/docs/proxy/configs
"""

import yaml

from settings.environment import EnvironmentSettings
from settings.models import API_VERSIONS, Model


def build_litellm_config(settings: EnvironmentSettings) -> dict[str, object]:
    """LiteLLM translates and nothing else: it calls once, keeps no state, and leaves failures to the gateway."""
    # The gateway ends a call or a silent stream, with a better reason than LiteLLM's, whose own limit lies behind.
    timeout_s = max(settings.timeouts.total_s, settings.timeouts.idle_s) + 2
    return {
        "model_list": [_model(model) for model in settings.all_models],
        "general_settings": {
            "master_key": "os.environ/LITELLM_MASTER_KEY",
            "disable_responses_id_security": True,
            "forward_client_headers_to_llm_api": True,
        },
        "litellm_settings": {
            "num_retries": 0,
            "request_timeout": timeout_s,
            "turn_off_message_logging": True,
            "redact_user_api_key_info": True,
            "suppress_debug_info": True,
            "json_logs": True,
        },
        "router_settings": {"num_retries": 0, "disable_cooldowns": True, "timeout": timeout_s},
    }


def _model(model: Model) -> dict[str, object]:
    parameters: dict[str, object] = {
        "model": f"azure/{model.name}",
        "api_base": "os.environ/AZURE_OPENAI_ENDPOINT",
        "api_key": "os.environ/LITELLM_MASTER_KEY",
        "api_version": API_VERSIONS[model.kind],  # the gateway, which it calls, ignores it
    }
    mode = {"model_info": {"mode": "responses"}} if model.kind == "responses" else {}
    return {"model_name": model.name, "litellm_params": parameters, **mode}


def render_litellm_config(settings: EnvironmentSettings) -> str:
    """The same configuration as the YAML file that `litellm --config` reads."""
    return yaml.safe_dump(build_litellm_config(settings), sort_keys=False)
