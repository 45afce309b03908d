"""The entry in Qoder's `~/.qoder/settings.json` (npm `@qoder-ai/qodercli` 1.1.52 has its schema)."""

from __future__ import annotations

import json

from scripts.client_files.access import Access, known
from scripts.client_files.client import Client
from settings.models import Model


def render(access: Access) -> str:
    """A provider with the project's models."""
    provider = {
        "type": "openai-compatible",
        "protocol": "openai",
        "authType": "bearer",
        "baseUrl": access.base_url,
        "apiKey": access.key,
        "models": [_model(model) for model in access.chat],
    }
    return json.dumps({"providers": {"gateway": provider}}, indent=2) + "\n"


def _model(model: Model) -> dict[str, object]:
    """A model that speaks Responses is called so: nothing needs translating."""
    return known(
        model=model.name,
        protocol="openai-responses" if model.kind == "responses" else None,
        contextWindow=model.context_window,
        maxOutputTokens=model.max_output_tokens,
        capabilities=None if model.vision is None else {"vision": model.vision},
    )


CLIENT = Client(
    "Qoder", "qoder-settings.json", render, "copy the entry of {file} into ~/.qoder/settings.json; or Models > Add"
)
