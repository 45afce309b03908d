"""The regions of a model: which one is next, how much time it gets, and one attempt in it.

A region is one of the model's upstreams (Azure OpenAI resources), with a circuit breaker of its own.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import aiohttp

from ..access_log import LogEvent
from ..configuration import Configuration, Model
from ..context import Attempt, ModelRequest, RequestContext, Response, Surface, Tokens, now
from ..litellm.azure_fixes import build_azure_fix
from ..retries import RetryableError
from ..token_usage import read_tokens
from ..upstream.attempt import Endpoint, attempt
from ..upstream.authentication import AuthenticationRefusals
from ..upstream.azure_endpoints import build_azure_endpoints
from ..upstream.managed_identity import ManagedIdentity
from ..upstream.response_fixes import select_azure_fix
from .background_usage import BackgroundUsage
from .circuit_breaker import Breaker
from .conversation_affinity import ConversationAffinity, Key

CONVERSATIONS = (Surface.RESPONSES, Surface.COMPACT, Surface.INPUT_TOKENS)
_RELEVANT_FIELDS = {"usage", "response", "item", "id"}
"""Fields with tokens or parts of a conversation; most events of a stream have none of them."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """One upstream of a model."""

    name: str
    priority: int
    breaker: Breaker
    endpoints: Mapping[Surface, Endpoint]
    hide_refusal: Callable[[Response], Response]
    """Replaces Azure's refusal of the gateway itself by an error for the client."""


def build_regions(
    model: Model,
    configuration: Configuration,
    *,
    identity: ManagedIdentity | None,
    refusals: AuthenticationRefusals,
    log_event: LogEvent,
) -> tuple[Region, ...]:
    """Build a region for each upstream of a model."""
    settings, timeouts = configuration.circuit_breaker, configuration.timeouts
    return tuple(
        Region(
            name=upstream.name,
            priority=upstream.priority,
            breaker=Breaker(settings=settings, log_event=log_event, region=upstream.name, model=model.name),
            endpoints=build_azure_endpoints(model=model, upstream=upstream, timeouts=timeouts, identity=identity),
            hide_refusal=partial(refusals.replace, upstream=upstream),
        )
        for upstream in model.upstreams
    )


def sort_by_priority(regions: Sequence[Region], request: ModelRequest) -> list[Region]:
    """Sort by preference and priority; regions of the same priority share the load."""
    shuffled = random.sample(regions, k=len(regions))
    return sorted(shuffled, key=lambda region: (region.name != request.preferred_region, region.priority))


def next_region(regions: Sequence[Region]) -> Region | None:
    """Return the first that is ready, else the first that has failed; none that has asked for a pause."""
    ready = next((region for region in regions if region.breaker.is_ready), None)
    return ready or next((region for region in regions if not region.breaker.pause_request), None)


def time_share_s(regions: Sequence[Region], request: ModelRequest) -> float:
    """Return the seconds for the next attempt that leave each of these regions an equal share."""
    remaining_s = request.context.deadline - now()
    return remaining_s / sum(1 for region in regions if not region.breaker.pause_request)


def shortest_pause_s(regions: Sequence[Region]) -> float | None:
    """Return the seconds until the first open breaker of these regions allows an attempt; None if none is open."""
    return min((pause_s for region in regions if (pause_s := region.breaker.pause_s)), default=None)


def _note_tokens(data: Mapping[str, object], context: RequestContext, log: Attempt, *, before: Tokens | None) -> None:
    """Note the tokens that an attempt reports, with those that others have reported `before` it."""
    if tokens := read_tokens(data):
        context.tokens, log.has_usage = tokens.plus(before), True


@contextmanager
def log_attempt(context: RequestContext, region: Region) -> Iterator[Attempt]:
    """Note an attempt in the request's context: how long it takes, and its failure."""
    log = Attempt(region=region.name, started=now())
    context.attempts.append(log)
    try:
        yield log
    except RetryableError as error:
        log.status, log.reason = error.status, error.reason
        raise
    finally:
        log.ms = round((now() - log.started) * 1000, 1)


async def attempt_in_region(
    *,
    session: aiohttp.ClientSession,
    request: ModelRequest,
    region: Region,
    deadline: float,
    keys: tuple[Key, ...],
    affinity: ConversationAffinity,
    usage: BackgroundUsage,
) -> Response:
    """Return the region's response; `keys` identify the conversation that the request continues.

    Raises:
        RetryableError: it failed before the client received anything.
    """
    context, breaker = request.context, region.breaker
    before = context.tokens
    number = breaker.begin()

    def on_event(data: Mapping[str, object]) -> None:
        if not _RELEVANT_FIELDS.isdisjoint(data):
            _note_tokens(data, context, log, before=before)
            if request.on_event:
                request.on_event(data, region.name)
            elif request.surface in CONVERSATIONS:
                affinity.learn(data, region.name, request.project.name)
                usage.begin(data, request.model)

    def on_end(error: RetryableError | None) -> None:
        if error is None:
            breaker.succeeded(number)
        else:
            log.reason = error.reason
            breaker.failed(number, error)

    fix = build_azure_fix(context.inner.refusal_mark) if request.on_event else select_azure_fix(request)
    with log_attempt(context, region) as log:
        try:
            response = await attempt(
                session=session,
                request=request,
                endpoint=region.endpoints[request.surface],
                deadline=deadline,
                fix=fix,
                on_event=on_event,
                on_end=on_end,
            )
        except RetryableError as error:
            on_end(error)
            raise
        finally:
            breaker.end(number)
    log.status, context.region = response.status, region.name
    if response.status < 400:
        breaker.answered(number)
        if keys:
            affinity.remember(keys[0], region.name)
    return region.hide_refusal(response)
