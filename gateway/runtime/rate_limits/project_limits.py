"""Limits each project's requests and tokens per minute and its parallel requests, in this replica.

A request counts as soon as its project is known, also if it is then refused: a bad body costs as much to read as a good
one. Its tokens count when they can be estimated.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from ..configuration import Project
from ..context import Clock, RequestContext, Response, now
from ..errors import RefusedError, error_response
from ..fair_share import may_take
from .sliding_window import MinuteWindows, Usage

_PARALLEL_RETRY_S = 1.0
"""`Retry-After` for limits of parallel requests; when one will end is not known."""


class ProjectLimits:
    """Counts the requests of all projects.

    Together they use half of the connections, in fair shares: LiteLLM's calls and the platform's probes need some, too.
    """

    def __init__(self, projects: Iterable[Project], *, max_connections: int, clock: Clock = now) -> None:
        self._free = max_connections // 2
        self._usages = {project.name: _ProjectUsage(project, clock) for project in projects}

    @contextmanager
    def count(self, project: Project, context: RequestContext) -> Iterator["CountedRequest"]:
        """Count a request, which runs inside the block; its tokens are corrected at the end.

        Raises:
            RefusedError: 429 or 503. The request is not counted.
        """
        usage = self._usages[project.name]
        usage.begin(free_places=self._free)
        self._free -= 1
        request = CountedRequest(usage)
        try:
            yield request
        finally:
            self._free += 1
            usage.end(request.tokens, context)


class CountedRequest:
    """A request that counts."""

    def __init__(self, usage: "_ProjectUsage") -> None:
        self._usage = usage
        self.tokens: Usage | None = None

    def count_tokens(self, tokens: int) -> None:
        """Count its estimated tokens.

        Raises:
            RefusedError: 429. The tokens are not counted.
        """
        self.tokens = self._usage.use_tokens(tokens)

    def with_limits(self, response: Response) -> Response:
        """Add headers about the project's limits."""
        return replace(response, headers={**response.headers, **self._usage.headers()})


class _ProjectUsage:
    def __init__(self, project: Project, clock: Clock) -> None:
        self._name = project.name
        self._max_parallel = project.parallel_requests
        self._parallel = 0
        self._minute = MinuteWindows(
            requests=project.requests_per_minute, tokens=project.tokens_per_minute, clock=clock
        )
        self._tokens = self._minute.windows.get("tokens")

    def begin(self, *, free_places: int) -> None:
        wait_s, kind = self._minute.wait(1)  # a request has at least one token
        if wait_s:
            raise self._refused(kind, wait_s)
        if self._max_parallel is not None and self._parallel >= self._max_parallel:
            limit = f"{self._max_parallel} parallel requests"
            raise self._refused("requests", _PARALLEL_RETRY_S, limit)
        if not may_take(taken=self._parallel, free=free_places):
            message = "The gateway has too many requests in progress for another one of this project. Please try again."
            raise RefusedError(
                error_response(503, message, type="server_error", code="overloaded", retry_after_s=_PARALLEL_RETRY_S)
            )
        self._parallel += 1
        if requests := self._minute.windows.get("requests"):
            requests.use(1)

    def use_tokens(self, tokens: int) -> Usage | None:
        if self._tokens is None:
            return None
        if wait_s := self._tokens.wait_s(tokens):
            raise self._refused("tokens", wait_s)
        return self._tokens.use(tokens)

    def end(self, usage: Usage | None, context: RequestContext) -> None:
        """Replace the estimate by what Azure has counted, as far as that is known."""
        self._parallel -= 1
        if usage is None or self._tokens is None:
            return
        if counted := context.counted_tokens:
            tokens = counted.input + counted.output
        elif context.status >= 400 or not context.attempts:
            tokens = 0
        else:
            tokens = usage.amount + context.events
        self._tokens.correct(usage, tokens)

    def _refused(self, kind: str, wait_s: float, limit: str | None = None) -> RefusedError:
        setting = "parallel_requests" if limit else f"{kind}_per_minute"
        limit = limit or f"{self._minute.windows[kind].limit} {kind} per minute"
        message = f"The project '{self._name}' has reached its limit of {limit}."
        response = error_response(429, message, type=kind, code="rate_limit_exceeded", retry_after_s=wait_s)
        return RefusedError(replace(response, error=setting, headers={**response.headers, **self.headers()}))

    def headers(self) -> Mapping[str, str]:
        headers = {}
        for kind, window in self._minute.windows.items():
            headers[f"x-ratelimit-limit-{kind}"] = str(window.limit)
            headers[f"x-ratelimit-remaining-{kind}"] = str(max(0, window.remaining))
            headers[f"x-ratelimit-reset-{kind}"] = f"{window.reset_s:.3f}s"
        return headers
