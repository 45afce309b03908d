"""What each client's file says, with and without facts about the model."""

import json
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.client_files import CLIENTS, Access
from settings.models import Codex, Embeddings, Kind, Model

KEY = "it's a $KEY"
URL = "https://gateway.example/v1"
CODEX = Codex().as_model()
INDEX = Embeddings().as_model()
BOTH = Access(base_url=URL, key=KEY, chat=(CODEX,), embeddings=INDEX)
RENDERERS = {client.file: client.render for client in CLIENTS}


def unknown(kind: Kind) -> Access:
    """One model of which nothing is known, and no index."""
    return Access(base_url=URL, key=KEY, chat=(Model(name="mm", kind=kind),))


def rendered(file: str, access: Access) -> str:
    text = RENDERERS[file](access)
    assert text is not None
    assert text.endswith("\n")
    return text


def roo(access: Access) -> tuple[dict[str, Any], dict[str, Any]]:
    """The profile, and the settings of the index."""
    content = json.loads(rendered("roo-settings.json", access))
    profiles = content["providerProfiles"]
    profile = profiles["apiConfigs"][profiles["currentApiConfigName"]]
    return profile, content["globalSettings"]["codebaseIndexConfig"]


def test_roo_has_a_profile_that_reaches_the_gateway_and_knows_the_model() -> None:
    profile, _ = roo(BOTH)
    assert profile == {
        "apiProvider": "openai",
        "openAiBaseUrl": URL,
        "openAiApiKey": KEY,
        "openAiModelId": "gpt-5.3-codex",
        "openAiCustomModelInfo": {
            "maxTokens": 128000,
            "contextWindow": 400000,
            "supportsImages": True,
            "supportsPromptCache": True,
            "supportsReasoningEffort": ["low", "medium", "high", "xhigh"],
            "reasoningEffort": "medium",
            "inputPrice": 1.75,
            "outputPrice": 14,
            "cacheReadsPrice": 0.175,
            "includedTools": ["apply_patch"],
            "excludedTools": ["apply_diff", "write_to_file"],
        },
        "enableReasoningEffort": True,
        "reasoningEffort": "medium",
        "codebaseIndexOpenAiCompatibleApiKey": KEY,
    }


def test_roo_indexes_with_the_dimension_as_a_number_and_no_key_in_the_index() -> None:
    _, index = roo(BOTH)
    assert index == {
        "codebaseIndexEnabled": True,
        "codebaseIndexQdrantUrl": "http://localhost:6333",
        "codebaseIndexEmbedderProvider": "openai-compatible",
        "codebaseIndexOpenAiCompatibleBaseUrl": URL,
        "codebaseIndexEmbedderModelId": "text-embedding-3-large",
        "codebaseIndexEmbedderModelDimension": 3072,
    }


def test_roo_assumes_what_it_likes_of_an_unknown_model_and_does_not_index_without_embeddings() -> None:
    profile, index = roo(unknown("responses"))
    assert set(profile) == {
        "apiProvider",
        "openAiBaseUrl",
        "openAiApiKey",
        "openAiModelId",
        "codebaseIndexOpenAiCompatibleApiKey",
    }
    assert index == {"codebaseIndexEnabled": False}


def test_roo_is_offered_only_efforts_that_it_knows_and_none_where_there_are_none() -> None:
    for efforts, offered in ((("none", "low", "max"), ["low"]), ((), None)):
        model = CODEX.model_copy(update={"reasoning_efforts": efforts})
        profile, _ = roo(Access(base_url=URL, key=KEY, chat=(model,)))
        assert profile["openAiCustomModelInfo"].get("supportsReasoningEffort") == offered
        assert "reasoningEffort" not in {**profile, **profile["openAiCustomModelInfo"]}


def test_a_model_of_another_family_keeps_roos_own_tools() -> None:
    profile, _ = roo(Access(base_url=URL, key=KEY, chat=(Model(name="gpt-4o-mini", kind="chat"),)))
    assert profile["openAiCustomModelInfo"]["contextWindow"] == 128_000
    assert not {"includedTools", "excludedTools"} & set(profile["openAiCustomModelInfo"])


def test_qoder_has_a_provider_per_api() -> None:
    reach = {"type": "openai-compatible", "authType": "bearer", "baseUrl": URL, "apiKey": KEY}
    codex = {
        "model": "gpt-5.3-codex",
        "contextWindow": 400000,
        "maxOutputTokens": 128000,
        "capabilities": {"vision": True},
    }
    responses = {**reach, "protocol": "openai-responses", "models": [codex]}
    chat = {**reach, "protocol": "openai", "models": [{"model": "mm"}]}
    access = Access(base_url=URL, key=KEY, chat=(CODEX, Model(name="mm", kind="chat")))
    for given, providers in (
        (BOTH, {"gateway": responses}),
        (access, {"gateway": responses, "gateway-chat": chat}),
        (unknown("chat"), {"gateway-chat": chat}),
    ):
        assert json.loads(rendered("qoder-settings.json", given)) == {"providers": providers}


@pytest.mark.parametrize(("kind", "provider"), [("responses", "openai-native"), ("chat", "openai-compatible")])
def test_cline_has_the_provider_of_the_models_api(kind: Kind, provider: str) -> None:
    content = json.loads(rendered("cline/data/settings/providers.json", unknown(kind)))
    assert content["lastUsedProvider"] == provider
    assert content["providers"][provider]["settings"] == {
        "provider": provider,
        "apiKey": KEY,
        "model": "mm",
        "baseUrl": URL,
    }


def test_codex_has_a_provider_without_the_key_and_compacts_within_the_models_input() -> None:
    text = rendered("codex/config.toml", BOTH)
    assert tomllib.loads(text) == {
        "model": "gpt-5.3-codex",
        "model_provider": "gateway",
        "model_context_window": 272_000,
        "model_reasoning_effort": "medium",
        "model_providers": {
            "gateway": {
                "name": "gateway",
                "base_url": URL,
                "env_key": "GATEWAY_KEY",
                "wire_api": "responses",
                "supports_websockets": False,
            }
        },
    }
    assert KEY not in text


def test_codex_decides_itself_about_an_unknown_model_and_cannot_use_a_chat_model() -> None:
    assert set(tomllib.loads(rendered("codex/config.toml", unknown("responses")))) == {
        "model",
        "model_provider",
        "model_providers",
    }
    assert RENDERERS["codex/config.toml"](unknown("chat")) is None


def test_codex_uses_the_first_model_that_it_can() -> None:
    access = Access(base_url=URL, key=KEY, chat=(Model(name="mm", kind="chat"), CODEX))
    assert tomllib.loads(rendered("codex/config.toml", access))["model"] == "gpt-5.3-codex"


def test_continue_has_the_models_with_their_roles_and_limits() -> None:
    reach = {"provider": "openai", "apiBase": URL, "apiKey": KEY}
    assert yaml.safe_load(rendered("continue.yaml", BOTH)) == {
        "name": "gateway",
        "version": "1.0.0",
        "schema": "v1",
        "models": [
            {
                "name": "gpt-5.3-codex",
                "model": "gpt-5.3-codex",
                **reach,
                "roles": ["chat", "edit", "apply"],
                "capabilities": ["tool_use", "image_input"],
                "defaultCompletionOptions": {"contextLength": 400000, "maxTokens": 128000},
            },
            {"name": "text-embedding-3-large", "model": "text-embedding-3-large", **reach, "roles": ["embed"]},
        ],
    }


def test_continue_gets_no_limits_of_an_unknown_model() -> None:
    (model,) = yaml.safe_load(rendered("continue.yaml", unknown("chat")))["models"]
    assert model["capabilities"] == ["tool_use"]
    assert "defaultCompletionOptions" not in model


def test_a_shell_takes_the_sdks_variables_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "openai.env"
    file.write_text(rendered("openai.env", BOTH), encoding="utf-8")
    script = f'. {shlex.quote(str(file))}; env | grep -E "^(OPENAI_|GATEWAY_)" | sort'
    ran = subprocess.run(["/bin/sh", "-c", script], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
    assert ran.stdout.splitlines() == [f"GATEWAY_KEY={KEY}", f"OPENAI_API_KEY={KEY}", f"OPENAI_BASE_URL={URL}"]


def test_the_key_is_no_part_of_a_message() -> None:
    assert KEY not in repr(BOTH)
