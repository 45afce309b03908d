"""Calls as the door lets them in, and an event loop whose time costs none."""

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from gateway.runtime.configuration import Kind, Model, Project
from gateway.runtime.exchange import Call, Record, Surface

from .conftest import EMBEDDING, upstream

_T = TypeVar("_T")

PROJECT = Project(name="default", keys=(), models=frozenset())
_KINDS: dict[Surface, Kind] = {Surface.EMBEDDINGS: "embeddings", Surface.CHAT: "chat"}


def model_of(
    kind: Kind = "embeddings",
    *,
    regions: tuple[str, ...] = ("first",),
    **options: Any,  # noqa: ANN401
) -> Model:
    """A model on these regions."""
    names = {"name": EMBEDDING, "deployment": EMBEDDING, "api_version": "2023-05-15"}
    return Model(**{**names, "kind": kind, "upstreams": tuple(upstream(region) for region in regions), **options})


def call_of(
    fields: Mapping[str, object] | None = None,
    *,
    surface: Surface = Surface.EMBEDDINGS,
    model: Model | None = None,
    project: Project | str = PROJECT,
    deadline: float = 1e9,
) -> Call:
    """A call that says this."""
    return Call(
        surface=surface,
        model=model or model_of(_KINDS.get(surface, "responses")),
        project=project if isinstance(project, Project) else Project(name=project, keys=(), models=frozenset()),
        body=b"",
        fields=fields or {"input": "text"},
        stream=False,
        translated=False,
        record=Record(request_id="r", route=str(surface), started=0.0, deadline=deadline),
    )


class _NoWait(selectors.SelectSelector):
    """Waits for nothing; the time that it was to wait has passed."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.passed += timeout or 0.0
        return super().select(0)


class QuickLoop(asyncio.SelectorEventLoop):
    """An event loop that jumps to the next timer at once; a minute of it costs none."""

    def __init__(self) -> None:
        self._quick = _NoWait()
        super().__init__(self._quick)

    def time(self) -> float:
        """Seconds since the loop began."""
        return self._quick.passed


def quickly(work: Coroutine[Any, Any, _T]) -> _T:
    """Run this in a loop of its own whose time costs none."""
    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        return runner.run(work)


def now() -> float:
    """The time of the running loop: a clock for whatever takes one."""
    return asyncio.get_running_loop().time()
