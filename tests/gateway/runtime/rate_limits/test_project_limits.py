"""Limits of projects: requests and tokens per minute, parallel requests, and the Retry-After of a refusal."""

import asyncio
import json
from dataclasses import replace

import pytest

from gateway.runtime.configuration import Project
from gateway.runtime.context import Attempt, ModelRequest, Response, Surface, Tokens
from gateway.runtime.rate_limits.project_limits import ProjectLimits

from ..builders import ManualClock, build_request

pytestmark = pytest.mark.anyio

AZURES = {
    "content-type": "application/json",
    "x-ratelimit-remaining-requests": "999",
    "X-RateLimit-Limit-Tokens": "1000000",
}


def project(name: str = "small", **limits: int) -> Project:
    return Project(name=name, keys=(), models=frozenset(), **limits)


class Azure:
    """The next step: answers when `go` is set."""

    def __init__(self) -> None:
        self.calls: list[ModelRequest] = []
        self.answer = Response(status=200, body=b"{}", headers=AZURES)
        self.tokens: Tokens | None = None
        self.go = asyncio.Event()
        self.go.set()
        self.closed = 0

    def _close(self) -> None:
        self.closed += 1

    async def __call__(self, call: ModelRequest) -> Response:
        self.calls.append(call)
        call.context.attempts.append(Attempt(region="first"))
        await self.go.wait()
        call.context.tokens = self.tokens
        return replace(self.answer, close=self._close)


@pytest.fixture
def azure() -> Azure:
    return Azure()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def ask(limits: ProjectLimits, project: Project, text: str = "text") -> Response:
    """One whole request: the answer is sent and closed."""
    answer = await limits(build_request({"input": text}, project=project))
    answer.close()
    return answer


async def test_a_project_without_limits_passes_untouched(azure: Azure) -> None:
    free = project("free")
    limits = ProjectLimits(next_step=azure, projects=[free, project(requests_per_minute=1)])
    call = build_request(project=free)
    answer = await limits(call)
    assert azure.calls == [call]
    assert answer.headers is AZURES


async def test_requests_per_minute_are_exact_and_slide(azure: Azure, clock: ManualClock) -> None:
    small = project(requests_per_minute=3)
    limits = ProjectLimits(next_step=azure, projects=[small], clock=clock)
    seen = []
    for _ in range(5):
        seen.append((await ask(limits, small)).status)
        clock.now += 10
    assert seen == [200, 200, 200, 429, 429]
    clock.now += 10  # one minute after the first
    assert [(await ask(limits, small)).status for _ in range(2)] == [200, 429]
    assert len(azure.calls) == 4


async def test_a_refusal_has_a_retry_after(azure: Azure, clock: ManualClock) -> None:
    small = project(requests_per_minute=1)
    limits = ProjectLimits(next_step=azure, projects=[small], clock=clock)
    await ask(limits, small)
    clock.now += 10.5
    answer = await ask(limits, small)
    assert answer.error == "rate_limit_exceeded"
    assert answer.headers == {
        "content-type": "application/json",
        "retry-after": "50",
        "retry-after-ms": "49500",
        "x-ratelimit-limit-requests": "1",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "49.500s",
    }
    clock.now += int(answer.headers["retry-after-ms"]) / 1000
    assert (await ask(limits, small)).status == 200


async def test_the_projects_limits_replace_azures_headers(azure: Azure, clock: ManualClock) -> None:
    small = project(requests_per_minute=5, tokens_per_minute=1000)
    limits = ProjectLimits(next_step=azure, projects=[small], clock=clock)
    await ask(limits, small, "x" * 400)
    clock.now += 20
    answer = await ask(limits, small, "x" * 400)
    assert answer.headers == {
        "content-type": "application/json",
        "x-ratelimit-limit-requests": "5",
        "x-ratelimit-remaining-requests": "3",
        "x-ratelimit-reset-requests": "60.000s",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "800",
        "x-ratelimit-reset-tokens": "60.000s",
    }


async def test_a_stream_that_tells_no_usage_costs_a_token_an_event(azure: Azure, clock: ManualClock) -> None:
    small = project(tokens_per_minute=1000)
    limits = ProjectLimits(next_step=azure, projects=[small], clock=clock)
    call = build_request({"input": "x" * 400}, project=small)
    answer = await limits(call)
    call.context.events = 250
    answer.close()
    assert (await ask(limits, small, "x" * 4)).headers["x-ratelimit-remaining-tokens"] == "649"


async def test_tokens_are_estimated_first_and_corrected_by_azures_count(azure: Azure, clock: ManualClock) -> None:
    small = project(tokens_per_minute=1000)
    limits = ProjectLimits(next_step=azure, projects=[small], clock=clock)
    azure.tokens = Tokens(input=300, output=50)
    answer = await limits(build_request({"input": "x" * 2000}, project=small))
    assert answer.headers["x-ratelimit-remaining-tokens"] == "500"
    answer.close()
    assert (await ask(limits, small, "x" * 4)).headers["x-ratelimit-remaining-tokens"] == "649"


async def test_an_answer_that_cost_more_than_was_left_makes_the_project_wait(azure: Azure, clock: ManualClock) -> None:
    small = project(tokens_per_minute=1000)
    limits = ProjectLimits(next_step=azure, projects=[small], clock=clock)
    azure.tokens = Tokens(input=10, output=2990)
    await ask(limits, small)
    clock.now += 59
    answer = await ask(limits, small)
    assert (answer.status, answer.headers["x-ratelimit-remaining-tokens"]) == (429, "0")
    body = json.loads(answer.body if isinstance(answer.body, bytes) else b"")
    assert body["error"]["type"] == "tokens"
    assert "1000 tokens per minute" in body["error"]["message"]
    clock.now += 1
    azure.tokens = None
    assert (await ask(limits, small)).headers["x-ratelimit-remaining-tokens"] == "999"


async def test_a_request_above_the_whole_limit_passes_when_nothing_is_used(azure: Azure, clock: ManualClock) -> None:
    small = project(tokens_per_minute=10)
    limits = ProjectLimits(next_step=azure, projects=[small], clock=clock)
    assert (await ask(limits, small, "x" * 400)).status == 200
    assert (await ask(limits, small, "x")).status == 429


async def test_a_failure_that_azure_did_not_count_costs_no_tokens(azure: Azure, clock: ManualClock) -> None:
    small = project(tokens_per_minute=100)
    limits = ProjectLimits(next_step=azure, projects=[small], clock=clock)
    azure.answer = Response(status=503, body=b"{}")
    await ask(limits, small, "x" * 400)
    azure.answer = Response(status=200, body=b"{}")
    answer = await ask(limits, small, "x" * 200)
    assert (answer.status, answer.headers["x-ratelimit-remaining-tokens"]) == (200, "50")
    assert (await ask(limits, small, "x" * 200)).headers["x-ratelimit-remaining-tokens"] == "0"


async def test_parallel_requests_count_until_the_response_is_closed(azure: Azure) -> None:
    small = project(parallel_requests=2)
    limits = ProjectLimits(next_step=azure, projects=[small])
    running = [await limits(build_request(project=small)) for _ in range(2)]
    refused = await limits(build_request(project=small))
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert b"2 parallel requests" in (refused.body if isinstance(refused.body, bytes) else b"")
    refused.close()
    running[0].close()
    assert azure.closed == 1
    assert (await limits(build_request(project=small))).status == 200
    assert (await limits(build_request(project=small))).status == 429


async def test_the_request_of_a_client_that_has_left_does_not_count_as_parallel(azure: Azure) -> None:
    small = project(parallel_requests=1, tokens_per_minute=100)
    limits = ProjectLimits(next_step=azure, projects=[small])
    azure.go.clear()
    leaving = asyncio.create_task(limits(build_request({"input": "x" * 200}, project=small)))
    await asyncio.sleep(0)
    assert (await limits(build_request(project=small))).status == 429
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    azure.go.set()
    answer = await ask(limits, small, "x" * 4)
    assert answer.status == 200
    # Azure had the request already, and may have counted it.
    assert answer.headers["x-ratelimit-remaining-tokens"] == "49"


async def test_a_step_that_fails_before_azure_was_asked_costs_its_request_alone() -> None:
    async def fail(_: ModelRequest) -> Response:
        raise RuntimeError

    small = project(requests_per_minute=2, tokens_per_minute=100, parallel_requests=1)
    limits = ProjectLimits(next_step=fail, projects=[small])
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await limits(build_request({"input": "x" * 400}, project=small))
    assert (await limits(build_request(project=small))).headers["x-ratelimit-remaining-tokens"] == "100"


async def test_a_refused_request_uses_nothing(azure: Azure, clock: ManualClock) -> None:
    small = project(requests_per_minute=1, tokens_per_minute=10, parallel_requests=1)
    limits = ProjectLimits(next_step=azure, projects=[small], clock=clock)
    await ask(limits, small)
    for _ in range(100):
        assert (await ask(limits, small)).status == 429
    clock.now += 60
    assert (await ask(limits, small)).status == 200


async def test_the_longest_wait_is_the_retry_after(azure: Azure, clock: ManualClock) -> None:
    small = project(requests_per_minute=2, tokens_per_minute=10)
    limits = ProjectLimits(next_step=azure, projects=[small], clock=clock)
    await ask(limits, small, "x")
    clock.now += 20
    await ask(limits, small, "x" * 36)
    answer = await ask(limits, small, "x" * 40)
    assert answer.headers["retry-after"] == "60"
    assert json.loads(answer.body if isinstance(answer.body, bytes) else b"")["error"]["type"] == "tokens"


async def test_a_project_at_its_limit_does_not_affect_another(azure: Azure, clock: ManualClock) -> None:
    small, other = project(requests_per_minute=1), project("other", requests_per_minute=7)
    limits = ProjectLimits(next_step=azure, projects=[small, other], clock=clock)
    assert [(await ask(limits, small)).status for _ in range(2)] == [200, 429]
    answer = await ask(limits, other)
    assert answer.status == 200
    limit_headers = {name: value for name, value in answer.headers.items() if name.startswith("x-ratelimit-")}
    assert limit_headers.pop("x-ratelimit-reset-requests") == "60.000s"
    assert limit_headers == {"x-ratelimit-limit-requests": "7", "x-ratelimit-remaining-requests": "6"}


async def test_a_stream_counts_as_parallel_until_its_end(azure: Azure) -> None:
    small = project(parallel_requests=1)
    limits = ProjectLimits(next_step=azure, projects=[small])
    streamed = await limits(replace(build_request(surface=Surface.CHAT, project=small), stream=True))
    assert (await limits(build_request(project=small))).status == 429
    streamed.close()
    assert (await limits(build_request(project=small))).status == 200
