"""Finds a region that answers: one attempt in each, by priority; regions that fail are left out for some time.

Only a request that has a single region is retried in it. The client sees one response.
"""

import math
from collections.abc import Sequence

import aiohttp

from ..access_log import LogEvent
from ..configuration import Configuration, Model
from ..context import ModelRequest, Response, Surface, now
from ..errors import (
    conversation_unavailable,
    managed_identity_unavailable,
    previous_response_not_found,
    upstream_unavailable,
)
from ..retries import RetryableError, TokenUnavailableError, retry
from ..upstream.authentication import AuthenticationRefusals
from ..upstream.managed_identity import ManagedIdentity
from .background_usage import BackgroundUsage
from .conversation_affinity import ConversationAffinity, Key, is_unknown_conversation, read_affinity_keys
from .regions import (
    CONVERSATIONS,
    Region,
    attempt_in_region,
    build_regions,
    next_region,
    shortest_pause_s,
    sort_by_priority,
    time_share_s,
)
from .stored_responses import StoredResponses

_TRIAL_S = 0.2
"""How long a region is left out while a trial runs there."""


class Failover:
    """The step that calls Azure OpenAI."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        configuration: Configuration,
        identity: ManagedIdentity | None = None,
        log_event: LogEvent,
    ) -> None:
        self._session = session
        self._timeouts = configuration.timeouts
        self._retries = configuration.retries
        self._affinity = ConversationAffinity()
        self._usage = BackgroundUsage()
        refusals = AuthenticationRefusals(log_event)
        self._regions = {
            name: build_regions(model, configuration, identity=identity, refusals=refusals, log_event=log_event)
            for name, model in configuration.models.items()
        }
        self.stored_responses = StoredResponses(
            session=session,
            configuration=configuration,
            affinity=self._affinity,
            usage=self._usage,
            regions=self._regions,
        )

    async def __call__(self, request: ModelRequest) -> Response:
        """Return the response of a region, or an error response about the last failure."""
        regions, is_conversation = self._regions[request.model.name], request.surface in CONVERSATIONS
        previous = request.fields.get("previous_response_id") if is_conversation else None
        if isinstance(previous, str):
            return await self._continue(previous, regions, request)
        if len(regions) == 1:
            try:
                return await self._retry_in(regions[0], request)
            except RetryableError as error:
                return _unavailable(error, error.retry_after_s or shortest_pause_s(regions))
        keys = read_affinity_keys(request.fields, request.project.name) if is_conversation else ()
        home = self._affinity.region_of(keys)
        for region in regions:
            if region.name == home:
                try:
                    return await self._retry_in(region, request, keys)
                except RetryableError as error:
                    return conversation_unavailable(error.retry_after_s or shortest_pause_s([region]))
        return await self._try_each(sort_by_priority(regions, request), request, keys)

    def pause_s(self, model: Model, region: str) -> float:
        """Return for how many seconds this region is left out; while a trial runs there, a short time."""
        breakers = (known.breaker for known in self._regions[model.name] if known.name == region)
        return next((max(breaker.pause_s, _TRIAL_S) for breaker in breakers if not breaker.is_ready), 0.0)

    async def _continue(self, previous: str, regions: Sequence[Region], request: ModelRequest) -> Response:
        """Continue a stored response of the project in its region."""
        try:
            region = await self.stored_responses.find(previous, request, regions)
            if region is None:
                return previous_response_not_found(previous)
            return await self._retry_in(region, request)
        except RetryableError as error:
            return conversation_unavailable(error.retry_after_s or shortest_pause_s(regions))

    async def _try_each(self, regions: Sequence[Region], request: ModelRequest, keys: tuple[Key, ...]) -> Response:
        """Try each region once until one answers and, if the request continues a conversation, knows that."""
        remaining, last_error, refusal = list(regions), None, None
        while region := next_region(remaining):
            limit_s = time_share_s(remaining, request)
            remaining.remove(region)
            try:
                response = await self._attempt(region, request.in_region(region.name), keys, limit_s)
            except RetryableError as error:
                last_error = error
                continue
            if not (keys and is_unknown_conversation(response)):
                return response
            refusal = response
        if refusal and (last_error or remaining):
            request.context.region = None
            return conversation_unavailable(shortest_pause_s(regions))
        if refusal:
            return refusal
        pauses = (pause for region in remaining if (pause := region.breaker.pause_request))
        final = last_error or next(pauses, RetryableError(429, "status"))
        return _unavailable(final, shortest_pause_s(regions))

    async def _retry_in(self, region: Region, request: ModelRequest, keys: tuple[Key, ...] = ()) -> Response:
        """Try the only possible region a few times, with growing pauses, within the request's deadline.

        Raises:
            RetryableError: the last failure.
        """
        return await retry(
            lambda: self._attempt(region, request, keys, math.inf),
            self._retries,
            deadline=request.context.deadline,
            error=region.breaker.pause_request,
        )

    async def _attempt(self, region: Region, request: ModelRequest, keys: tuple[Key, ...], limit_s: float) -> Response:
        started = now()
        deadline = min(started + min(self._timeout_s(request), limit_s), request.context.deadline)
        if deadline <= started:
            raise RetryableError(504, "TimeoutError")
        return await attempt_in_region(
            session=self._session,
            request=request,
            region=region,
            deadline=deadline,
            keys=keys,
            affinity=self._affinity,
            usage=self._usage,
        )

    def _timeout_s(self, request: ModelRequest) -> float:
        if request.surface is Surface.EMBEDDINGS:
            return self._timeouts.embeddings_s
        return self._timeouts.first_event_s if request.stream else self._timeouts.answer_s


def _unavailable(error: RetryableError, pause_s: float | None) -> Response:
    """Return the response after the last failure, given the seconds until a region may be asked again."""
    if isinstance(error, TokenUnavailableError):
        return managed_identity_unavailable(error.retry_after_s)
    return upstream_unavailable(RetryableError(error.status, error.reason, retry_after_s=pause_s))
