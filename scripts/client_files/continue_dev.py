"""Continue's `config.yaml` (https://docs.continue.dev/reference)."""

from __future__ import annotations

import yaml

from scripts.client_files.access import Access, known
from scripts.client_files.client import Client
from settings.models import Model


def render(access: Access) -> str:
    """The project's models, and the one of the index."""
    models = [_model(model, access, roles=["chat", "edit", "apply"]) for model in access.chat]
    if access.embeddings:
        models.append(_model(access.embeddings, access, roles=["embed"]))
    content = {"name": "gateway", "version": "1.0.0", "schema": "v1", "models": models}
    return yaml.safe_dump(content, sort_keys=False)


def _model(model: Model, access: Access, *, roles: list[str]) -> dict[str, object]:
    answers = model.kind != "embeddings"
    limits = known(contextLength=model.context_window, maxTokens=model.max_output_tokens)
    return known(
        name=model.name,
        provider="openai",
        model=model.name,
        apiBase=access.base_url,
        apiKey=access.key,
        roles=roles,
        capabilities=["tool_use", *(["image_input"] if model.vision else [])] if answers else None,
        defaultCompletionOptions=limits if answers and limits else None,
    )


CLIENT = Client("Continue", "continue.yaml", render, "cn --config {file}; in the editor: ~/.continue/config.yaml")
