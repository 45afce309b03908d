"""Writes the settings of Roo Code and Qoder for a gateway: `GATEWAY_KEY=... client_settings.py --base-url URL`.

The key comes from the environment or a prompt: other users of the machine can read arguments. The files contain it, so
only their owner can read them.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse
import getpass
import json
import os
from dataclasses import dataclass
from typing import Any

from scripts.cli.base_url import normalize
from scripts.cli.error_handling import ScriptError
from scripts.cli.settings import models_of, settings_of
from scripts.setup.paths import ROOT


def main() -> None:
    """Write both files and say how to use them."""
    arguments = parse(sys.argv[1:])
    base_url = normalize(arguments.base_url)
    key = os.environ.get("GATEWAY_KEY") or getpass.getpass("The gateway's key: ")
    if not key.strip():
        raise ScriptError("No key. Set GATEWAY_KEY, or enter it at the prompt.", code=2)
    models = client_models(arguments.env, project=arguments.project)
    roo, qoder = write_all(arguments.output, base_url=base_url, key=key, models=models)
    print(f"Roo Code: Settings > Import > {roo}")
    print(f"Qoder: put the entry of {qoder} into ~/.qoder/settings.json; in the app, Models > Add > Custom")


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="client_settings.py",
        description="Writes the settings of Roo Code and Qoder. The key comes from GATEWAY_KEY or a prompt.",
    )
    parser.add_argument("--base-url", required=True, metavar="URL", help="https://HOST/v1, or https://HOST")
    parser.add_argument("--env", default="dev", metavar="NAME", help="the environment with the models (default: dev)")
    parser.add_argument("--project", metavar="NAME", help="the project of the key (default: the first of the settings)")
    parser.add_argument(
        "--output", type=Path, default=ROOT / ".local/clients", metavar="DIR", help="folder of both files"
    )
    return parser.parse_args(words)


@dataclass(frozen=True)
class ClientModels:
    """The models of a project: those that answer a chat, best first, and the one for the codebase index, if any."""

    chat: list[str]
    embeddings: str | None = None
    dimension: int | None = None


def client_models(env: str, *, project: str | None = None) -> ClientModels:
    """The models that the environment's settings allow a project; the first one by default."""
    name, models = models_of(settings_of(env), project=project)
    chat = [model.name for model in models if model.kind != "embeddings"]
    if not chat:
        raise ScriptError(f"The project {name!r} has no model that answers a chat, so no client can use it.", code=2)
    embeddings = next((model for model in models if model.kind == "embeddings"), None)
    return ClientModels(chat, embeddings.name, embeddings.dimension) if embeddings else ClientModels(chat)


def roo_settings(*, base_url: str, key: str, models: ClientModels) -> dict[str, Any]:
    """What Roo Code imports. It takes the key of the index from the profile only."""
    profile = {
        "apiProvider": "openai",
        "openAiBaseUrl": base_url,
        "openAiApiKey": key,
        "openAiModelId": models.chat[0],
        "codebaseIndexOpenAiCompatibleApiKey": key,
    }
    index: dict[str, object] = {"codebaseIndexEnabled": False}
    if models.embeddings:
        index = {
            "codebaseIndexEnabled": True,
            "codebaseIndexQdrantUrl": "http://localhost:6333",
            "codebaseIndexEmbedderProvider": "openai-compatible",
            "codebaseIndexOpenAiCompatibleBaseUrl": base_url,
            "codebaseIndexEmbedderModelId": models.embeddings,
            "codebaseIndexEmbedderModelDimension": models.dimension,
        }
    return {
        "providerProfiles": {"currentApiConfigName": "gateway", "apiConfigs": {"gateway": profile}},
        "globalSettings": {"codebaseIndexConfig": index},
    }


def qoder_settings(*, base_url: str, key: str, models: ClientModels) -> dict[str, Any]:
    """The provider's entry in `~/.qoder/settings.json`."""
    provider = {
        "type": "openai-compatible",
        "protocol": "openai",
        "authType": "bearer",
        "baseUrl": base_url,
        "apiKey": key,
        "models": [{"model": name} for name in models.chat],
    }
    return {"providers": {"gateway": provider}}


def write_all(folder: Path, *, base_url: str, key: str, models: ClientModels) -> tuple[Path, Path]:
    """Write the files of Roo Code and Qoder; their paths."""
    roo, qoder = folder / "roo-settings.json", folder / "qoder-settings.json"
    write(roo, roo_settings(base_url=base_url, key=key, models=models))
    write(qoder, qoder_settings(base_url=base_url, key=key, models=models))
    return roo, qoder


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace the file atomically; it is private from the start."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}.new")  # another run may write at the same time
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=2)
    new.replace(path)
