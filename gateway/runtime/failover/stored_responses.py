"""Responses that Azure has stored: read, cancelled, deleted or continued, by the project that made them alone.

A response is in one region. Which one is asked in order, and remembered. For every other project, and in every other
region, it does not exist.
https://learn.microsoft.com/azure/ai-services/openai/how-to/responses
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import aiohttp

from ..configuration import Configuration
from ..context import ModelRequest, Response, StoredOperation, Surface, now
from ..errors import conversation_unavailable, response_not_found
from ..response_owner import is_owner
from ..retries import RetryableError, retry
from ..routes import RESPONSE_ID
from ..upstream.attempt import attempt
from ..upstream.azure_endpoints import stored_response_endpoint
from ..upstream.response_fixes import select_azure_fix
from ..upstream.stream import OnEvent
from .background_usage import BackgroundUsage
from .conversation_affinity import ConversationAffinity, response_key
from .regions import Region, log_attempt, shortest_pause_s

_UNKNOWN = (400, 404)


class StoredResponses:
    """The step that answers operations on stored responses. Their failures open no circuit breaker."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        configuration: Configuration,
        affinity: ConversationAffinity,
        usage: BackgroundUsage,
        regions: Mapping[str, Sequence[Region]],
    ) -> None:
        self._session = session
        self._timeouts = configuration.timeouts
        self._retries = configuration.retries
        self._affinity = affinity
        self._usage = usage
        self._regions = {
            project.name: _distinct(
                region
                for model in configuration.models.values()
                if model.kind == "responses" and model.name in project.models
                for region in regions[model.name]
            )
            for project in configuration.projects
        }

    async def __call__(self, request: ModelRequest) -> Response:
        """Return the answer of the response's region; 404 if the project has no such response."""
        operation, regions = request.operation, self._regions[request.project.name]
        assert operation is not None  # noqa: S101 - admission has set it
        try:
            region = await self.find(operation.response_id, request, regions)
            response = None if region is None else await self._retry_in(region, request, operation)
        except RetryableError as error:
            return conversation_unavailable(error.retry_after_s or shortest_pause_s(regions))
        if response is None or response.status == 404:
            return response_not_found(operation.response_id)
        return response

    async def find(self, response_id: str, request: ModelRequest, regions: Sequence[Region]) -> Region | None:
        """Return the one of these regions that has stored a response of the request's project.

        Raises:
            RetryableError: none has it, but one of them could not answer.
        """
        key, failure = response_key(request.project.name, response_id), None
        home = self._affinity.region_of((key,))
        for region in regions:
            if region.name == home:
                return region
        if not re.fullmatch(RESPONSE_ID, response_id):
            return None
        for number, region in enumerate(ordered := sorted(regions, key=_order)):
            if pause := region.breaker.pause_request:
                failure = pause
                continue
            try:
                is_home = await self._has(region, response_id, request, share=len(ordered) - number)
            except RetryableError as error:
                failure = error
                continue
            if is_home:
                self._affinity.remember(key, region.name)
                return region
        if failure:
            raise failure
        return None

    async def _has(self, region: Region, response_id: str, request: ModelRequest, *, share: int) -> bool:
        found: list[Mapping[str, object]] = []
        question = replace(request, body=b"", fields={}, stream=False)
        limit_s = min(self._timeouts.headers_s, (request.context.deadline - now()) / share)
        operation = StoredOperation("GET", response_id)
        response = await self._attempt(region, question, operation, limit_s=limit_s, on_event=found.append)
        if response.status >= 400 and response.status not in _UNKNOWN:
            raise RetryableError(response.status, "status")
        return bool(found) and is_owner(request.project, found[0])

    async def _retry_in(self, region: Region, request: ModelRequest, operation: StoredOperation) -> Response:
        context = request.context

        def on_event(data: Mapping[str, object]) -> None:
            if usage := self._usage.take(operation.response_id, data):
                context.tokens, model = usage
                context.model, context.deployment = model.name, model.deployment  # whose tokens they are

        async def call() -> Response:
            limit_s = context.deadline - now()
            return await self._attempt(region, request, operation, limit_s=limit_s, on_event=on_event)

        return await retry(call, self._retries, deadline=context.deadline)

    async def _attempt(
        self,
        region: Region,
        request: ModelRequest,
        operation: StoredOperation,
        *,
        limit_s: float,
        on_event: OnEvent,
    ) -> Response:
        def on_end(error: RetryableError | None) -> None:
            log.reason = error.reason if error else None

        with log_attempt(request.context, region) as log:
            response = await attempt(
                session=self._session,
                request=replace(request, operation=operation),
                endpoint=stored_response_endpoint(region.endpoints[Surface.RESPONSES], operation),
                deadline=now() + min(self._timeouts.first_event_s, limit_s),
                fix=select_azure_fix(request),
                on_event=on_event,
                on_end=on_end,
            )
        log.status, request.context.region = response.status, region.name
        return region.hide_refusal(response)


def _distinct(regions: Iterable[Region]) -> tuple[Region, ...]:
    """Each region once: the path of a stored response names no deployment."""
    found: dict[str, Region] = {}
    for region in regions:
        found.setdefault(region.name, region)
    return tuple(found.values())


def _order(region: Region) -> tuple[bool, int]:
    """Those that have failed last."""
    return not region.breaker.is_ready, region.priority
