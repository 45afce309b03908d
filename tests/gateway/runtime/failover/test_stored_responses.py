"""Stored responses: found in their region, by the project that made them alone."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from gateway.runtime.configuration import Configuration, Project

from ..builders import CODEX, REGIONS, TRANSLATED, build_models, build_upstream
from ..conftest import (
    BEARER,
    OTHER_KEY,
    Client,
    FakeUpstream,
    Script,
    abort,
    json_answer,
    listening,
    open_gateway,
    open_gateway_for,
    read_log,
    stream_answer,
)

pytestmark = pytest.mark.anyio
Three = tuple[FakeUpstream, FakeUpstream, FakeUpstream]
ID = "resp_1"
OTHERS = {"authorization": f"Bearer {OTHER_KEY}"}
UNKNOWN = json_answer(404, {"error": {"message": "Response with id 'resp_1' not found.", "code": None}})
OPERATIONS = [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")]
MARKED = {
    "id": ID,
    "object": "response",
    "metadata": {"gateway_project": Project(name="default", keys=(), models=frozenset()).mark},
}
NOT_FOUND = {
    "error": {
        "message": "Response with id 'resp_1' not found.",
        "type": "invalid_request_error",
        "param": "id",
        "code": None,
    }
}


@pytest.fixture
def configuration(configuration: Configuration) -> Configuration:
    """Both projects may use all models; the first one's tokens are limited."""
    first, second = configuration.projects
    limited = replace(first, tokens_per_minute=1000)
    return replace(configuration, projects=(limited, replace(second, models=first.models)))


@pytest.fixture
def client(client_of_regions: Client) -> Client:
    """All tests here have three regions."""
    return client_of_regions


class Region:
    """A region that stores responses; the answers name what was asked."""

    def __init__(self, *stored: dict[str, Any]) -> None:
        self.stored = {response["id"]: response for response in stored}

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/openai/responses").strip("/")
        if path in ("", "compact", "input_tokens"):
            return web.json_response({**json.loads(await request.read()), "id": ID, "object": "response"})
        response = self.stored.get(path.partition("/")[0])
        if response is None:
            return await UNKNOWN(request)
        if request.method == "DELETE":
            del self.stored[response["id"]]
        return web.json_response({**response, "asked": f"{request.method} {path}"})


def asked(regions: Three) -> list[list[str]]:
    return [
        [f"{request.method} {request.path.removeprefix('/openai/responses')}" for request in region.requests]
        for region in regions
    ]


@pytest.fixture
def in_second(regions: Three) -> Three:
    """The second region has a response of the first project."""
    for region, stored in zip(regions, ([], [MARKED], []), strict=True):
        region.answers(Region(*stored))
    return regions


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("prefix", ["", "/v1", "/openai", "/openai/v1"])
async def test_its_region_is_found_and_remembered(
    client: Client, in_second: Three, prefix: str, method: str, path: str
) -> None:
    response = await client.request(method, f"{prefix}/responses/{ID}{path}", headers=BEARER)
    assert (response.status, (await response.json())["asked"]) == (200, f"{method} {ID}{path}")
    found = [f"GET /{ID}"]
    assert asked(in_second) == [found, [*found, f"{method} /{ID}{path}"], []]
    await client.request(method, f"/v1/responses/{ID}{path}", headers=BEARER)
    assert asked(in_second) == [found, [*found, *[f"{method} /{ID}{path}"] * 2], []]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_one_of_another_project_is_unknown_like_one_that_is_nowhere(
    client: Client, in_second: Three, method: str, path: str
) -> None:
    """Also in the number of questions, as their time would tell; and to a replica that knows whose it is."""
    await client.get(f"/v1/responses/{ID}", headers=BEARER)
    before = asked(in_second)
    response = await client.request(method, f"/v1/responses/{ID}{path}", headers=OTHERS)
    assert (response.status, await response.json()) == (404, NOT_FOUND)
    foreign = asked(in_second)
    assert [new[len(old) :] for new, old in zip(foreign, before, strict=True)] == [[f"GET /{ID}"]] * 3
    unknown = await client.request(method, f"/v1/responses/resp_2{path}", headers=OTHERS)
    assert (unknown.status, await unknown.text()) == (404, json.dumps(NOT_FOUND).replace(ID, "resp_2"))
    assert dict(unknown.headers).keys() == dict(response.headers).keys()


@pytest.mark.parametrize("metadata", [{}, None, {"gateway_project": ""}, {"gateway_project": None}, "x"])
async def test_one_without_an_owner_is_nobodys(client: Client, regions: Three, metadata: object) -> None:
    for region in regions:
        region.answers(Region(MARKED | {"metadata": metadata}))
    assert (await client.get(f"/v1/responses/{ID}", headers=BEARER)).status == 404


@pytest.mark.usefixtures("in_second")
async def test_what_the_client_sees_has_no_mark(client: Client) -> None:
    response = await client.get(f"/v1/responses/{ID}", headers=BEARER)
    assert (await response.json())["metadata"] == {}


async def test_a_project_without_a_responses_model_has_none(
    configuration: Configuration, in_second: Three, litellm: FakeUpstream
) -> None:
    first, second = configuration.projects
    without = replace(configuration, projects=(first, replace(second, models=frozenset())))
    async with open_gateway_for(without, in_second, litellm) as client:
        assert (await client.get(f"/v1/responses/{ID}", headers=OTHERS)).status == 404
    assert asked(in_second) == [[], [], []]


@pytest.mark.usefixtures("in_second")
async def test_a_deleted_one_is_unknown(client: Client) -> None:
    assert (await client.delete(f"/v1/responses/{ID}", headers=BEARER)).status == 200
    gone = await client.get(f"/v1/responses/{ID}", headers=BEARER)
    assert (gone.status, await gone.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize("failing", [json_answer(500), json_answer(401), json_answer(429, Retry_After="30"), abort])
async def test_when_a_region_that_may_have_it_fails_the_error_says_so(
    client: Client,
    in_second: Three,
    failing: Script,
    capsys: pytest.CaptureFixture[str],
) -> None:
    in_second[1].answers(failing)
    response = await client.get(f"/v1/responses/{ID}", headers=BEARER)
    assert (response.status, (await response.json())["error"]["code"]) == (503, "conversation_unavailable")
    assert not [event for event in read_log(capsys) if event.get("event", "").startswith("breaker")]


async def test_a_region_that_failed_is_asked_last(client: Client, in_second: Three) -> None:
    in_second[0].answers(json_answer(500))
    in_second[1].answers(Region(MARKED))
    in_second[2].answers(Region(MARKED | {"id": "resp_3"}))
    await client.post("/v1/responses", json={"model": CODEX, "input": "hi"}, headers=BEARER)
    await client.get("/v1/responses/resp_3", headers=BEARER)
    assert asked(in_second)[0] == ["POST "]


async def test_a_region_that_asked_for_a_pause_may_have_it_and_is_not_asked(client: Client, in_second: Three) -> None:
    in_second[0].answers(json_answer(429, Retry_After="30"))
    await client.post("/v1/responses", json={"model": CODEX, "input": "hi"}, headers=BEARER)
    assert (await client.get(f"/v1/responses/{ID}", headers=BEARER)).status == 200
    assert (await client.get("/v1/responses/resp_2", headers=BEARER)).status == 503
    assert asked(in_second)[0] == ["POST "]


async def test_only_regions_of_the_projects_models_are_asked(configuration: Configuration, in_second: Three) -> None:
    async with listening(*in_second) as urls:
        upstreams = [build_upstream(region, url) for region, url in zip(REGIONS, urls, strict=True)]
        models = build_models(*upstreams[1:])
        models[TRANSLATED] = replace(models[TRANSLATED], upstreams=(upstreams[0],))
        first, second = configuration.projects
        second = replace(second, models=frozenset({CODEX}))
        only_codex = replace(configuration, models=models, projects=(first, second))
        async with open_gateway(only_codex) as client:
            assert (await client.get(f"/v1/responses/{ID}", headers=OTHERS)).status == 404
    assert asked(in_second) == [[], [f"GET /{ID}"], [f"GET /{ID}"]]


async def test_a_known_region_gets_a_second_chance(client: Client, in_second: Three) -> None:
    in_second[1].answers(Region(MARKED), json_answer(500), json_answer(502), Region(MARKED))
    assert (await client.get(f"/v1/responses/{ID}", headers=BEARER)).status == 200


async def test_the_query_is_passed_but_for_azures_version(client: Client, in_second: Three) -> None:
    query = "include[]=message.input_image.image_url&include[]=reasoning.encrypted_content&order=asc&limit=7"
    url = f"/openai/responses/{ID}/input_items?{query}&api-version=2099-01-01"
    assert (await client.get(url, headers=BEARER)).status == 200
    sent = in_second[1].requests[-1].query
    assert sorted(sent.items()) == [
        ("api-version", "2025-04-01-preview"),
        ("include[]", "message.input_image.image_url"),
        ("include[]", "reasoning.encrypted_content"),
        ("limit", "7"),
        ("order", "asc"),
    ]


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "?x=1"),
        ("GET", "?stream=yes"),
        ("GET", "?stream=true&stream=false"),
        ("GET", "?starting_after=-1"),
        ("GET", "?limit=1"),
        ("GET", "?include=a%26b"),
        ("GET", "/input_items?limit=0"),
        ("GET", "/input_items?limit=101"),
        ("GET", "/input_items?order=up"),
        ("GET", "/input_items?stream=true"),
        ("DELETE", "?include=x"),
        ("POST", "/cancel?x"),
    ],
)
async def test_another_query_is_refused(client: Client, in_second: Three, method: str, target: str) -> None:
    response = await client.request(method, f"/v1/responses/{ID}{target}", headers=BEARER)
    error = (await response.json())["error"]
    assert response.status == 400
    assert error["param"] in {"x", "stream", "starting_after", "limit", "include", "order"}
    assert asked(in_second) == [[], [], []]


QUEUED = MARKED | {"background": True, "status": "queued", "usage": None}
USAGE = {"input_tokens": 300, "output_tokens": 100}
DONE = QUEUED | {"status": "completed", "usage": USAGE}


def event(kind: str, number: int, response: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': number, 'response': response})}\n\n"


async def test_a_stream_goes_on_where_it_was_left_without_the_mark(client: Client, in_second: Three) -> None:
    stream = stream_answer(event("response.in_progress", 8, QUEUED), 0.1, event("response.completed", 9, DONE))
    in_second[1].answers(Region(MARKED), stream)
    response = await client.get(f"/v1/responses/{ID}?stream=true&starting_after=7", headers=BEARER)
    text = await response.text()
    assert in_second[1].requests[-1].query_string == "api-version=2025-04-01-preview&stream=true&starting_after=7"
    assert text.count("event: ") == 2
    assert "gateway_project" not in text


async def test_a_stream_that_is_silent_at_first_begins_at_once(client: Client, in_second: Three) -> None:
    """The longest time until a first event is for failover, and no other region has the response."""
    in_second[1].answers(Region(MARKED), stream_answer(0.4, event("response.completed", 9, DONE)))
    response = await client.get(f"/v1/responses/{ID}?stream=true", headers=BEARER)
    assert asyncio.get_running_loop().time() < 0.3
    assert "response.completed" in await response.text()


async def test_an_error_that_a_stream_begins_with_is_passed_on(client: Client, in_second: Three) -> None:
    error = {"type": "error", "sequence_number": 0, "error": {"code": "server_error", "message": "m"}}
    in_second[1].answers(Region(MARKED), stream_answer(f"data: {json.dumps(error)}\n\n"))
    response = await client.get(f"/v1/responses/{ID}?stream=true", headers=BEARER)
    assert (response.status, await response.text()) == (200, f"data: {json.dumps(error)}\n\n")


async def test_a_stream_that_is_read_again_costs_no_tokens(client: Client, in_second: Three) -> None:
    in_second[1].answers(Region(MARKED), stream_answer(event("response.completed", 9, DONE)), Region(MARKED))
    await (await client.get(f"/v1/responses/{ID}?stream=true", headers=BEARER)).read()
    response = await client.get(f"/v1/responses/{ID}", headers=BEARER)
    assert response.headers["x-ratelimit-remaining-tokens"] == "1000"


async def test_head_of_a_stream_has_no_body(client: Client, in_second: Three) -> None:
    in_second[1].answers(Region(MARKED), stream_answer(event("response.completed", 9, DONE)))
    response = await client.head(f"/v1/responses/{ID}?stream=true", headers=BEARER)
    assert (response.status, await response.read()) == (200, b"")
    assert (await client.get("/v1/models", headers=BEARER)).status == 200  # on the same connection


async def test_usage_in_the_background_counts_once(
    client: Client, in_second: Three, capsys: pytest.CaptureFixture[str]
) -> None:
    in_second[0].answers(json_answer(body=QUEUED), json_answer(body=QUEUED), json_answer(body=DONE))
    await client.post("/v1/responses", json={"model": CODEX, "input": "x" * 800, "background": True}, headers=BEARER)
    left = []
    for _ in range(4):
        response = await client.get(f"/v1/responses/{ID}", headers=BEARER)
        left.append(1000 - int(response.headers["x-ratelimit-remaining-tokens"]))
    logged = read_log(capsys)
    assert [line["tokens"] and line["tokens"]["output"] for line in logged] == [None, None, 100, None, None]
    assert [line["model"] for line in logged] == [CODEX, None, CODEX, None, None]
    assert logged[2]["deployment"] == logged[0]["deployment"]
    assert left[2:] == [left[0] + 400, left[0] + 400]


async def test_a_stream_in_the_background_begins_with_its_id(client: Client, in_second: Three) -> None:
    """Another region would do, and bill, the same work again."""
    created = event("response.queued", 0, QUEUED)
    in_second[0].answers(stream_answer(created, 0.4, 0.4, event("response.completed", 9, DONE)))
    body = {"model": CODEX, "input": "hi", "background": True, "stream": True}
    response = await client.post("/v1/responses", json=body, headers=BEARER)
    assert "queued" in (await response.content.readuntil(b"\n\n")).decode()
    assert asked(in_second) == [["POST "], [], []]


CONTINUED = {"model": CODEX, "input": "hi", "previous_response_id": ID}
CONTINUING = ["/v1/responses", "/v1/responses/compact", "/v1/responses/input_tokens"]


@pytest.mark.parametrize("path", CONTINUING)
async def test_one_is_continued_in_its_region(client: Client, in_second: Three, path: str) -> None:
    for _ in range(2):
        response = await client.post(path, json=CONTINUED, headers=BEARER)
        assert response.status == 200
    first, second, third = asked(in_second)
    assert (first, third) == ([f"GET /{ID}"], [])
    assert len(second) == 3


@pytest.mark.parametrize("path", CONTINUING)
async def test_one_of_another_project_cannot_be_continued(client: Client, in_second: Three, path: str) -> None:
    await client.get(f"/v1/responses/{ID}", headers=BEARER)
    sealed = {"type": "reasoning", "summary": [], "encrypted_content": "x"}
    body = CONTINUED | {"input": [sealed]}
    errors = []
    for previous in (ID, "resp_2", "", "../files", "resp_1?x", f"{ID} ", ID.upper()):
        response = await client.post(path, json=body | {"previous_response_id": previous}, headers=OTHERS)
        errors.append((response.status, (await response.json())["error"]))
    assert {(status, error["code"], error["param"]) for status, error in errors} == {
        (400, "previous_response_not_found", "previous_response_id")
    }
    assert errors[0][1]["message"] == errors[1][1]["message"].replace("resp_2", ID)
    assert not any("POST" in line for region in asked(in_second) for line in region)


async def test_a_single_region_is_asked_for_the_owner_too(
    configuration: Configuration, in_second: Three, litellm: FakeUpstream
) -> None:
    async with open_gateway_for(configuration, in_second[1:2], litellm) as client:
        assert (await client.post("/v1/responses", json=CONTINUED, headers=OTHERS)).status == 400
        assert (await client.post("/v1/responses", json=CONTINUED, headers=BEARER)).status == 200


async def test_known_reasoning_does_not_open_a_response_of_another_project(client: Client, in_second: Three) -> None:
    item = {"type": "reasoning", "summary": [], "encrypted_content": "of the second project"}
    in_second[1].answers(json_answer(body={"id": "resp_5", "output": [item]}), Region(MARKED))
    in_second[0].answers(json_answer(500), Region())
    await client.post("/v1/responses", json={"model": CODEX, "input": "hi"}, headers=OTHERS)
    body = CONTINUED | {"input": [item]}
    assert (await client.post("/v1/responses", json=body, headers=OTHERS)).status == 400


async def test_an_item_that_quotes_its_id_does_not_open_a_response_of_another_project(
    client: Client, in_second: Three
) -> None:
    in_second[0].answers(json_answer(500), Region())
    in_second[1].answers(json_answer(body={"id": "resp_5"}), Region(MARKED))
    item = {"type": "web_search_call", "encrypted_content": ID}
    await client.post("/v1/responses", json={"model": CODEX, "input": [item]}, headers=OTHERS)
    assert (await client.get(f"/v1/responses/{ID}", headers=OTHERS)).status == 404
    assert (await client.post("/v1/responses", json=CONTINUED, headers=OTHERS)).status == 400


async def test_what_was_just_made_is_known_without_a_question(client: Client, in_second: Three) -> None:
    await client.post("/v1/responses", json={"model": CODEX, "input": "hi"}, headers=BEARER)
    await client.post("/v1/responses", json=CONTINUED, headers=BEARER)
    assert asked(in_second) == [["POST ", "POST "], [], []]


@pytest.mark.parametrize("failing", [0, 2])
async def test_one_that_may_be_in_a_failing_region_is_unavailable(
    client: Client, in_second: Three, failing: int
) -> None:
    in_second[failing].answers(json_answer(500))
    response = await client.post("/v1/responses", json=CONTINUED | {"previous_response_id": "resp_2"}, headers=BEARER)
    assert (response.status, (await response.json())["error"]["code"]) == (503, "conversation_unavailable")
