"""Three regions: which one is called, when the next one is, and what the client sees."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import pytest

from gateway.runtime.configuration import Configuration
from gateway.runtime.context import ModelRequest, Response, Surface, now
from gateway.runtime.failover.failover import Failover

from ..builders import CHAT, CODEX, EMBEDDING, REGIONS, build_models, build_request, build_upstream
from ..conftest import (
    BEARER,
    Client,
    FakeUpstream,
    Hanging,
    Script,
    abort,
    hang,
    json_answer,
    listening,
    open_gateway_for,
    read_log,
    read_request_line,
    stream_answer,
)

pytestmark = pytest.mark.anyio
Three = tuple[FakeUpstream, FakeUpstream, FakeUpstream]
CREATED = 'data: {"type":"response.created","response":{"id":"resp_1"}}\n\n'
DELTA = 'data: {"type":"response.output_text.delta","sequence_number":4}\n\n'
COMPLETED = 'data: {"type":"response.completed","sequence_number":5}\n\n'
CHUNK = 'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
DONE = "data: [DONE]\n\n"
OPEN_S = 0.5
RESPONSE: dict[str, object] = {"model": CODEX, "input": "hi"}
BODIES: dict[str, dict[str, object]] = {
    "/v1/responses": RESPONSE,
    "/v1/responses/compact": RESPONSE,
    "/v1/chat/completions": {"model": CHAT, "messages": [{"role": "user", "content": "hi"}]},
    "/v1/embeddings": {"model": EMBEDDING, "input": "hi"},
}
# What else is retryable: upstream/test_attempt.py.
RETRYABLE = {
    "429 with Retry-After": json_answer(429, Retry_After="30"),
    "500": json_answer(500),
    "hang": hang,
    "reset": abort,
}
RETRYABLE_STREAMS = {
    **RETRYABLE,
    "cut": stream_answer(CREATED, None),
    "silence": stream_answer(CREATED, 3.0),
    "error chunk": stream_answer('data: {"error":{"message":"m","type":"server_error","code":null}}\n\n'),
}


@pytest.fixture
def client(client_of_regions: Client) -> Client:
    """All tests here have three regions."""
    return client_of_regions


def counts(regions: Three) -> list[int]:
    return [len(region.requests) for region in regions]


@pytest.mark.parametrize("failing", RETRYABLE.values(), ids=RETRYABLE)
@pytest.mark.parametrize("path", BODIES)
async def test_the_next_region_answers_when_one_fails(
    client: Client, regions: Three, failing: Script, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    regions[0].answers(failing)
    regions[1].answers(json_answer(body={"id": "2nd"}))
    response = await client.post(path, json=BODIES[path], headers=BEARER)
    assert (response.status, await response.json()) == (200, {"id": "2nd"})
    assert counts(regions) == [1, 1, 0]
    line = read_request_line(capsys)
    assert line["region"] == "second"
    assert [made["upstream"] for made in line["attempts"]] == ["first", "second"]


@pytest.mark.parametrize("failing", RETRYABLE_STREAMS.values(), ids=RETRYABLE_STREAMS)
@pytest.mark.parametrize(
    ("path", "events"),
    [("/v1/responses", (CREATED, DELTA, COMPLETED)), ("/v1/chat/completions", (CHUNK, DONE))],
)
async def test_the_next_region_answers_when_a_stream_fails_before_its_first_content(
    client: Client, regions: Three, failing: Script, path: str, events: tuple[str, ...]
) -> None:
    regions[0].answers(failing)
    regions[1].answers(failing)
    regions[2].answers(stream_answer(*events))
    response = await client.post(path, json=BODIES[path] | {"stream": True}, headers=BEARER)
    assert await response.text() == "".join(events)
    assert counts(regions) == [1, 1, 1]


@pytest.mark.parametrize(
    ("failing", "status", "code", "retry_after_ms"),
    [
        ((json_answer(500),) * 3, 503, "upstream_unavailable", 500),
        ((json_answer(500), json_answer(500), json_answer(429)), 429, "rate_limit_exceeded", 500),
        ((json_answer(429, Retry_After="30"),) * 3, 429, "rate_limit_exceeded", 1000),
        ((json_answer(429, retry_after_ms="400"), abort, abort), 503, "upstream_unavailable", 400),
    ],
)
async def test_when_all_regions_fail_the_client_gets_a_retry_after(
    client: Client, regions: Three, failing: tuple[Script, ...], status: int, code: str, retry_after_ms: int
) -> None:
    for region, handler in zip(regions, failing, strict=True):
        region.answers(handler)
    response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert (response.status, (await response.json())["error"]["code"]) == (status, code)
    assert counts(regions) == [1, 1, 1]
    assert retry_after_ms - 350 < int(response.headers["retry-after-ms"]) <= retry_after_ms
    assert response.headers["retry-after"] == "1"


async def test_regions_that_asked_for_a_pause_are_not_called_before_its_end(client: Client, regions: Three) -> None:
    for region, pause_ms in zip(regions, ("5000", "800", "5000"), strict=True):
        region.answers(json_answer(429, retry_after_ms=pause_ms), json_answer())
    for _ in range(3):
        response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
        assert response.status == 429
        assert 0 < int(response.headers["retry-after-ms"]) <= 800
    assert counts(regions) == [1, 1, 1]
    await asyncio.sleep(0.8)
    assert (await client.post("/v1/responses", json=RESPONSE, headers=BEARER)).status == 200
    assert counts(regions) == [1, 2, 1]


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_a_refusal_is_an_answer(client: Client, regions: Three, status: int) -> None:
    regions[0].answers(json_answer(status, {"error": {"code": "c"}}))
    for _ in range(2):
        response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
        assert (response.status, await response.json()) == (status, {"error": {"code": "c"}})
    assert counts(regions) == [2, 0, 0]


async def test_a_region_that_failed_is_left_out_and_then_tried(
    client: Client, regions: Three, capsys: pytest.CaptureFixture[str]
) -> None:
    regions[0].answers(json_answer(500), json_answer())
    regions[1].answers(json_answer())
    for _ in range(3):
        assert (await client.post("/v1/responses", json=RESPONSE, headers=BEARER)).status == 200
    assert counts(regions) == [1, 3, 0]
    await asyncio.sleep(OPEN_S)
    for _ in range(2):
        assert (await client.post("/v1/responses", json=RESPONSE, headers=BEARER)).status == 200
    assert counts(regions) == [3, 3, 0]
    events = [line for line in read_log(capsys) if "event" in line]
    assert [(line["event"], line["region"], line["model"]) for line in events] == [
        ("breaker_opened", "first", CODEX),
        ("breaker_closed", "first", CODEX),
    ]


async def test_other_models_in_that_region_are_not_affected(client: Client, regions: Three) -> None:
    regions[0].answers(json_answer(500), json_answer())
    regions[1].answers(json_answer())
    for path in ("/v1/responses", "/v1/embeddings"):
        assert (await client.post(path, json=BODIES[path], headers=BEARER)).status == 200
    assert counts(regions) == [2, 1, 0]


async def test_a_region_behind_an_open_breaker_is_the_last_resort(client: Client, regions: Three) -> None:
    regions[0].answers(json_answer(500), json_answer(body={"id": "1st"}))
    regions[1].answers(json_answer(), json_answer(500))
    regions[2].answers(json_answer(500))
    assert (await client.post("/v1/responses", json=RESPONSE, headers=BEARER)).status == 200
    response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert await response.json() == {"id": "1st"}
    assert counts(regions) == [2, 2, 1]


async def test_a_stream_that_breaks_later_opens_the_breaker(client: Client, regions: Three) -> None:
    regions[0].answers(stream_answer(DELTA, 0.05, None))
    regions[1].answers(stream_answer(DELTA, COMPLETED))
    streamed = RESPONSE | {"stream": True}
    assert "upstream_interrupted" in await (await client.post("/v1/responses", json=streamed, headers=BEARER)).text()
    assert await (await client.post("/v1/responses", json=streamed, headers=BEARER)).text() == DELTA + COMPLETED
    assert counts(regions) == [1, 1, 0]


@pytest.mark.parametrize("answering", [0, 1, 2])
async def test_every_region_gets_a_share_of_the_requests_time(
    configuration: Configuration, regions: Three, litellm: FakeUpstream, answering: int
) -> None:
    patient = configuration.timeouts.model_copy(update={"answer_s": 20.0, "total_s": 1.5})
    for region in regions:
        region.answers(hang)
    regions[answering].answers(json_answer())
    async with open_gateway_for(replace(configuration, timeouts=patient), regions, litellm) as client:
        response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert response.status == 200
    assert now() == pytest.approx(0.5 * answering)


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The step, and the events that it has logged."""

    failover: Failover
    configuration: Configuration
    events: list[dict[str, object]]

    def call(self, *, within_s: float = 2.0, **options: Any) -> ModelRequest:  # noqa: ANN401
        """A call of the codex model."""
        deadline = asyncio.get_running_loop().time() + within_s
        model = self.configuration.models[CODEX]
        return replace(build_request({}, surface=Surface.RESPONSES, model=model, deadline=deadline), **options)


@pytest.fixture
def priorities() -> tuple[int, int, int]:
    """Those of the three regions."""
    return (1, 2, 3)


@pytest.fixture
async def steps(configuration: Configuration, regions: Three, priorities: tuple[int, ...]) -> AsyncIterator[Steps]:
    """The step with its regions."""
    async with listening(*regions) as urls, aiohttp.ClientSession() as session:
        upstreams = [
            replace(build_upstream(region, url), priority=priority)
            for region, url, priority in zip(REGIONS, urls, priorities, strict=True)
        ]
        events: list[dict[str, object]] = []
        configuration = replace(configuration, models=build_models(*upstreams))
        failover = Failover(session=session, configuration=configuration, log_event=events.append)
        yield Steps(failover=failover, configuration=configuration, events=events)


async def test_the_preferred_region_comes_first(steps: Steps, regions: Three) -> None:
    regions[0].answers(json_answer())
    regions[2].answers(json_answer(500))
    assert (await steps.failover(steps.call(preferred_region="third"))).status == 200
    assert counts(regions) == [1, 0, 1]


@pytest.mark.parametrize("priorities", [(2, 1, 1)])
async def test_regions_of_one_priority_share(steps: Steps, regions: Three) -> None:
    for region in regions:
        region.answers(json_answer())
    for _ in range(60):
        await steps.failover(steps.call())
    none, *shared = counts(regions)
    assert none == 0
    assert min(shared) > 10


async def test_the_pause_of_a_region_is_known_to_other_steps(steps: Steps, regions: Three) -> None:
    regions[0].answers(json_answer(429, retry_after_ms="500"))
    regions[1].answers(json_answer())
    await steps.failover(steps.call())
    model = steps.configuration.models[CODEX]
    assert 0 < steps.failover.pause_s(model, "first") <= 0.5
    assert steps.failover.pause_s(model, "second") == steps.failover.pause_s(model, "nowhere") == 0


async def test_after_a_trial_whose_client_has_left_another_one_is_allowed(steps: Steps, regions: Three) -> None:
    hanging = Hanging()
    regions[0].answers(json_answer(500), hanging, json_answer())
    regions[1].answers(json_answer())
    await steps.failover(steps.call())
    await asyncio.sleep(OPEN_S)
    call = steps.call()
    trial = asyncio.create_task(steps.failover(call))
    await asyncio.wait_for(hanging.called.wait(), timeout=30)
    await steps.failover(steps.call())
    assert counts(regions) == [2, 2, 0]
    trial.cancel()
    await asyncio.wait_for(hanging.abandoned.wait(), timeout=4)
    assert [(attempt.region, attempt.status) for attempt in call.context.attempts] == [("first", None)]
    await steps.failover(steps.call())
    assert counts(regions) == [3, 2, 0]
    assert [event["event"] for event in steps.events] == ["breaker_opened", "breaker_closed"]


async def test_a_request_after_its_deadline_calls_no_region(steps: Steps, regions: Three) -> None:
    answer = await steps.failover(steps.call(within_s=0.0))
    assert (answer.status, answer.error) == (503, "upstream_unavailable")
    assert counts(regions) == [0, 0, 0]


def unknown_in(region: str) -> Script:
    code = "invalid_encrypted_content"
    return json_answer(400, {"error": {"code": code, "message": f"{region} cannot read it"}})


def response_of(region: str) -> dict[str, object]:
    item = {"type": "reasoning", "summary": [], "encrypted_content": f"encrypted by {region}"}
    return {"id": f"resp_{region}", "output": [item]}


CONTINUATIONS: list[dict[str, object]] = [
    {"previous_response_id": "resp_second"},
    {"input": [*response_of("second")["output"], {"role": "user", "content": "hi"}]},  # type: ignore[misc]
]


ENCRYPTED = CONTINUATIONS[1]  # stored responses: test_stored_responses.py


async def answer_of(steps: Steps, fields: dict[str, object], **options: Any) -> Response:  # noqa: ANN401
    return await steps.failover(steps.call(fields=fields, **options))


@pytest.mark.parametrize("fields", CONTINUATIONS)
@pytest.mark.parametrize("surface", [Surface.RESPONSES, Surface.COMPACT])
async def test_a_conversation_stays_on_its_region(
    steps: Steps, regions: Three, fields: dict[str, object], surface: Surface
) -> None:
    regions[0].answers(json_answer(500), json_answer())
    regions[1].answers(json_answer(body=response_of("second")))
    assert (await answer_of(steps, {})).status == 200
    await asyncio.sleep(OPEN_S)
    for _ in range(3):
        assert (await answer_of(steps, fields, surface=surface)).status == 200
    assert counts(regions) == [1, 4, 0]


@pytest.mark.parametrize("fields", CONTINUATIONS)
async def test_a_streamed_one_stays_on_its_region(steps: Steps, regions: Three, fields: dict[str, object]) -> None:
    created = {"type": "response.created", "response": {"id": "resp_second"}}
    done = {"type": "response.output_item.done", "item": response_of("second")["output"][0]}  # type: ignore[index]
    events = [f"data: {json.dumps(event)}\n\n" for event in (created, done)]
    regions[0].answers(json_answer(500))
    regions[1].answers(stream_answer(*events, COMPLETED), json_answer())
    answer = await answer_of(steps, {}, stream=True)
    assert not isinstance(answer.body, bytes)
    assert "".join([part.decode() async for part in answer.body]) == "".join(events) + COMPLETED
    answer.close()
    assert (await answer_of(steps, fields)).status == 200
    assert counts(regions) == [1, 2, 0]


async def test_the_region_of_an_unknown_conversation_is_found_and_remembered(steps: Steps, regions: Three) -> None:
    regions[0].answers(unknown_in("first"))
    regions[1].answers(json_answer())
    for _ in range(2):
        assert (await answer_of(steps, ENCRYPTED)).status == 200
    assert counts(regions) == [1, 2, 0]
    assert steps.events == []


async def test_a_conversation_that_no_region_knows_gets_azures_error(steps: Steps, regions: Three) -> None:
    for region, name in zip(regions, REGIONS, strict=True):
        region.answers(unknown_in(name))
    answer = await answer_of(steps, ENCRYPTED)
    assert answer.status == 400
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body)["error"]["message"] == "third cannot read it"
    assert counts(regions) == [1, 1, 1]


@pytest.mark.parametrize("silent", [0, 1, 2])
async def test_when_one_region_fails_and_the_others_do_not_know_the_conversation_it_is_unavailable(
    steps: Steps, regions: Three, silent: int
) -> None:
    for region, name in zip(regions, REGIONS, strict=True):
        region.answers(unknown_in(name))
    regions[silent].answers(json_answer(500))
    answer = await answer_of(steps, ENCRYPTED)
    assert (answer.status, answer.error) == (503, "conversation_unavailable")
    assert b"belongs to a region that cannot answer now" in bytes(answer.body)  # type: ignore[arg-type]
    assert counts(regions) == [1, 1, 1]


async def test_a_region_with_a_requested_pause_may_know_the_conversation(steps: Steps, regions: Three) -> None:
    regions[0].answers(json_answer(429, Retry_After="30"))
    regions[1].answers(json_answer(), unknown_in("second"))
    regions[2].answers(unknown_in("third"))
    await answer_of(steps, {})
    answer = await answer_of(steps, ENCRYPTED)
    assert (answer.status, answer.error) == (503, "conversation_unavailable")
    assert int(answer.headers["retry-after-ms"]) <= 1000
    assert counts(regions) == [1, 2, 1]


async def test_an_unknown_conversation_fails_like_any_request_when_all_fail(steps: Steps, regions: Three) -> None:
    for region in regions:
        region.answers(json_answer(500))
    answer = await answer_of(steps, ENCRYPTED)
    assert (answer.status, answer.error) == (503, "upstream_unavailable")


async def test_a_known_conversation_is_retried_in_its_region(steps: Steps, regions: Three) -> None:
    regions[0].answers(json_answer(body=response_of("second")), json_answer(500))
    await answer_of(steps, {})
    answer = await answer_of(steps, ENCRYPTED)
    assert (answer.status, answer.error) == (503, "conversation_unavailable")
    assert 0 < int(answer.headers["retry-after-ms"]) <= 500
    assert counts(regions) == [4, 0, 0]


async def test_a_known_conversation_gets_its_regions_refusal(steps: Steps, regions: Three) -> None:
    regions[0].answers(json_answer(body=response_of("second")), unknown_in("first"))
    await answer_of(steps, {})
    assert (await answer_of(steps, ENCRYPTED)).status == 400
    assert counts(regions) == [2, 0, 0]
