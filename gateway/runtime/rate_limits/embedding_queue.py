"""Embeddings wait for Azure's quota instead of failing, so that the indexing of a code base completes."""

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..configuration import Model
from ..context import Clock, Handler, ModelRequest, Response, now
from ..errors import error_response
from ..retries import read_retry_after_s
from .azure_quota import AzureQuota, RegionPause, Reservation
from .sliding_window import MINUTE_S

_DEFAULT_RETRY_AFTER_S = 1.0
_MIN_RETRY_AFTER_S = 0.05


class EmbeddingQueue:
    """A step that sends each request on when and where the quota allows it."""

    def __init__(
        self,
        *,
        next_step: Handler,
        models: Mapping[str, Model],
        queue_s: float,
        region_pause_s: RegionPause = lambda _model, _region: 0.0,
        clock: Clock = now,
    ) -> None:
        self._next_step = next_step
        self._queue_s = queue_s
        self._queues: dict[str, _DeploymentQueue] = {}
        for model in models.values():
            # Azure counts per deployment; several models may have the same one.
            quota = AzureQuota(
                requests=model.requests_per_minute,
                tokens=model.tokens_per_minute,
                region_pause_s=region_pause_s,
                clock=clock,
            )
            self._queues.setdefault(model.deployment, _DeploymentQueue(quota=quota, clock=clock))

    async def __call__(self, request: ModelRequest) -> Response:
        """Return the response of the next step, or 429 if the quota did not suffice in time."""
        queue, context = self._queues[request.model.deployment], request.context
        deadline = min(now() + self._queue_s, context.deadline)
        is_retry = False
        while True:
            waiting = _Waiting(request=request, tokens=request.estimated_tokens, is_retry=is_retry)
            started = now()
            try:
                reservation = await queue.wait(waiting, deadline=deadline)
            finally:
                context.queued_ms += (now() - started) * 1000
            if reservation is None:
                message = (
                    f"Azure OpenAI's quota of '{request.model.name}' is used up, and the wait for it was too long."
                )
                after_s = min(queue.next_slot(waiting)[0], MINUTE_S)
                return error_response(429, message, type="requests", code="rate_limit_exceeded", retry_after_s=after_s)
            response = await queue.send(reservation, request, self._next_step)
            pause_s = _retry_after_s(response.headers)
            # 503 with a rate limited region: the last region that was tried is down, but waiting for the other helps.
            is_quota_used_up = response.status == 429 or (
                response.status == 503 and queue.quota.is_rate_limited(request.model)
            )
            if not is_quota_used_up or now() + pause_s >= deadline:
                return response
            response.close()
            queue.pause(pause_s)
            is_retry = True


def _retry_after_s(headers: Mapping[str, str]) -> float:
    seconds = read_retry_after_s({name.lower(): value for name, value in headers.items()})
    return _DEFAULT_RETRY_AFTER_S if seconds is None else max(_MIN_RETRY_AFTER_S, seconds)


@dataclass(kw_only=True)
class _Waiting:
    """A request in the queue; `is_retry`: Azure has refused it once."""

    request: ModelRequest
    tokens: int
    is_retry: bool = False
    reservation: asyncio.Future[Reservation | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class _DeploymentQueue:
    """The queue for one deployment: projects take turns, and each project's requests are served in order."""

    def __init__(self, *, quota: AzureQuota, clock: Clock) -> None:
        self.quota = quota
        self._clock = clock
        self._projects: OrderedDict[str, deque[_Waiting]] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None
        self._pause_end = 0.0

    async def wait(self, waiting: _Waiting, *, deadline: float) -> Reservation | None:
        """Wait for quota, until the deadline at most; a cancelled request releases what it got."""
        requests = self._projects.setdefault(waiting.request.project.name, deque())
        (requests.appendleft if waiting.is_retry else requests.append)(waiting)
        self._serve()
        expiry = asyncio.get_running_loop().call_at(deadline, self._expire, waiting)
        try:
            return await waiting.reservation
        except asyncio.CancelledError:
            if not waiting.reservation.cancelled() and (reservation := waiting.reservation.result()):
                self.quota.release(reservation)
            self._serve()
            raise
        finally:
            expiry.cancel()

    async def send(self, reservation: Reservation, request: ModelRequest, next_step: Handler) -> Response:
        """Send a request on, and count what it used."""
        attempts = request.context.attempts
        before = len(attempts)
        try:
            return await next_step(replace(request, preferred_region=reservation.region))
        finally:
            self.quota.settle(reservation, request, attempts[before:])
            self._serve()

    def pause(self, seconds: float) -> None:
        """Send nothing for so long."""
        self._pause_end = max(self._pause_end, self._clock() + seconds)

    def next_slot(self, waiting: _Waiting) -> tuple[float, str | None]:
        """Return the seconds until this request can be sent, and to which region."""
        wait_s, region = self.quota.next_slot(waiting.request.model, waiting.tokens)
        return max(wait_s, self._pause_end - self._clock()), region

    def _serve(self) -> None:
        """Reserve quota for as many requests as possible, and set a timer for the next one."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        while self._projects:
            project, requests = next(iter(self._projects.items()))
            waiting = requests[0]
            if not waiting.reservation.done():
                wait_s, region = self.next_slot(waiting)
                if wait_s > 0:
                    if wait_s < math.inf:
                        self._timer = asyncio.get_running_loop().call_later(wait_s, self._serve)
                    return
                waiting.reservation.set_result(self.quota.reserve(region, waiting.tokens))
            requests.popleft()
            del self._projects[project]
            if requests:
                self._projects[project] = requests

    def _expire(self, waiting: _Waiting) -> None:
        if not waiting.reservation.done():
            waiting.reservation.set_result(None)
            self._serve()
