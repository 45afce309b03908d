"""What a client needs to use the gateway: address, key, and the models of the key's project."""

from __future__ import annotations

from dataclasses import dataclass, field

from scripts.cli.error_handling import ScriptError
from scripts.cli.settings import models_of, settings_of
from settings.models import Model


@dataclass(frozen=True, kw_only=True)
class Access:
    """`chat` are the models that answer, best first; `embeddings` is the one for a codebase index, if any."""

    base_url: str
    key: str = field(repr=False)
    chat: tuple[Model, ...]
    embeddings: Model | None = None


def access_to(env: str, *, base_url: str, key: str, project: str | None = None) -> Access:
    """The access of a project, by default the default one of the environment."""
    name, models = models_of(settings_of(env), project=project)
    chat = tuple(model for model in models if model.kind != "embeddings")
    if not chat:
        raise ScriptError(f"The project {name!r} has no model that answers a chat, so no client can use it.", code=2)
    embeddings = next((model for model in models if model.kind == "embeddings"), None)
    return Access(base_url=base_url, key=key, chat=chat, embeddings=embeddings)


def known(**values: object) -> dict[str, object]:
    """Those that are not None: what is not known of a model is left to the client's own assumption."""
    return {name: value for name, value in values.items() if value is not None}
