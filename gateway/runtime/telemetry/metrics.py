"""Metrics of requests, added up until they are sent. Their dimensions come from the settings, so they are bounded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..context import RequestContext, Tokens, now

_NAMESPACE = "gateway"
_UNKNOWN = "none"
_Dimensions = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Aggregate:
    """Of the values of one metric."""

    min: float
    max: float
    sum: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        """Add a value."""
        self.min, self.max = min(self.min, value), max(self.max, value)
        self.sum += value
        self.count += 1


class Metrics:
    """What has been measured since it was last taken."""

    def __init__(self) -> None:
        self._aggregates: dict[tuple[str, _Dimensions], Aggregate] = {}

    def add(self, context: RequestContext) -> None:
        """Add a request that has ended."""
        dimensions: _Dimensions = (
            ("deployment", context.deployment or _UNKNOWN),
            ("project", context.project or _UNKNOWN),
            ("region", context.region or _UNKNOWN),
            ("streaming", str(context.stream).lower()),
        )
        self._add("requests", dimensions, 1)
        self._add("latency", dimensions, (now() - context.started) * 1000)
        if context.first_byte is not None:
            self._add("first_byte", dimensions, (context.first_byte - context.started) * 1000)
        if tokens := context.counted_tokens:
            dimensions = (*dimensions, ("estimated", str(tokens.estimated).lower()))
            for kind, count in _by_type(tokens):
                if count:
                    self._add("tokens", (*dimensions, ("type", kind)), count)

    def take(self) -> Iterator[tuple[str, Mapping[str, str], Aggregate]]:
        """Yield name, dimensions and values of each metric, and begin anew."""
        aggregates, self._aggregates = self._aggregates, {}
        for (name, dimensions), aggregate in aggregates.items():
            yield f"{_NAMESPACE}.{name}", dict(dimensions), aggregate

    def _add(self, name: str, dimensions: _Dimensions, value: float) -> None:
        key = name, dimensions
        if (aggregate := self._aggregates.get(key)) is None:
            aggregate = self._aggregates[key] = Aggregate(value, value)
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
