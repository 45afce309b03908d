"""Limits each project's requests and tokens per minute and its parallel requests, in this replica."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..configuration import Project
from ..context import Clock, Handler, ModelRequest, RequestContext, Response, now
from ..errors import error_response
from ..token_usage import estimate_tokens
from .sliding_window import MinuteWindows, Usage

_PARALLEL_RETRY_S = 1.0
"""`Retry-After` for the limit of parallel requests; when one will end is not known."""


class ProjectLimits:
    """A step that passes a request on, or answers 429."""

    def __init__(self, *, next_step: Handler, projects: Iterable[Project], clock: Clock = now) -> None:
        self._next_step = next_step
        self._usages = {project.name: _ProjectUsage(project, clock) for project in projects if _is_limited(project)}

    async def __call__(self, request: ModelRequest) -> Response:
        """Return the response with headers about the project's limits; tokens are corrected when it is closed."""
        project = self._usages.get(request.project.name)
        if project is None:
            return await self._next_step(request)
        tokens = estimate_tokens(request)
        if refusal := project.refuse(tokens):
            return refusal
        usages = project.begin(tokens)
        try:
            response = await self._next_step(request)
        except BaseException:
            project.end(usages, request.context, is_free=not request.context.attempts)
            raise

        def close() -> None:
            project.end(usages, request.context, is_free=response.status >= 400)
            response.close()

        return replace(response, headers=project.with_limits(response.headers), close=close)


def _is_limited(project: Project) -> bool:
    limits = (project.requests_per_minute, project.tokens_per_minute, project.parallel_requests)
    return any(limit is not None for limit in limits)


class _ProjectUsage:
    def __init__(self, project: Project, clock: Clock) -> None:
        self._name = project.name
        self._max_parallel = project.parallel_requests
        self._parallel = 0
        self._minute = MinuteWindows(
            requests=project.requests_per_minute, tokens=project.tokens_per_minute, clock=clock
        )

    def refuse(self, tokens: int) -> Response | None:
        """Return a 429 if a request is above a limit."""
        wait_s, kind = self._minute.wait(tokens)
        if wait_s:
            limit = f"{self._minute.windows[kind].limit} {kind} per minute"
        elif self._max_parallel is not None and self._parallel >= self._max_parallel:
            wait_s, kind, limit = _PARALLEL_RETRY_S, "requests", f"{self._max_parallel} parallel requests"
        else:
            return None
        message = f"The project '{self._name}' has reached its limit of {limit}."
        response = error_response(429, message, type=kind, code="rate_limit_exceeded", retry_after_s=wait_s)
        return replace(response, headers=self.with_limits(response.headers))

    def begin(self, tokens: int) -> Mapping[str, Usage]:
        """Count a request; `tokens` is an estimate."""
        self._parallel += 1
        return self._minute.use(tokens)

    def end(self, usages: Mapping[str, Usage], context: RequestContext, *, is_free: bool) -> None:
        """Replace the estimate by what Azure has counted, as far as that is known."""
        self._parallel -= 1
        if context.tokens:
            self._minute.correct(usages, tokens=context.tokens.input + context.tokens.output)
        elif is_free:
            self._minute.correct(usages, tokens=0)
        elif "tokens" in usages:
            self._minute.correct(usages, tokens=usages["tokens"].amount + context.events)

    def with_limits(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Replace Azure's rate limit headers by those of the project."""
        limited = {name: value for name, value in headers.items() if not name.lower().startswith("x-ratelimit-")}
        for kind, window in self._minute.windows.items():
            limited[f"x-ratelimit-limit-{kind}"] = str(window.limit)
            limited[f"x-ratelimit-remaining-{kind}"] = str(max(0, window.remaining))
            limited[f"x-ratelimit-reset-{kind}"] = f"{window.reset_s:.3f}s"
        return limited
