"""Keeps each project within its requests and tokens per minute and its parallel requests, in this replica."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

from .configuration import Project
from .errors import error
from .exchange import Answer, Call, Record, Step
from .usage import estimate
from .windows import Clock, Minute, Use

_PLACE_S = 1.0
"""Nobody knows when a place among the parallel requests will be free: clients are told to ask after this."""


class Limits:
    """A step that lets a call through, or answers 429; a project without limits passes as if it were not there."""

    def __init__(self, *, step: Step, projects: Iterable[Project], clock: Clock = time.monotonic) -> None:
        self._step = step
        self._meters = {project.name: _Meter(project, clock) for project in projects if _is_limited(project)}

    async def __call__(self, call: Call) -> Answer:
        """Answer as the step does, and tell what is left; tokens are settled when the answer is closed."""
        meter = self._meters.get(call.project.name)
        if meter is None:
            return await self._step(call)
        tokens = estimate(call)
        if refusal := meter.refusal(tokens):
            return refusal
        uses = meter.enter(tokens)
        try:
            answer = await self._step(call)
        except BaseException:
            meter.leave(uses, call.record, cost_nothing=not call.record.attempts)
            raise

        def close() -> None:
            meter.leave(uses, call.record, cost_nothing=answer.status >= 400)
            answer.close()

        return replace(answer, headers=meter.told(answer.headers), close=close)


def _is_limited(project: Project) -> bool:
    limits = (project.requests_per_minute, project.tokens_per_minute, project.parallel_requests)
    return any(limit is not None for limit in limits)


class _Meter:
    """What one project uses."""

    def __init__(self, project: Project, clock: Clock) -> None:
        self._name = project.name
        self._places = project.parallel_requests
        self._running = 0
        self._minute = Minute(requests=project.requests_per_minute, tokens=project.tokens_per_minute, clock=clock)

    def refusal(self, tokens: int) -> Answer | None:
        """The 429 that keeps a request out; None: it may enter."""
        wait_s, kind = self._minute.wait(tokens)
        if wait_s:
            limit = f"{self._minute.windows[kind].limit} {kind} per minute"
        elif self._places is not None and self._running >= self._places:
            wait_s, kind, limit = _PLACE_S, "requests", f"{self._places} parallel requests"
        else:
            return None
        message = f"The project '{self._name}' has reached its limit of {limit}."
        answer = error(429, message, type=kind, code="rate_limit_exceeded", retry_after=wait_s)
        return replace(answer, headers=self.told(answer.headers))

    def enter(self, tokens: int) -> Mapping[str, Use]:
        """Take a place; the tokens are a guess."""
        self._running += 1
        return self._minute.take(tokens)

    def leave(self, uses: Mapping[str, Use], record: Record, *, cost_nothing: bool) -> None:
        """Give the place back, and put what Azure counted in place of the guess, where it did."""
        self._running -= 1
        if record.tokens:
            self._minute.correct(uses, tokens=record.tokens.input + record.tokens.output)
        elif cost_nothing:
            self._minute.correct(uses, tokens=0)
        elif "tokens" in uses:
            self._minute.correct(uses, tokens=uses["tokens"].amount + record.events)

    def told(self, headers: Mapping[str, str]) -> dict[str, str]:
        """These headers with what is left of the project's limits in place of anything about Azure's."""
        told = {name: value for name, value in headers.items() if not name.lower().startswith("x-ratelimit-")}
        for kind, window in self._minute.windows.items():
            told[f"x-ratelimit-limit-{kind}"] = str(window.limit)
            told[f"x-ratelimit-remaining-{kind}"] = str(max(0, window.remaining))
            told[f"x-ratelimit-reset-{kind}"] = f"{window.reset_s:.3f}s"
        return told
