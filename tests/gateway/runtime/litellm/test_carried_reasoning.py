"""A chat's requests with the reasoning of their turn: where it is inserted, and that no request fails for it."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest

from gateway.runtime.configuration import Configuration
from gateway.runtime.context import RequestContext, Response, Surface, now
from gateway.runtime.failover.failover import Failover
from gateway.runtime.litellm.carried_reasoning import CarriedReasoning

from ..builders import CODEX, REGIONS, build_models, build_request, build_upstream
from ..conftest import FakeUpstream, Script, hang, json_answer, listening

pytestmark = pytest.mark.anyio
Three = tuple[FakeUpstream, FakeUpstream, FakeUpstream]
OPEN_S = 0.5
PAUSE_S = 600.0
USER = {"type": "message", "role": "user", "content": "hi"}
SAYS = {"type": "message", "role": "assistant", "content": "Let me check."}
REFUSAL = {"error": {"code": "invalid_value", "param": "input", "message": "Conflicting identities"}}


def call(call_id: str) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": "read", "arguments": "{}"}


def result(call_id: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": "contents"}


def thought(content: str) -> dict[str, Any]:
    return {"type": "reasoning", "id": f"rs_{content[:8]}", "summary": [], "encrypted_content": content}


def calling(*items: dict[str, Any]) -> Script:
    return json_answer(body={"id": "resp_1", "object": "response", "output": list(items)})


TEXT = calling(SAYS)
REFUSED = json_answer(400, REFUSAL)


@dataclass(frozen=True)
class Chat:
    """The step, real failover, and three regions."""

    step: CarriedReasoning
    regions: Three
    configuration: Configuration
    events: list[dict[str, object]] = field(default_factory=list)

    async def ask(self, *items: dict[str, Any], project: str = "default", **fields: object) -> Response:
        model = self.configuration.models[CODEX]
        fields = {"model": CODEX, "input": list(items), **fields}
        request = build_request(
            fields,
            body=json.dumps(fields).encode(),
            surface=Surface.RESPONSES,
            model=replace(model, deployment="deployed"),
            project=project,
            context=RequestContext(request_id="r", route="chat/completions", started=now(), deadline=now() + 9.0),
        )
        return await self.step(request)

    def bodies(self, region: int) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.regions[region].bodies]

    def inputs(self, region: int = 0) -> list[list[str]]:
        """What a region got in each request, in short: encrypted contents, roles, call ids."""
        return [
            [str(item.get("encrypted_content") or item.get("role") or item["call_id"]) for item in body["input"]]
            for body in self.bodies(region)
        ]


@pytest.fixture
async def chat(configuration: Configuration, regions: Three) -> AsyncIterator[Chat]:
    async with listening(*regions) as urls, aiohttp.ClientSession() as session:
        upstreams = [build_upstream(region, url) for region, url in zip(REGIONS, urls, strict=True)]
        configuration = replace(configuration, models=build_models(*upstreams))
        events: list[dict[str, object]] = []
        failover = Failover(session=session, configuration=configuration, log_event=events.append)
        yield Chat(CarriedReasoning(next_step=failover, log_event=events.append), regions, configuration, events)


async def test_encrypted_reasoning_is_asked_for_and_the_rest_stays(chat: Chat) -> None:
    chat.regions[0].answers(TEXT)
    await chat.ask(USER, store=False)
    (body,) = chat.bodies(0)
    assert body == {"model": CODEX, "input": [USER], "store": False, "include": ["reasoning.encrypted_content"]}


async def test_the_next_request_has_it_before_the_call(chat: Chat) -> None:
    chat.regions[0].answers(calling(thought("sealed"), call("1"), call("2")), TEXT)
    await chat.ask(USER)
    assert (await chat.ask(USER, call("1"), call("2"), result("1"), result("2"))).status == 200
    assert chat.inputs() == [["user"], ["user", "sealed", "1", "2", "1", "2"]]
    _, body = chat.bodies(0)
    assert body["input"][1] == thought("sealed")
    assert body["model"] == "deployed"


async def test_a_response_that_azure_stores_has_the_mark_of_its_owner(chat: Chat) -> None:
    chat.regions[0].answers(calling(thought("sealed"), call("1")), TEXT)
    await chat.ask(USER)
    await chat.ask(USER, call("1"), result("1"), metadata={"a": "b"})
    await chat.ask(USER, call("1"), result("1"), store=False)
    marks = [body.get("metadata", {}).get("gateway_project") for body in chat.bodies(0)]
    assert marks[1]
    assert marks[2] is None


async def test_with_a_message_it_stands_where_azure_had_it(chat: Chat) -> None:
    chat.regions[0].answers(calling(thought("a"), SAYS, thought("b"), call("1")), TEXT)
    await chat.ask(USER)
    await chat.ask(USER, SAYS, call("1"), result("1"))
    await chat.ask(USER, call("1"), result("1"))
    assert chat.inputs()[1:] == [["user", "a", "assistant", "b", "1", "1"], ["user", "a", "b", "1", "1"]]


async def test_all_calls_of_a_turn_have_it_and_earlier_turns_have_none(chat: Chat) -> None:
    answers = (calling(thought(name), call(name.upper())) for name in "abc")
    chat.regions[0].answers(*answers, TEXT)
    for _ in range(3):
        await chat.ask(USER)
    earlier = (USER, call("A"), result("A"), SAYS)
    await chat.ask(*earlier, USER, call("B"), result("B"), USER, SAYS, call("C"), result("C"), USER)
    turn = ["user", "b", "B", "B", "user", "assistant", "c", "C", "C", "user"]
    assert chat.inputs()[-1] == ["user", "A", "A", "assistant", *turn]


async def test_only_the_newest_calls_are_looked_up(chat: Chat) -> None:
    chat.regions[0].answers(calling(thought("sealed"), call("1")), TEXT)
    await chat.ask(USER)
    for others in (255, 256):
        await chat.ask(USER, call("1"), result("1"), *[call("other"), result("other")] * others)
    assert [("sealed" in items) for items in chat.inputs()[1:]] == [True, False]


async def test_a_call_that_stands_twice_has_it_once(chat: Chat) -> None:
    chat.regions[0].answers(calling(thought("sealed"), call("1")), TEXT)
    await chat.ask(USER)
    await chat.ask(USER, *[call("1"), result("1")] * 50)
    assert chat.inputs()[-1].count("sealed") == 1


async def test_only_so_much_is_added_to_a_request_the_newest_first(chat: Chat) -> None:
    large = {"a": "a" * 600_000, "b": "b" * 600_000}
    chat.regions[0].answers(*(calling(thought(content), call(name)) for name, content in large.items()), TEXT)
    for _ in large:
        await chat.ask(USER)
    await chat.ask(USER, call("a"), result("a"), call("b"), result("b"))
    assert [content[:1] for content in chat.inputs()[-1]] == ["u", "a", "a", "b", "b", "b"]


async def test_another_project_gets_nothing_of_it(chat: Chat) -> None:
    chat.regions[0].answers(calling(thought("sealed"), call("1")), TEXT)
    await chat.ask(USER)
    await chat.ask(USER, call("1"), result("1"), project="other")
    assert chat.inputs()[-1] == ["user", "1", "1"]


async def _begin_in_second(chat: Chat) -> None:
    """Have the second region call a tool; the first one is ready again after it."""
    chat.regions[0].answers(json_answer(500), TEXT)
    chat.regions[1].answers(calling(thought("sealed"), call("1")), TEXT)
    await chat.ask(USER)
    await asyncio.sleep(OPEN_S)


async def test_the_region_that_made_it_comes_first(chat: Chat) -> None:
    await _begin_in_second(chat)
    assert (await chat.ask(USER, call("1"), result("1"))).status == 200
    assert chat.inputs(1)[-1] == ["user", "sealed", "1", "1"]
    assert len(chat.inputs(0)) == 1


@pytest.mark.parametrize("failing", [json_answer(500), json_answer(429, Retry_After="30"), hang])
async def test_when_it_fails_another_one_gets_the_request_without(chat: Chat, failing: Script) -> None:
    await _begin_in_second(chat)
    chat.regions[1].answers(failing)
    for _ in range(2):  # the second time it is left out
        assert (await chat.ask(USER, call("1"), result("1"))).status == 200
    assert len(chat.inputs(1)) == 2
    assert chat.inputs(0)[1:] == [["user", "1", "1"]] * 2
    assert all(body["include"] == ["reasoning.encrypted_content"] for body in chat.bodies(0))


async def test_reasoning_of_two_regions_is_not_mixed(chat: Chat) -> None:
    await _begin_in_second(chat)
    chat.regions[0].answers(calling(thought("newer"), call("2")), TEXT)
    chat.regions[1].answers(json_answer(500))
    await chat.ask(USER, call("1"), result("1"))
    await chat.ask(USER, call("1"), result("1"), call("2"), result("2"))
    assert chat.inputs(0)[-1] == ["user", "1", "1", "newer", "2", "2"]


async def test_what_another_region_refuses_is_not_due_to_reasoning(chat: Chat) -> None:
    await _begin_in_second(chat)
    chat.regions[1].answers(json_answer(500))
    chat.regions[0].answers(REFUSED)
    assert (await chat.ask(USER, call("1"), result("1"))).status == 400
    assert chat.inputs(0)[1:] == [["user", "1", "1"]]


@pytest.mark.parametrize("refusal", [REFUSED, json_answer(404, REFUSAL)])
async def test_when_it_is_refused_the_request_goes_without(chat: Chat, refusal: Script) -> None:
    chat.regions[0].answers(calling(thought("sealed"), call("1")), refusal, TEXT)
    await chat.ask(USER)
    for _ in range(2):
        assert (await chat.ask(USER, call("1"), result("1"))).status == 200
    assert chat.inputs()[1:] == [["user", "sealed", "1", "1"], ["user", "1", "1"], ["user", "1", "1"]]
    assert all("include" in body for body in chat.bodies(0))


async def test_so_it_does_where_there_is_one_region(chat: Chat) -> None:
    model = chat.configuration.models[CODEX]
    alone = replace(chat.configuration, models={CODEX: replace(model, upstreams=model.upstreams[:1])})
    async with aiohttp.ClientSession() as session:
        failover = Failover(session=session, configuration=alone, log_event=chat.events.append)
        chat = replace(chat, step=CarriedReasoning(next_step=failover, log_event=chat.events.append))
        chat.regions[0].answers(calling(thought("sealed"), call("1")), json_answer(500), REFUSED, TEXT)
        await chat.ask(USER)
        assert (await chat.ask(USER, call("1"), result("1"))).status == 200
    assert chat.inputs()[1:] == [["user", "sealed", "1", "1"]] * 2 + [["user", "1", "1"]]


async def test_a_request_that_is_refused_anyway_is_the_clients_mistake(chat: Chat) -> None:
    chat.regions[0].answers(calling(thought("sealed"), call("1")), REFUSED, REFUSED, TEXT)
    await chat.ask(USER)
    refused = await chat.ask(USER, call("1"), result("1"))
    assert isinstance(refused.body, bytes)
    assert (refused.status, json.loads(refused.body)) == (400, REFUSAL)
    await chat.ask(USER, call("1"), result("1"))
    assert chat.inputs()[-1] == ["user", "sealed", "1", "1"]


async def test_a_refusal_without_reasoning_is_not_repeated(chat: Chat) -> None:
    chat.regions[0].answers(REFUSED)
    assert (await chat.ask(USER)).status == 400
    assert len(chat.inputs()) == 1


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Encrypted content is not supported with this model.", "param": None},
        {"message": "Unsupported parameter.", "param": "include"},
    ],
)
async def test_a_model_without_encrypted_reasoning_is_not_asked_again(chat: Chat, error: dict[str, object]) -> None:
    chat.regions[0].answers(json_answer(400, {"error": error}), TEXT)
    for _ in range(2):
        assert (await chat.ask(USER)).status == 200
    assert ["include" in body for body in chat.bodies(0)] == [True, False, False]
    assert chat.events[-1] == {"event": "reasoning_paused", "project": "default", "model": CODEX, "seconds": PAUSE_S}
    await chat.ask(USER, project="other")
    await asyncio.sleep(PAUSE_S)
    await chat.ask(USER)
    assert ["include" in body for body in chat.bodies(0)[3:]] == [True, True]


async def test_an_azure_that_always_refuses_reasoning_is_left_alone(chat: Chat) -> None:
    step = (calling(thought("sealed"), call("1")), REFUSED, TEXT)
    chat.regions[0].answers(*step * 3, TEXT)
    for _ in range(3):
        await chat.ask(USER)
        await chat.ask(USER, call("1"), result("1"))
    assert [event["event"] for event in chat.events] == ["reasoning_paused"]
    before = len(chat.inputs())
    await chat.ask(USER)
    assert "include" not in chat.bodies(0)[before]


async def test_one_that_accepts_it_again_is_not(chat: Chat) -> None:
    ask, refuse, accept = calling(thought("sealed"), call("1")), (REFUSED, TEXT), (TEXT,)
    chat.regions[0].answers(ask, *refuse, ask, *refuse, ask, *accept, ask, *refuse, TEXT)
    for _ in range(4):
        await chat.ask(USER)
        assert (await chat.ask(USER, call("1"), result("1"))).status == 200
    assert chat.events == []
