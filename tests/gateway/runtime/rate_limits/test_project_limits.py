"""Limits of projects: requests and tokens per minute, parallel requests, and the Retry-After of a refusal."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from gateway.runtime.configuration import Configuration, Project
from gateway.runtime.context import Attempt, RequestContext, Response, Tokens
from gateway.runtime.errors import RefusedError
from gateway.runtime.rate_limits.project_limits import CountedRequest, ProjectLimits
from settings.limits import Limits

from ..builders import CODEX, EMBEDDING, ManualClock
from ..conftest import BEARER, FakeUpstream, Hanging, json_answer, open_gateway_for

pytestmark = pytest.mark.anyio


def project(name: str = "small", **limits: Any) -> Project:  # noqa: ANN401
    return Project(name=name, keys=(), models=frozenset(), **limits)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def limits_of(*projects: Project, clock: ManualClock, max_connections: int = 1000) -> ProjectLimits:
    return ProjectLimits(projects, max_connections=max_connections, clock=clock)


@contextmanager
def running(limits: ProjectLimits, project: Project) -> Iterator[tuple[CountedRequest, RequestContext]]:
    """A request that Azure gets, until the end of the block."""
    context = RequestContext(request_id="r", route="responses", started=0.0, deadline=1e9)
    with limits.count(project, context) as request:
        context.attempts.append(Attempt(region="first"))
        context.status = 200
        yield request, context


def ask(limits: ProjectLimits, project: Project, tokens: int = 1, *, counted: Tokens | None = None) -> Response:
    """One whole request with so many estimated tokens."""
    try:
        with running(limits, project) as (request, context):
            request.count_tokens(tokens)
            context.tokens = counted
            return request.with_limits(Response(status=200, body=b"{}"))
    except RefusedError as refused:
        return refused.response


def error_of(response: Response) -> dict[str, str]:
    assert isinstance(response.body, bytes)
    error: dict[str, str] = json.loads(response.body)["error"]
    return error


def test_a_project_without_limits_is_never_refused_and_sees_none(clock: ManualClock) -> None:
    free = project("free")
    limits = limits_of(free, project(requests_per_minute=1), clock=clock)
    with running(limits, free):
        assert [ask(limits, free, 1_000_000).headers for _ in range(3)] == [{}, {}, {}]


def test_requests_per_minute_are_exact_and_slide(clock: ManualClock) -> None:
    small = project(requests_per_minute=3)
    limits = limits_of(small, clock=clock)
    seen = []
    for _ in range(5):
        seen.append(ask(limits, small).status)
        clock.now += 10
    assert seen == [200, 200, 200, 429, 429]
    clock.now += 10  # one minute after the first
    assert [ask(limits, small).status for _ in range(2)] == [200, 429]


def test_a_refusal_has_a_retry_after(clock: ManualClock) -> None:
    small = project(requests_per_minute=1)
    limits = limits_of(small, clock=clock)
    ask(limits, small)
    clock.now += 10.5
    answer = ask(limits, small)
    assert error_of(answer)["code"] == "rate_limit_exceeded"
    assert answer.headers == {
        "content-type": "application/json",
        "retry-after": "50",
        "retry-after-ms": "49500",
        "x-ratelimit-limit-requests": "1",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "49.500s",
    }
    clock.now += int(answer.headers["retry-after-ms"]) / 1000
    assert ask(limits, small).status == 200


@pytest.mark.parametrize(
    ("setting", "small"),
    [
        ("requests_per_minute", project(requests_per_minute=1)),
        ("tokens_per_minute", project(tokens_per_minute=1)),
        ("parallel_requests", project(parallel_requests=1)),
    ],
)
def test_the_log_names_the_limit_by_its_setting(setting: str, small: Project, clock: ManualClock) -> None:
    limits = limits_of(small, clock=clock)
    with running(limits, small) as (request, _):
        request.count_tokens(1)
        assert ask(limits, small).error == setting


def test_responses_have_headers_about_the_limits(clock: ManualClock) -> None:
    small = project(requests_per_minute=5, tokens_per_minute=1000)
    limits = limits_of(small, clock=clock)
    ask(limits, small, 100)
    clock.now += 20
    assert ask(limits, small, 100).headers == {
        "x-ratelimit-limit-requests": "5",
        "x-ratelimit-remaining-requests": "3",
        "x-ratelimit-reset-requests": "60.000s",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "800",
        "x-ratelimit-reset-tokens": "60.000s",
    }


def test_a_stream_that_tells_no_usage_costs_a_token_an_event(clock: ManualClock) -> None:
    small = project(tokens_per_minute=1000)
    limits = limits_of(small, clock=clock)
    with running(limits, small) as (request, context):
        request.count_tokens(100)
        context.events = 250
    assert ask(limits, small).headers["x-ratelimit-remaining-tokens"] == "649"


def test_what_the_log_estimates_counts_once(clock: ManualClock) -> None:
    small = project(tokens_per_minute=1000)
    limits = limits_of(small, clock=clock)
    with running(limits, small) as (request, context):
        request.count_tokens(100)
        context.estimated_tokens, context.events, context.tokens = 100, 250, Tokens(input=30, output=20)
    assert context.counted_tokens == Tokens(input=130, output=270, estimated=True)
    assert ask(limits, small).headers["x-ratelimit-remaining-tokens"] == "599"


def test_tokens_are_estimated_first_and_corrected_by_azures_count(clock: ManualClock) -> None:
    small = project(tokens_per_minute=1000)
    limits = limits_of(small, clock=clock)
    answer = ask(limits, small, 500, counted=Tokens(input=300, output=50))
    assert answer.headers["x-ratelimit-remaining-tokens"] == "500"
    assert ask(limits, small).headers["x-ratelimit-remaining-tokens"] == "649"


def test_an_answer_that_cost_more_than_was_left_makes_the_project_wait(clock: ManualClock) -> None:
    small = project(tokens_per_minute=1000)
    limits = limits_of(small, clock=clock)
    ask(limits, small, counted=Tokens(input=10, output=2990))
    clock.now += 59
    answer = ask(limits, small)
    assert (answer.status, answer.headers["x-ratelimit-remaining-tokens"]) == (429, "0")
    assert error_of(answer)["type"] == "tokens"
    assert "1000 tokens per minute" in error_of(answer)["message"]
    clock.now += 1
    assert ask(limits, small).headers["x-ratelimit-remaining-tokens"] == "999"


def test_a_request_above_the_whole_limit_passes_when_nothing_is_used(clock: ManualClock) -> None:
    small = project(tokens_per_minute=10)
    limits = limits_of(small, clock=clock)
    assert ask(limits, small, 100).status == 200
    assert ask(limits, small, 1).status == 429


def test_a_failure_that_azure_did_not_count_costs_no_tokens(clock: ManualClock) -> None:
    small = project(tokens_per_minute=100)
    limits = limits_of(small, clock=clock)
    with running(limits, small) as (request, context):
        request.count_tokens(100)
        context.status = 503
    assert ask(limits, small, 50).headers["x-ratelimit-remaining-tokens"] == "50"
    assert ask(limits, small, 50).headers["x-ratelimit-remaining-tokens"] == "0"


def test_the_tokens_of_a_client_that_left_count_if_azure_was_asked(clock: ManualClock) -> None:
    small = project(tokens_per_minute=100)
    limits = limits_of(small, clock=clock)
    for attempts, remaining in ((0, "99"), (1, "49")):
        with running(limits, small) as (request, context):
            request.count_tokens(50)
            context.status = 0
            del context.attempts[attempts:]
        assert ask(limits, small, 1).headers["x-ratelimit-remaining-tokens"] == remaining
        clock.now += 60


def test_parallel_requests_count_until_their_end(clock: ManualClock) -> None:
    small = project(parallel_requests=2)
    limits = limits_of(small, clock=clock)
    with running(limits, small):
        with running(limits, small):
            refused = ask(limits, small)
            assert (refused.status, refused.headers["retry-after"]) == (429, "1")
            assert "2 parallel requests" in error_of(refused)["message"]
        assert ask(limits, small).status == 200


def test_a_request_that_fails_costs_itself_and_no_tokens(clock: ManualClock) -> None:
    small = project(requests_per_minute=3, tokens_per_minute=100, parallel_requests=1)
    limits = limits_of(small, clock=clock)
    for _ in range(2):
        with suppress(RuntimeError), running(limits, small) as (request, context):
            request.count_tokens(100)
            context.attempts.clear()
            raise RuntimeError
    answer = ask(limits, small, 40)
    assert answer.headers["x-ratelimit-remaining-tokens"] == "60"
    assert answer.headers["x-ratelimit-remaining-requests"] == "0"


def test_what_is_above_the_limit_of_requests_uses_nothing(clock: ManualClock) -> None:
    small = project(requests_per_minute=1, tokens_per_minute=10, parallel_requests=1)
    limits = limits_of(small, clock=clock)
    ask(limits, small)
    for _ in range(100):
        assert ask(limits, small).status == 429
    clock.now += 60
    assert ask(limits, small).status == 200


def test_what_is_above_the_limit_of_tokens_was_read_and_counts_as_a_request(clock: ManualClock) -> None:
    small = project(requests_per_minute=2, tokens_per_minute=10)
    limits = limits_of(small, clock=clock)
    ask(limits, small, 9)
    assert error_of(ask(limits, small, 9))["type"] == "tokens"
    assert error_of(ask(limits, small, 1))["type"] == "requests"


def test_without_a_token_left_a_request_is_refused_before_it_is_read(clock: ManualClock) -> None:
    small = project(tokens_per_minute=10)
    limits = limits_of(small, clock=clock)
    ask(limits, small, 10)
    with pytest.raises(RefusedError), running(limits, small):
        pytest.fail("it was read")


def test_the_longest_wait_is_the_retry_after(clock: ManualClock) -> None:
    small = project(requests_per_minute=2, tokens_per_minute=10)
    limits = limits_of(small, clock=clock)
    ask(limits, small, 1)
    clock.now += 20
    ask(limits, small, 1)
    answer = ask(limits, small)
    assert answer.headers["retry-after"] == "40"
    assert error_of(answer)["type"] == "requests"
    clock.now += 40
    ask(limits, small, counted=Tokens(input=100))
    answer = ask(limits, small)
    assert answer.headers["retry-after"] == "60"
    assert error_of(answer)["type"] == "tokens"


def test_a_project_at_its_limit_does_not_affect_another(clock: ManualClock) -> None:
    small, other = project(requests_per_minute=1), project("other", requests_per_minute=7)
    limits = limits_of(small, other, clock=clock)
    assert [ask(limits, small).status for _ in range(2)] == [200, 429]
    answer = ask(limits, other)
    assert (answer.status, answer.headers["x-ratelimit-remaining-requests"]) == (200, "6")


def test_no_project_uses_all_connections_and_all_projects_together_use_half(clock: ManualClock) -> None:
    greedy, other = project("greedy"), project("other")
    limits = limits_of(greedy, other, clock=clock, max_connections=80)
    with ExitStack() as requests:
        for _ in range(30):
            requests.enter_context(running(limits, greedy))
        answer = ask(limits, greedy)
        assert (answer.status, answer.error, answer.headers["retry-after"]) == (503, "overloaded", "1")
        for _ in range(8):
            requests.enter_context(running(limits, other))
        assert [ask(limits, each).status for each in (greedy, other)] == [503, 503]
    assert [ask(limits, each).status for each in (greedy, other)] == [200, 200]


def limited(configuration: Configuration, **limits: int) -> Configuration:
    """The same with these limits of its first project."""
    first, *others = configuration.projects
    return replace(configuration, projects=(replace(first, **limits), *others))  # type: ignore[arg-type]


async def test_refused_requests_count_and_above_the_limit_no_body_is_read(
    configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream
) -> None:
    bodies: list[bytes] = [b"no json", b'{"model": "unknown"}', b"x" * 20_000, b'{"model": "%s"}' % CODEX.encode()]
    async with open_gateway_for(limited(configuration, requests_per_minute=4), [azure], litellm) as client:
        headers = {**BEARER, "content-type": "application/json"}
        answers = [await client.post("/v1/embeddings", data=body, headers=headers) for body in bodies]
        assert [answer.status for answer in answers] == [400, 404, 413, 400]
        left = [answer.headers["x-ratelimit-remaining-requests"] for answer in answers]
        assert left == ["3", "2", "1", "0"]
        head = {**BEARER, "content-length": "5000", "expect": "100-continue"}
        async with client.session.post(client.make_url("/v1/embeddings"), headers=head) as answer:
            assert answer.status == 429  # the gateway has not asked for the body
    assert azure.requests == []


async def test_slow_bodies_of_one_project_leave_connections_for_probes(
    configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream
) -> None:
    configuration = replace(configuration, limits=Limits(max_connections=10))
    head = f"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\nauthorization: {BEARER['authorization']}\r\n"
    async with open_gateway_for(configuration, [azure], litellm) as client:
        streams = [await asyncio.open_connection(client.host, client.port) for _ in range(10)]
        for _, writer in streams:
            writer.write(f"{head}content-length: 9\r\n\r\n".encode())
        await asyncio.sleep(0.2)
        assert (await client.get("/health/liveness")).status == 200
        for _, writer in streams:
            writer.close()


async def test_a_client_that_left_is_no_parallel_request_any_more(
    configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream
) -> None:
    hanging, body = Hanging(), {"model": EMBEDDING, "input": "hi"}
    azure.answers(hanging, json_answer())
    async with open_gateway_for(limited(configuration, parallel_requests=1), [azure], litellm) as client:
        leaving = asyncio.create_task(client.post("/v1/embeddings", json=body, headers=BEARER))
        await hanging.called.wait()
        assert (await client.post("/v1/embeddings", json=body, headers=BEARER)).status == 429
        leaving.cancel()
        await hanging.abandoned.wait()
        assert (await client.post("/v1/embeddings", json=body, headers=BEARER)).status == 200
