"""Codex CLI's `config.toml` (https://developers.openai.com/codex/config-reference); the key stays outside of it."""

from __future__ import annotations

import json

from scripts.client_files.access import Access, known
from scripts.client_files.client import Client
from scripts.client_files.sdk import KEY_VARIABLE
from settings.models import Model


def render(access: Access) -> str | None:
    """A provider and the first model that speaks Responses, which is all that Codex speaks.

    Codex compacts a conversation when its input fills the context window, so that is what the output leaves of the
    model's. It would try a WebSocket before HTTP.
    """
    model = next((model for model in access.chat if model.kind == "responses"), None)
    if model is None:
        return None
    top = known(
        model=model.name,
        model_provider="gateway",
        model_context_window=_input_tokens(model),
        model_reasoning_effort="medium" if "medium" in (model.reasoning_efforts or ()) else None,
    )
    provider = {
        "name": "gateway",
        "base_url": access.base_url,
        "env_key": KEY_VARIABLE,
        "wire_api": "responses",
        "supports_websockets": False,
    }
    return f"{_table(top)}\n[model_providers.gateway]\n{_table(provider)}"


def _input_tokens(model: Model) -> int | None:
    return model.context_window and model.context_window - (model.max_output_tokens or 0)


def _table(values: dict[str, object]) -> str:
    """Texts, numbers and switches are written in TOML as in JSON."""
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())


CLIENT = Client("Codex CLI", "codex/config.toml", render, ". {folder}/openai.env; CODEX_HOME={folder}/codex codex")
