"""The settings that Roo Code and its successor Zoo Code import; `src/core/config/importExport.ts` reads them.

Without facts about the model Roo assumes 128,000 tokens of context, no effort, cost 0, and offers tools that a codex
model uses badly.
"""

from __future__ import annotations

import json

from scripts.client_files.access import Access, known
from scripts.client_files.client import Client
from settings.models import Model

DEFAULT_EFFORT = "medium"


def render(access: Access) -> str:
    """A profile and the codebase index. The key of the index is taken from the profile only."""
    model = access.chat[0]
    profile = {
        "apiProvider": "openai",
        "openAiBaseUrl": access.base_url,
        "openAiApiKey": access.key,
        "openAiModelId": model.name,
        **_facts(model),
        "codebaseIndexOpenAiCompatibleApiKey": access.key,
    }
    content = {
        "providerProfiles": {"currentApiConfigName": "gateway", "apiConfigs": {"gateway": profile}},
        "globalSettings": {"codebaseIndexConfig": _index(access)},
    }
    return json.dumps(content, indent=2) + "\n"


def _facts(model: Model) -> dict[str, object]:
    """Roo's schema wants a context window in them."""
    if model.context_window is None:
        return {}
    efforts = [effort for effort in model.reasoning_efforts or () if effort in {"low", "medium", "high", "xhigh"}]
    has_default = DEFAULT_EFFORT in efforts
    # What Roo itself offers to OpenAI's models of this family.
    patches = model.base_model.startswith("gpt-5")
    info = known(
        contextWindow=model.context_window,
        maxTokens=model.max_output_tokens,
        supportsImages=model.vision,
        supportsPromptCache=model.cached_input_price is not None,
        supportsReasoningEffort=efforts or None,
        reasoningEffort=DEFAULT_EFFORT if has_default else None,
        inputPrice=model.input_price,
        outputPrice=model.output_price,
        cacheReadsPrice=model.cached_input_price,
        includedTools=["apply_patch"] if patches else None,
        excludedTools=["apply_diff", "write_to_file"] if patches else None,
    )
    effort = {"enableReasoningEffort": True, "reasoningEffort": DEFAULT_EFFORT} if has_default else {}
    return {"openAiCustomModelInfo": info, **effort}


def _index(access: Access) -> dict[str, object]:
    if access.embeddings is None:
        return {"codebaseIndexEnabled": False}
    return {
        "codebaseIndexEnabled": True,
        "codebaseIndexQdrantUrl": "http://localhost:6333",
        "codebaseIndexEmbedderProvider": "openai-compatible",
        "codebaseIndexOpenAiCompatibleBaseUrl": access.base_url,
        "codebaseIndexEmbedderModelId": access.embeddings.name,
        "codebaseIndexEmbedderModelDimension": access.embeddings.dimension,
    }


CLIENT = Client("Roo Code, Zoo Code", "roo-settings.json", render, "Settings > Import > {file}")
