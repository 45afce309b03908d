"""The entries in Qoder's `~/.qoder/settings.json`, as npm's `@qoder-ai/qodercli` 1.1.52 checks them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from scripts.client_files.access import Access, known
from scripts.client_files.client import Client
from settings.models import Model


def render(access: Access) -> str:
    """A provider per API, because Qoder knows one protocol per provider. Responses needs no translation."""
    responses = [model for model in access.chat if model.kind == "responses"]
    others = [model for model in access.chat if model.kind != "responses"]
    providers = {
        "gateway": _provider("openai-responses", responses, access),
        "gateway-chat": _provider("openai", others, access),
    }
    return json.dumps({"providers": {name: entry for name, entry in providers.items() if entry}}, indent=2) + "\n"


def _provider(protocol: str, models: Sequence[Model], access: Access) -> dict[str, object] | None:
    if not models:
        return None
    return {
        "type": "openai-compatible",
        "protocol": protocol,
        "authType": "bearer",
        "baseUrl": access.base_url,
        "apiKey": access.key,
        "models": [_model(model) for model in models],
    }


def _model(model: Model) -> dict[str, object]:
    """Without `vision` Qoder sends no images."""
    return known(
        model=model.name,
        contextWindow=model.context_window,
        maxOutputTokens=model.max_output_tokens,
        capabilities=None if model.vision is None else {"vision": model.vision},
    )


CLIENT = Client(
    "Qoder", "qoder-settings.json", render, "copy the entries of {file} into ~/.qoder/settings.json; or Models > Add"
)
