"""Metrics of requests, added up until they are sent. Their dimensions come from the settings, so they are bounded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..context import RequestContext, Tokens, now

_NAMESPACE = "gateway"
_UNKNOWN = "none"


@dataclass(slots=True)
class Aggregate:
    """Of the values of one metric."""

    min: float
    max: float
    sum: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        """Add a value."""
        if value < self.min:
            self.min = value
        elif value > self.max:
            self.max = value
        self.sum += value
        self.count += 1


class _Dimensions(NamedTuple):
    deployment: str | None
    project: str | None
    region: str | None
    stream: bool

    def texts(self) -> dict[str, str]:
        return {
            "deployment": self.deployment or _UNKNOWN,
            "project": self.project or _UNKNOWN,
            "region": self.region or _UNKNOWN,
            "streaming": str(self.stream).lower(),
        }


_Name = str | tuple[str, bool]
"""Of a metric, or the type of tokens and whether they are estimated."""


class Metrics:
    """What has been measured since it was last taken.

    Requests look up their dimensions once, and dimensions become texts when they are taken: each request pays for this.
    """

    def __init__(self) -> None:
        self._aggregates: dict[_Dimensions, dict[_Name, Aggregate]] = {}

    def add(self, context: RequestContext) -> None:
        """Add a request that has ended."""
        dimensions = _Dimensions(context.deployment, context.project, context.region, context.stream)
        if (metrics := self._aggregates.get(dimensions)) is None:
            metrics = self._aggregates[dimensions] = {}
        _add(metrics, "requests", 1)
        _add(metrics, "latency", (now() - context.started) * 1000)
        if context.first_byte is not None:
            _add(metrics, "first_byte", (context.first_byte - context.started) * 1000)
        if tokens := context.counted_tokens:
            for kind, count in _by_type(tokens):
                if count:
                    _add(metrics, (kind, tokens.estimated), count)

    def take(self) -> Iterator[tuple[str, Mapping[str, str], Aggregate]]:
        """Yield name, dimensions and values of each metric, and begin anew."""
        taken, self._aggregates = self._aggregates, {}
        for dimensions, metrics in taken.items():
            texts = dimensions.texts()
            for name, aggregate in metrics.items():
                if isinstance(name, str):
                    yield f"{_NAMESPACE}.{name}", texts, aggregate
                else:
                    kind, estimated = name
                    tokens = {**texts, "estimated": str(estimated).lower(), "type": kind}
                    yield f"{_NAMESPACE}.tokens", tokens, aggregate


def _add(metrics: dict[_Name, Aggregate], name: _Name, value: float) -> None:
    if (aggregate := metrics.get(name)) is None:
        aggregate = metrics[name] = Aggregate(value, value)
    aggregate.add(value)


def _by_type(tokens: Tokens) -> tuple[tuple[str, int], ...]:
    """Cached tokens are a part of the prompt, and reasoning of the completion."""
    return (
        ("prompt", tokens.input),
        ("completion", tokens.output),
        ("cached", tokens.cached),
        ("reasoning", tokens.reasoning),
        ("total", tokens.input + tokens.output),
    )
