"""Translated requests: LiteLLM is waited for and called once, and Azure's errors reach the client."""

import asyncio
import json
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web

from gateway.runtime.configuration import Configuration
from gateway.runtime.context import Surface, now
from gateway.runtime.litellm.translation import LiteLLMClient, Translation

from ..builders import CODEX, TRANSLATED, build_request
from ..conftest import (
    BEARER,
    INNER_KEY,
    Client,
    FakeUpstream,
    Hanging,
    Script,
    abort,
    delayed,
    hang,
    json_answer,
    listening,
    open_gateway,
    open_gateway_for,
    read_log,
    read_request_line,
    stream_answer,
)

pytestmark = pytest.mark.anyio
CHAT = {"model": CODEX, "messages": [{"role": "user", "content": "hi"}]}
CHUNK = 'data: {"choices":[{"delta":{"content":"x"},"finish_reason":null}]}\n\n'
STOP = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = "data: [DONE]\n\n"


@pytest.fixture
def alive(litellm: FakeUpstream) -> FakeUpstream:
    """LiteLLM, loaded: its health check answers, and the script is for the calls alone."""
    handle = litellm.handle

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/health/liveliness":
            return web.json_response("I'm alive!")
        return await handle(request)

    litellm.handle = answer  # type: ignore[method-assign]
    return litellm


@pytest.mark.parametrize("path", ["/chat/completions", "/v1/chat/completions"])
async def test_chat_on_a_codex_model_is_litellms(
    alive: FakeUpstream, client: Client, azure: FakeUpstream, path: str
) -> None:
    alive.answers(json_answer(body={"choices": []}))
    response = await client.post(path, json=CHAT, headers=BEARER)
    assert (response.status, await response.json()) == (200, {"choices": []})
    (request,) = alive.requests
    assert request.path_qs == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {INNER_KEY}"
    assert request.headers["x-gateway-request"] not in ("", response.headers["x-request-id"])
    assert azure.requests == []


async def test_no_connection_to_litellm_is_used_twice(client: Client, litellm: FakeUpstream) -> None:
    # LiteLLM's server closes idle ones after 5 s; a request that takes one at that moment would break.
    ports: list[tuple[str, int]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername"))
        return web.json_response({"choices": []})

    litellm.answers(answer)
    for _ in range(3):
        assert (await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)).status == 200
    assert len(ports) == len(set(ports)) == 4  # the first is the health check


async def test_a_translation_ends_when_its_client_leaves_and_the_next_one_begins(
    configuration: Configuration, alive: FakeUpstream
) -> None:
    alive.answers(stream_answer(CHUNK, 100.0))
    limits = configuration.limits.model_copy(update={"parallel_translations": 4, "translation_queue_s": 3.0})
    body = CHAT | {"stream": True}
    async with open_gateway_for(replace(configuration, limits=limits), [], alive) as client:
        streams = [await client.post("/v1/chat/completions", json=body, headers=BEARER) for _ in range(3)]
        waiting = asyncio.create_task(client.post("/v1/chat/completions", json=body, headers=BEARER))
        await asyncio.sleep(0.1)  # the fourth place is for another project
        assert len(alive.requests) == 3
        streams[0].close()
        assert (await waiting).status == 200
        assert now() == pytest.approx(0.1, abs=0.1)


async def test_a_streamed_chat_passes_as_it_comes(alive: FakeUpstream, client: Client) -> None:
    alive.answers(stream_answer(CHUNK, STOP, DONE))
    response = await client.post("/v1/chat/completions", json=CHAT | {"stream": True}, headers=BEARER)
    assert await response.text() == CHUNK + STOP + DONE


async def test_a_streamed_chat_that_breaks_ends_with_an_error_chunk(alive: FakeUpstream, client: Client) -> None:
    alive.answers(stream_answer(CHUNK, None))
    response = await client.post("/v1/chat/completions", json=CHAT | {"stream": True}, headers=BEARER)
    text = await response.text()
    assert text.startswith(CHUNK + "data: ")
    assert json.loads(text.removeprefix(CHUNK + "data: "))["error"]["code"] == "upstream_interrupted"


@pytest.mark.parametrize("failing", [json_answer(500), json_answer(429), stream_answer(CHUNK)])
async def test_a_failure_of_litellms_own_is_not_repeated(alive: FakeUpstream, client: Client, failing: Script) -> None:
    alive.answers(failing)
    response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    assert response.status == 502
    assert (await response.json())["error"]["code"] == "translation_failed"
    assert len(alive.requests) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            {"error": {"message": "messages must be a list\nTraceback (most recent call last):\n  File x"}},
            "messages must be a list",
        ),
        ({"error": {"message": "litellm.BadRequestError: tools[0] has no name"}}, "tools[0] has no name"),
        ({"error": {"message": "AzureException BadRequestError - api_key x for azure/m"}}, "it answered 422."),
        ({"error": {"message": "'str' object has no attribute 'get'"}}, "it answered 422."),
        ({"error": {"message": ""}}, "it answered 422."),
        ({"detail": "no"}, "it answered 422."),
    ],
)
async def test_what_litellm_cannot_translate_is_a_400_without_its_own_affairs(
    alive: FakeUpstream, client: Client, body: dict[str, object], reason: str
) -> None:
    alive.answers(json_answer(422, body))
    response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    error = (await response.json())["error"]
    assert (response.status, error["code"]) == (400, "translation_refused")
    assert error["message"] == f"LiteLLM cannot translate this request: {reason}"


@pytest.mark.parametrize(("code", "status"), [("400", 400), ("500", 502)])
async def test_an_error_that_litellm_streams_first_is_an_error_answer(
    alive: FakeUpstream, client: Client, code: str, status: int
) -> None:
    event = {"error": {"message": "litellm.X", "code": code}}
    alive.answers(stream_answer(f"data: {json.dumps(event)}\n\n"))
    response = await client.post("/v1/chat/completions", json=CHAT | {"stream": True}, headers=BEARER)
    assert (response.status, (await response.json())["error"]["code"]) == (
        status,
        "translation_refused" if status == 400 else "translation_failed",
    )


async def test_an_error_in_litellms_stream_is_told_in_our_words(alive: FakeUpstream, client: Client) -> None:
    alive.answers(stream_answer(CHUNK, 0.05, 'data: {"error": {"message": "litellm.X", "code": "500"}}\n\n'))
    response = await client.post("/v1/chat/completions", json=CHAT | {"stream": True}, headers=BEARER)
    text = await response.text()
    assert "litellm" not in text
    assert json.loads(text.removeprefix(CHUNK + "data: "))["error"]["code"] == "upstream_interrupted"


async def test_a_client_that_leaves_ends_the_inner_call(
    alive: FakeUpstream, client: Client, azure: FakeUpstream
) -> None:
    hanging = Hanging()
    azure.answers(hanging)
    # A LiteLLM that goes on although its own client has gone.
    alive.answers(make_inner_call(client, then=json_answer()))
    asking = asyncio.create_task(client.post("/v1/chat/completions", json=CHAT, headers=BEARER))
    await asyncio.wait_for(hanging.called.wait(), timeout=30)
    asking.cancel()
    await asyncio.wait_for(hanging.abandoned.wait(), timeout=4)
    assert len(azure.requests) == 1


async def test_a_litellm_that_dies_ends_the_inner_call(
    alive: FakeUpstream, client: Client, azure: FakeUpstream
) -> None:
    hanging = Hanging()
    asking: list[asyncio.Task[web.StreamResponse]] = []
    azure.answers(hanging)
    alive.answers(make_inner_call_and_leave(client, hanging, asking, then=abort))
    assert (await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)).status == 502
    await asyncio.wait_for(hanging.abandoned.wait(), timeout=4)
    asking[0].cancel()
    await asyncio.wait(asking)


async def test_a_litellm_that_ends_its_stream_early_ends_the_inner_call(
    alive: FakeUpstream, client: Client, azure: FakeUpstream
) -> None:
    hanging = Hanging()
    asking: list[asyncio.Task[web.StreamResponse]] = []
    azure.answers(hanging)
    alive.answers(make_inner_call_and_leave(client, hanging, asking, then=stream_answer(CHUNK)))
    response = await client.post("/v1/chat/completions", json=CHAT | {"stream": True}, headers=BEARER)
    assert "upstream_interrupted" in await response.text()
    # Sooner than the inner call would end by itself.
    await asyncio.wait_for(hanging.abandoned.wait(), timeout=0.3)
    asking[0].cancel()
    await asyncio.wait(asking)


def make_inner_call(client: Client, *, then: Script, stream: bool = False) -> Script:
    """Call the gateway as its Azure, like LiteLLM, then answer by the given script."""

    async def handler(request: web.Request) -> web.StreamResponse:
        headers = {"api-key": INNER_KEY, "x-gateway-request": request.headers["x-gateway-request"]}
        body = {"model": CODEX, "input": "hi", "stream": stream}
        async with client.post("/openai/responses", json=body, headers=headers) as inner:
            await inner.read()
        return await then(request)

    return handler


def make_inner_call_and_leave(
    client: Client, hanging: Hanging, asking: list[asyncio.Task[web.StreamResponse]], *, then: Script
) -> Script:
    """The same, but it answers while an Azure that is `hanging` still has the call."""

    async def handler(request: web.Request) -> web.StreamResponse:
        asking.append(asyncio.ensure_future(make_inner_call(client, then=json_answer())(request)))
        await hanging.called.wait()
        return await then(request)

    return handler


class Translating:
    """A LiteLLM that translates a stream, each delta in `seconds`."""

    def __init__(self, client: Client, *, seconds: float) -> None:
        self._client = client
        self._seconds = seconds
        self.received: list[str] = []
        self.left_at: float | None = None

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer, and go on even if the client leaves."""
        return await asyncio.shield(asyncio.ensure_future(self._answer(request)))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        """Call the gateway as its Azure, and translate what that answers."""
        headers = {"api-key": INNER_KEY, "x-gateway-request": request.headers["x-gateway-request"]}
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        with suppress(aiohttp.ClientPayloadError):
            body = {"model": CODEX, "input": "hi", "stream": True}
            async with self._client.post("/openai/responses", json=body, headers=headers) as inner:
                await response.prepare(request)
                async for line in inner.content:
                    if line.startswith(b"data: "):
                        await self._translate(json.loads(line[6:]), response)
            await response.write((STOP + DONE).encode())
        self.left_at = now()
        return response

    async def _translate(self, data: dict[str, str], response: web.StreamResponse) -> None:
        if text := data.get("delta"):
            self.received.append(text)
            await asyncio.sleep(self._seconds)
            chunk = {"choices": [{"delta": {"content": text}, "finish_reason": None}]}
            # A client that has left is no reason to stop reading.
            with suppress(ConnectionError):
                await response.write(f"data: {json.dumps(chunk)}\n\n".encode())


def text_event(text: str) -> str:
    return f'data: {{"type":"response.output_text.delta","item_id":"a","delta":"{text}"}}\n\n'


COMPLETED = 'data: {"type":"response.completed","response":{}}\n\n'


@pytest.mark.parametrize(("seconds", "fewest", "most"), [(0.001, 60, 60), (0.1, 2, 12)])
async def test_a_litellm_that_is_behind_gets_fewer_and_larger_deltas(
    alive: FakeUpstream,
    client: Client,
    azure: FakeUpstream,
    capsys: pytest.CaptureFixture[str],
    *,
    seconds: float,
    fewest: int,
    most: int,
) -> None:
    litellm = Translating(client, seconds=seconds)
    azure.answers(stream_answer(*(part for n in range(60) for part in (text_event(f"{n};"), 0.02)), COMPLETED))
    alive.answers(litellm)
    response = await client.post("/v1/chat/completions", json=CHAT | {"stream": True}, headers=BEARER)
    chunks = [json.loads(line[6:]) for line in (await response.text()).splitlines() if line.startswith("data: {")]
    texts = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks]
    assert "".join(texts) == "".join(f"{n};" for n in range(60))
    assert fewest <= len(litellm.received) <= most
    assert read_request_line(capsys)["merged_events"] == 60 - len(litellm.received)


async def test_litellm_is_fed_nothing_for_a_client_that_has_left_and_may_end_the_inner_call_itself(
    alive: FakeUpstream, client: Client, azure: FakeUpstream
) -> None:
    litellm = Translating(client, seconds=0.001)
    azure.answers(stream_answer(*(part for _ in range(2000) for part in (text_event("x"), 0.02))))
    alive.answers(litellm)
    async with client.post("/v1/chat/completions", json=CHAT | {"stream": True}, headers=BEARER) as response:
        await response.content.readline()
        assert response.connection
        assert response.connection.transport
        response.connection.transport.abort()
    left_at, fed = now(), len(litellm.received)
    await asyncio.sleep(5)
    assert len(litellm.received) <= fed + 1
    assert litellm.left_at is None
    await asyncio.sleep(6)  # one that does not is not waited for
    assert litellm.left_at == pytest.approx(left_at + 10, abs=0.1)


@pytest.mark.parametrize("status", [400, 500])
async def test_when_the_inner_call_fails_the_client_gets_azures_error(
    alive: FakeUpstream, client: Client, azure: FakeUpstream, status: int
) -> None:
    refusal = {"error": {"code": "content_filter", "message": "filtered"}}
    azure.answers(json_answer(400, refusal))
    alive.answers(
        make_inner_call(client, then=json_answer(status, {"error": {"message": "litellm.X: AzureException"}}))
    )
    response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    assert (response.status, await response.json()) == (400, refusal)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("event", "status", "code"),
    [
        ('{"type":"error","error":{"code":"content_filter","message":"filtered"}}', 400, "content_filter"),
        (None, 503, "upstream_unavailable"),
    ],
)
async def test_so_it_does_when_that_one_fails_inside_a_stream(
    alive: FakeUpstream, client: Client, azure: FakeUpstream, *, stream: bool, event: str | None, status: int, code: str
) -> None:
    started = 'data: {"type":"response.output_text.delta"}\n\n'
    azure.answers(stream_answer(started, 0.05, f"data: {event}\n\n" if event else None))
    in_band = stream_answer('data: {"error": {"message": "litellm.X", "code": "500"}}\n\n')
    alive.answers(make_inner_call(client, stream=True, then=in_band if stream else json_answer(500)))
    response = await client.post("/v1/chat/completions", json=CHAT | {"stream": stream}, headers=BEARER)
    assert (response.status, (await response.json())["error"]["code"]) == (status, code)


async def test_a_translated_request_is_one_line_of_the_log(
    alive: FakeUpstream, client: Client, azure: FakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = {"input_tokens": 3, "output_tokens": 2}
    azure.answers(json_answer(500), delayed(0.3, json_answer(body={"id": "1", "usage": usage})))
    alive.answers(make_inner_call(client, then=delayed(0.2, json_answer(body={"usage": {"prompt_tokens": 99}}))))
    await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    line = read_request_line(capsys)
    assert line["route"] == "chat/completions"
    assert [(made["upstream"], made["status"]) for made in line["attempts"]] == [("first", 500), ("first", 200)]
    assert line["tokens"] == {"input": 3, "output": 2, "cached": 0, "reasoning": 0, "estimated": False}
    assert line["litellm_ms"] == pytest.approx(200)
    assert line["ms"] > 500


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/responses", {"model": TRANSLATED, "input": "hi"}),
        ("/v1/chat/completions", CHAT | {"model": TRANSLATED}),
    ],
)
async def test_a_model_may_be_translated_on_all_its_surfaces(
    alive: FakeUpstream, client: Client, path: str, body: dict[str, object]
) -> None:
    alive.answers(json_answer(body={"id": "1"}))
    response = await client.post(path, json=body, headers=BEARER)
    assert (response.status, await response.json()) == (200, {"id": "1"})
    assert [request.path_qs for request in alive.requests] == [path]


async def test_embeddings_may_be_translated(configuration: Configuration, alive: FakeUpstream) -> None:
    alive.answers(json_answer(body={"data": []}))
    async with listening(alive) as (url,), aiohttp.ClientSession() as session:
        translation = Translation(session=session, configuration=replace(configuration, litellm_url=url))
        response = await translation(build_request({}, surface=Surface.EMBEDDINGS, deadline=1.0, via_litellm=True))
    assert response.body == b'{"data": []}'
    assert [request.path_qs for request in alive.requests] == ["/v1/embeddings"]


async def test_a_request_that_comes_before_litellm_has_loaded_waits(client: Client, litellm: FakeUpstream) -> None:
    litellm.answers(json_answer(503), json_answer(200), json_answer(body={"choices": []}))
    response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    assert (response.status, await response.json()) == (200, {"choices": []})
    assert [request.path for request in litellm.requests] == [
        "/health/liveliness",
        "/health/liveliness",
        "/v1/chat/completions",
    ]


async def test_all_that_wait_for_it_ask_once(client: Client, litellm: FakeUpstream) -> None:
    litellm.answers(json_answer(503), json_answer())
    asking = (client.post("/v1/chat/completions", json=CHAT, headers=BEARER) for _ in range(8))
    assert [response.status for response in await asyncio.gather(*asking)] == [200] * 8
    assert [request.path for request in litellm.requests].count("/health/liveliness") == 2


async def test_they_go_on_in_the_order_in_which_they_came(configuration: Configuration, litellm: FakeUpstream) -> None:
    litellm.answers(json_answer(503), json_answer(503), json_answer())
    order: list[int] = []
    async with listening(litellm) as (url,), aiohttp.ClientSession() as session:
        client = LiteLLMClient(session=session, configuration=replace(configuration, litellm_url=url))

        async def wait(number: int) -> None:
            await asyncio.sleep(number / 1000)
            assert await client.wait_until_up(deadline=10.0)
            order.append(number)

        await asyncio.gather(*map(wait, range(50)))
    assert order == list(range(50))


async def test_when_the_one_that_asks_gives_up_the_next_one_does(
    configuration: Configuration, litellm: FakeUpstream
) -> None:
    litellm.answers(*[json_answer(503)] * 8, json_answer())
    async with listening(litellm) as (url,), aiohttp.ClientSession() as session:
        client = LiteLLMClient(session=session, configuration=replace(configuration, litellm_url=url))
        asking = [asyncio.create_task(client.wait_until_up(deadline=deadline)) for deadline in (0.3, 0.6, 10.0)]
        assert [await task for task in asking] == [False, False, True]


@pytest.mark.parametrize("never", [json_answer(503), abort, hang])
async def test_it_does_not_wait_longer_than_litellm_may_take_to_start(
    client: Client, litellm: FakeUpstream, never: Script
) -> None:
    litellm.answers(never)
    response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    assert response.status == 503
    assert (await response.json())["error"]["code"] == "translation_unavailable"
    assert response.headers["retry-after"] == "5"
    assert now() == pytest.approx(0.8)


async def test_a_litellm_that_makes_no_inner_call_in_time_is_unavailable(
    alive: FakeUpstream, client: Client, azure: FakeUpstream
) -> None:
    alive.answers(hang, json_answer(body={"choices": []}))
    response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    assert (response.status, response.headers["retry-after"]) == (503, "5")
    assert (await response.json())["error"]["code"] == "translation_unavailable"
    assert now() == pytest.approx(0.5)
    assert azure.requests == []
    assert (await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)).status == 200


async def test_one_whose_call_takes_its_time_does_not_hang(
    alive: FakeUpstream, configuration: Configuration, client: Client, azure: FakeUpstream
) -> None:
    azure.answers(delayed(0.3, json_answer()))
    alive.answers(make_inner_call(client, then=delayed(0.3, json_answer())))
    assert (await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)).status == 200
    assert now() > configuration.timeouts.litellm_s


async def test_one_that_dies_before_it_has_called_azure_is_waited_for(
    alive: FakeUpstream, client: Client, azure: FakeUpstream
) -> None:
    alive.answers(abort, json_answer(body={"choices": []}))
    response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    assert (response.status, await response.json()) == (200, {"choices": []})
    assert azure.requests == []


async def test_one_that_dies_of_each_request_is_not_asked_for_ever(alive: FakeUpstream, client: Client) -> None:
    alive.answers(abort)
    response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    assert (response.status, (await response.json())["error"]["code"]) == (502, "translation_failed")
    assert len(alive.requests) == 3


async def test_one_that_dies_after_it_has_called_azure_is_not_asked_twice(
    alive: FakeUpstream, client: Client, azure: FakeUpstream
) -> None:
    azure.answers(json_answer())
    alive.answers(make_inner_call(client, then=abort))
    response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    assert (response.status, (await response.json())["error"]["code"]) == (502, "translation_failed")
    assert len(azure.requests) == 1


async def test_a_litellm_that_went_away_is_waited_for_like_one_that_has_not_come(
    configuration: Configuration, litellm: FakeUpstream
) -> None:
    litellm.answers(json_answer())
    async with AsyncExitStack() as stopping:
        (url,) = await stopping.enter_async_context(listening(litellm))
        async with open_gateway(replace(configuration, litellm_url=url)) as client:
            assert (await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)).status == 200
            await stopping.aclose()
            response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
            assert response.status == 503
            assert (await response.json())["error"]["code"] == "translation_unavailable"


async def test_a_request_id_is_not_accepted_as_inner_token(
    alive: FakeUpstream, client: Client, azure: FakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.answers(stream_answer('data: {"type": "response.output_text.delta", "delta": "a"}\n\n', 0.2))
    async with client.post(
        "/v1/responses", json={"model": CODEX, "input": "hi", "stream": True}, headers=BEARER
    ) as open_one:
        headers = {"api-key": INNER_KEY, "x-gateway-request": open_one.headers["x-request-id"]}
        body = {"model": CODEX, "input": "hi"}
        assert (await client.post("/openai/responses", json=body, headers=headers)).status == 401
    assert len(azure.requests) == 1
    assert alive.requests == []
    (refused,) = [line for line in read_log(capsys) if line.get("event") == "inner_request_refused"]
    assert refused["route"] == "openai/responses"
