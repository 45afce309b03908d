"""The regions of a model: which one is asked next, for how long, and when it is worth coming back."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .attempt import Target
from .breaker import Breaker, Tell
from .configuration import Configuration, Model
from .exchange import Call, Surface
from .straight import targets_of


@dataclass(frozen=True, kw_only=True)
class Region:
    """One upstream of a model."""

    name: str
    priority: int
    breaker: Breaker
    targets: Mapping[Surface, Target]


def build_regions(model: Model, configuration: Configuration, tell: Tell) -> tuple[Region, ...]:
    """A region for each upstream, with a breaker of its own."""
    settings, timeouts = configuration.circuit_breaker, configuration.timeouts
    return tuple(
        Region(
            name=upstream.name,
            priority=upstream.priority,
            breaker=Breaker(settings=settings, tell=tell, region=upstream.name, model=model.name),
            targets=targets_of(model=model, upstream=upstream, timeouts=timeouts),
        )
        for upstream in model.upstreams
    )


def in_order(regions: Sequence[Region], call: Call) -> list[Region]:
    """By priority; those of the same one share the load."""
    mixed = random.sample(regions, k=len(regions))
    return sorted(mixed, key=lambda region: (region.name != call.prefer, region.priority))


def next_of(regions: Sequence[Region]) -> Region | None:
    """The first that is well; else the first that has failed; never one that asked for a pause."""
    well = next((region for region in regions if region.breaker.ready), None)
    return well or next((region for region in regions if not region.breaker.asked), None)


def share_s(regions: Sequence[Region], call: Call) -> float:
    """Seconds for the next attempt, so that each of these can have its turn."""
    left_s = call.record.deadline - asyncio.get_running_loop().time()
    return left_s / sum(1 for region in regions if not region.breaker.asked)


def pause_s(regions: Sequence[Region]) -> float | None:
    """Seconds until the first of those that are left alone is asked again."""
    return min((pause for region in regions if (pause := region.breaker.pause_s)), default=None)
