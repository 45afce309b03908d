"""One attempt in a region; its outcome goes to the request's context, the circuit breaker and the affinity."""

from collections.abc import Mapping

import aiohttp

from ..context import Attempt, ModelRequest, Response, Surface, now
from ..retries import RetryableError
from ..token_usage import read_tokens
from ..upstream.attempt import attempt
from ..upstream.response_fixes import select_azure_fix
from .conversation_affinity import ConversationAffinity, Key
from .regions import Region

CONVERSATIONS = (Surface.RESPONSES, Surface.COMPACT)
_RELEVANT_FIELDS = {"usage", "response", "item", "id"}
"""Fields with tokens or parts of a conversation; most events of a stream have none of them."""


async def attempt_in_region(
    *,
    session: aiohttp.ClientSession,
    request: ModelRequest,
    region: Region,
    deadline: float,
    keys: tuple[Key, ...],
    affinity: ConversationAffinity,
) -> Response:
    """Return the region's response; `keys` identify the conversation that the request continues.

    Raises:
        RetryableError: it failed before the client received anything.
    """
    context, breaker, started = request.context, region.breaker, now()
    log = Attempt(region=region.name)
    context.attempts.append(log)
    number = breaker.begin()

    def on_event(data: Mapping[str, object]) -> None:
        if not _RELEVANT_FIELDS.isdisjoint(data):
            context.tokens = read_tokens(data) or context.tokens
            if request.surface in CONVERSATIONS:
                affinity.learn(data, region.name)

    def on_end(error: RetryableError | None) -> None:
        if error is None:
            breaker.succeeded(number)
        else:
            log.reason = error.reason
            breaker.failed(number, error)

    try:
        response = await attempt(
            session=session,
            request=request,
            endpoint=region.endpoints[request.surface],
            deadline=deadline,
            fix=select_azure_fix(request.surface),
            on_event=on_event,
            on_end=on_end,
        )
    except RetryableError as error:
        log.status = error.status
        on_end(error)
        raise
    finally:
        breaker.end(number)
        log.ms = round((now() - started) * 1000, 1)
    log.status, context.region = response.status, region.name
    if response.status < 400:
        breaker.answered(number)
        if keys:
            affinity.remember(keys[0], region.name)
    return response
