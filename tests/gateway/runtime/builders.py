"""Models and requests as the steps get them, for tests of single steps."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.runtime.configuration import Kind, Model, Project, Upstream
from gateway.runtime.context import ModelRequest, RequestContext, Surface
from gateway.runtime.token_usage import estimate_tokens

REGIONS = ("first", "second", "third")
CODEX = "gpt-5.3-codex"
CHAT = "gpt-4o-mini"
EMBEDDING = "text-embedding-3-large"
TRANSLATED = "translated-codex"
PROJECT = Project(name="default", keys=(), models=frozenset())
_KINDS: dict[Surface, Kind] = {Surface.EMBEDDINGS: "embeddings", Surface.CHAT: "chat"}


class ManualClock:
    """A clock that stands still until a test changes it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def build_upstream(region: str, endpoint: str = "http://127.0.0.1:9") -> Upstream:
    """One of the regions; no server listens at the default endpoint."""
    return Upstream(name=region, endpoint=endpoint, key=f"the-key-of-{region}", priority=REGIONS.index(region) + 1)


def build_models(*upstreams: Upstream) -> dict[str, Model]:
    """A model of each kind, and one that is always translated."""
    preview = "2025-04-01-preview"
    models = (
        Model(name=CODEX, deployment=CODEX, kind="responses", api_version=preview, upstreams=upstreams),
        Model(name=CHAT, deployment=CHAT, kind="chat", api_version="2024-10-21", upstreams=upstreams),
        Model(name=EMBEDDING, deployment=EMBEDDING, kind="embeddings", api_version="2023-05-15", upstreams=upstreams),
        Model(
            name=TRANSLATED,
            deployment=CODEX,
            kind="responses",
            api_version=preview,
            upstreams=upstreams,
            translate=True,
        ),
    )
    return {model.name: model for model in models}


def in_v1_form(models: Mapping[str, Model]) -> dict[str, Model]:
    """The same models, whose deployments have other names and are called without a date."""
    return {
        name: replace(model, deployment=f"our-{model.deployment}", api_version="v1") for name, model in models.items()
    }


def build_model(
    kind: Kind = "embeddings",
    *,
    regions: tuple[str, ...] = ("first",),
    **options: Any,  # noqa: ANN401
) -> Model:
    """A model in these regions."""
    names = {"name": EMBEDDING, "deployment": EMBEDDING, "api_version": "2023-05-15"}
    return Model(**{**names, "kind": kind, "upstreams": tuple(build_upstream(region) for region in regions), **options})


def build_request(
    fields: Mapping[str, object] | None = None,
    *,
    surface: Surface = Surface.EMBEDDINGS,
    model: Model | None = None,
    project: Project | str = PROJECT,
    deadline: float = 1e9,
    **options: Any,  # noqa: ANN401
) -> ModelRequest:
    """An admitted request with these fields."""
    request: dict[str, Any] = {
        "surface": surface,
        "model": model or build_model(_KINDS.get(surface, "responses")),
        "project": project if isinstance(project, Project) else Project(name=project, keys=(), models=frozenset()),
        "body": b"",
        "fields": {"input": "text"} if fields is None else fields,
        "stream": False,
        "via_litellm": False,
        "context": RequestContext(request_id="r", route=str(surface), started=0.0, deadline=deadline),
    }
    request["estimated_tokens"] = estimate_tokens(surface, request["fields"])
    return ModelRequest(**{**request, **options})
