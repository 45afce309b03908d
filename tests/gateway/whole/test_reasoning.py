"""Reasoning in chat completions on a codex model: its summary, and what the calls of a turn keep of it."""

from dataclasses import replace
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from .azure_regions import AzureRegions, EmulatorControl
from .conftest import Client
from .surfaces import CODEX, PARAMETERS

pytestmark = pytest.mark.litellm

TOOL: Any = {"type": "function", "function": {"name": "read", "parameters": PARAMETERS, "strict": True}}
SUMMARY = "**Thinking** about it"
DETAILED = f"{SUMMARY}\n\n**Deciding** what to do"
SUMMARIZED = "codex-chat-streamed"
"""Its settings ask for a detailed summary."""
whole_and_streamed = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


def _chat(client: Client, messages: list[Any], *, streamed: bool, **fields: Any) -> ChatCompletion:  # noqa: ANN401
    fields = {"model": CODEX, "messages": messages, **fields}
    if not streamed:
        answer = client.sdk.chat.completions.create(**fields)
        assert isinstance(answer, ChatCompletion)
        return answer
    with client.sdk.chat.completions.stream(**fields) as stream:
        return stream.get_final_completion()


def _turn(client: Client, prompt: str = "use tool, two calls, also say why", **options: Any) -> list[Any]:  # noqa: ANN401
    """The messages of a chat up to the results of its tools."""
    messages: list[Any] = [{"role": "user", "content": prompt}]
    message = _chat(client, messages, tools=[TOOL], **options).choices[0].message
    calls: Any = message.to_dict()["tool_calls"]
    answer = {"role": "assistant", "content": message.content, "tool_calls": calls}
    for call in calls:
        call["function"].pop("parsed_arguments", None)
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "contents"} for call in calls]
    return [*messages, answer, *results]


def _kinds(request: dict[str, Any]) -> list[str]:
    return [item.get("role") or item["type"] for item in request["body"]["input"]]


def _has_reasoning(request: dict[str, Any]) -> bool:
    return "reasoning" in _kinds(request)


@whole_and_streamed
def test_the_reasoning_of_a_turn_returns_with_the_results_of_its_tools(
    client: Client,
    first: EmulatorControl,
    streamed: bool,  # noqa: FBT001
) -> None:
    messages = _turn(client, streamed=streamed)
    assert _chat(client, messages, streamed=streamed, tools=[TOOL]).choices[0].finish_reason == "stop"
    begin, then = first.requests()
    assert begin["body"]["include"] == ["reasoning.encrypted_content"]
    assert begin["body"]["store"] is False
    assert _kinds(begin) == ["user"]
    assert _kinds(then) == ["user", "reasoning", "assistant", *["function_call"] * 2, *["function_call_output"] * 2]
    assert client.line()["attempts"][0]["status"] == 200


def test_without_a_message_it_stands_right_before_the_call(client: Client, first: EmulatorControl) -> None:
    _chat(client, _turn(client, "use tool", streamed=True), streamed=True, tools=[TOOL])
    assert _kinds(first.requests()[1]) == ["user", "reasoning", "function_call", "function_call_output"]


def test_the_next_turn_has_none_of_it(client: Client, first: EmulatorControl) -> None:
    messages = [*_turn(client, streamed=False), {"role": "assistant", "content": "Done."}]
    _chat(client, [*messages, {"role": "user", "content": "echo: hi"}], streamed=False, tools=[TOOL])
    assert not _has_reasoning(first.requests()[1])


def _turn_in(region: str, azure: AzureRegions, client: Client) -> list[Any]:
    """Have this region call the tools."""
    for earlier in list(azure.regions)[: list(azure.regions).index(region)]:
        azure.fail(earlier, "500")
    messages = _turn(client, streamed=True)
    assert client.line()["region"] == region
    azure.clear()
    return messages


@whole_and_streamed
def test_a_turn_stays_on_the_region_that_reasoned(
    azure: AzureRegions,
    client: Client,
    streamed: bool,  # noqa: FBT001
) -> None:
    _chat(client, _turn_in("second", azure, client), streamed=streamed, tools=[TOOL])
    (request,) = azure.requests()
    assert (request["region"], _has_reasoning(request)) == ("second", True)


@pytest.mark.parametrize("fault", ["500", "hang_before_headers", "refused", "cut_mid_stream"])
@whole_and_streamed
def test_when_that_region_fails_another_one_answers_without(
    azure: AzureRegions,
    client: Client,
    streamed: bool,  # noqa: FBT001
    fault: str,
) -> None:
    messages = _turn_in("second", azure, client)
    azure.fail("second", fault, **({"after_events": 0} if fault == "cut_mid_stream" else {}))
    assert _chat(client, messages, streamed=streamed, tools=[TOOL]).choices[0].finish_reason == "stop"
    assert client.line()["region"] == "first"
    assert not _has_reasoning(azure.requests()[-1])


def test_a_call_that_nobody_knows_is_answered_without(client: Client, first: EmulatorControl) -> None:
    """As after a restart, or in another replica."""
    user, answer, *results = _turn(client, streamed=False)
    for call, result in zip(answer["tool_calls"], results, strict=True):
        call["id"] = result["tool_call_id"] = f"{call['id']}_of_another_replica"
    _chat(client, [user, answer, *results], streamed=False, tools=[TOOL])
    assert not _has_reasoning(first.requests()[1])


def test_another_project_gets_nothing_of_it(client: Client, azure: AzureRegions, first: EmulatorControl) -> None:
    messages = _turn(client, streamed=False)
    sdk = client.sdk.with_options(api_key=azure.session.keys["other"][0])
    _chat(replace(client, sdk=sdk), messages, streamed=False, tools=[TOOL])
    assert not _has_reasoning(first.requests()[1])


@whole_and_streamed
@pytest.mark.parametrize(
    ("model", "fields", "summary"),
    [
        (CODEX, {}, None),
        (CODEX, {"reasoning_effort": "high"}, None),
        (CODEX, {"extra_body": {"reasoning": {"summary": "auto"}}}, SUMMARY),
        (SUMMARIZED, {}, DETAILED),
        (SUMMARIZED, {"extra_body": {"reasoning": {"summary": "concise"}}}, SUMMARY),
    ],
)
def test_a_summary_is_returned_where_the_request_or_the_settings_ask_for_it(
    client: Client,
    streamed: bool,  # noqa: FBT001
    model: str,
    fields: dict[str, Any],
    summary: str | None,
) -> None:
    answer: Any = client.sdk.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "echo: hi"}], stream=streamed, **fields
    )
    parts = [chunk.choices[0].delta for chunk in answer] if streamed else [answer.choices[0].message]
    assert "".join(part.content or "" for part in parts) == "hi"
    assert "".join(part.model_extra.get("reasoning_content") or "" for part in parts) == (summary or "")


def test_it_is_of_no_use_to_a_client_that_returns_it(client: Client, first: EmulatorControl) -> None:
    history = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "a", "reasoning_content": SUMMARY}]
    _chat(client, [*history, {"role": "user", "content": "echo: hi"}], streamed=False)
    assert _kinds(first.requests()[0]) == ["user", "assistant", "user"]
