"""Cline's `data/settings/providers.json` in its configuration folder, as `cline auth` of version 3.0.65 writes it.

The provider `openai-native` calls Responses and knows OpenAI's models; `openai-compatible` calls chat completions.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from scripts.client_files.access import Access
from scripts.client_files.client import Client


def render(access: Access) -> str:
    """One provider with the first model."""
    model = access.chat[0]
    provider = "openai-native" if model.kind == "responses" else "openai-compatible"
    settings = {"provider": provider, "apiKey": access.key, "model": model.name, "baseUrl": access.base_url}
    entry = {
        "settings": settings,
        "updatedAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "tokenSource": "manual",
    }
    content = {"version": 1, "lastUsedProvider": provider, "modes": {}, "providers": {provider: entry}}
    return json.dumps(content, indent=2) + "\n"


CLIENT = Client("Cline", "cline/data/settings/providers.json", render, "cline --config {folder}/cline")
