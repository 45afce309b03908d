"""Where LiteLLM's requests and answers deviate from OpenAI's, by version, and that the gateway fixes each deviation.

A fix can be removed when no LiteLLM in `local/image` needs it any more.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai.types.chat import ChatCompletionFunctionToolParam
from openai.types.responses import FunctionToolParam

from local.runner.emulators import emulate
from local.runner.image import find_image
from local.runner.ports import HOST, free_port
from local.runner.processes import start
from local.runner.readiness import wait_until_ready
from local.runner.stack import read_stack
from settings.image import version_of

from .azure_regions import AzureRegions, EmulatorControl
from .conftest import Client
from .surfaces import CODEX, PARAMETERS, TRANSLATED_CHAT, TRANSLATED_CODEX, UNKNOWN_TO_LITELLM

pytestmark = pytest.mark.litellm

DOCUMENT = Path(__file__).parents[3] / "docs/upgrade.md"
TOOL: ChatCompletionFunctionToolParam = {"type": "function", "function": {"name": "read", "parameters": PARAMETERS}}
FLAT_TOOL: FunctionToolParam = {"type": "function", "name": "read", "parameters": PARAMETERS, "strict": True}
TWO_CALLS = "use tool, two calls, also say something"
CUSTOM = {"type": "custom", "custom": {"name": "shell"}}
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [TOOL]}}
SCHEMA = {"name": "n", "description": "a form", "schema": {"type": "object"}}
_END = "data: [DONE]\n\n"
BODY = {"model": CODEX, "messages": [{"role": "user", "content": "hi"}]}
TUNED = BODY | {"verbosity": "low", "safety_identifier": "s", "service_tier": "flex"}
# Open Responses requires these in every response, null or not.
NULLABLE = ("completed_at", "error", "incomplete_details", "instructions", "previous_response_id", "usage")


@dataclass(frozen=True)
class RawClient:
    """Sends requests and returns the JSON of the answers as it came, or what Azure `received` last."""

    http: httpx.Client
    received: Callable[[], dict[str, Any]]
    summary: dict[str, object]
    """What asks for a detailed summary of the reasoning."""

    def sent(self, **fields: object) -> dict[str, Any]:
        body = {"model": CODEX, "messages": [{"role": "user", "content": "hi"}], **fields}
        self.http.post("/v1/chat/completions", json=body)
        return self.received()

    def chat(self, prompt: str, **fields: object) -> Any:  # noqa: ANN401 - it is JSON
        body = {"model": CODEX, "messages": [{"role": "user", "content": prompt}], **fields}
        return self.http.post("/v1/chat/completions", json=body).raise_for_status().json()

    def chat_text(self, prompt: str, **fields: object) -> str:
        body = {"model": CODEX, "messages": [{"role": "user", "content": prompt}], "stream": True, **fields}
        return self.http.post("/v1/chat/completions", json=body).raise_for_status().text

    def chat_events(self, prompt: str, **fields: object) -> list[dict[str, Any]]:
        text = self.chat_text(prompt, **fields)
        assert text.endswith(_END)
        return _data(text)

    def respond(self, prompt: str, **fields: object) -> Any:  # noqa: ANN401 - it is JSON
        body = {"model": TRANSLATED_CODEX, "input": prompt, **fields}
        return self.http.post("/v1/responses", json=body).raise_for_status().json()

    def response_text(self, prompt: str, **fields: object) -> str:
        body = {"model": TRANSLATED_CODEX, "input": prompt, "stream": True, **fields}
        return self.http.post("/v1/responses", json=body).raise_for_status().text

    def response_events(self, prompt: str, **fields: object) -> list[dict[str, Any]]:
        return _data(self.response_text(prompt, **fields))


def _data(text: str) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def _two_calls(raw: RawClient) -> Any:  # noqa: ANN401 - it is JSON
    return raw.chat(TWO_CALLS, tools=[TOOL])


def _calls(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [call for choice in answer["choices"] for call in choice["message"].get("tool_calls") or ()]


def _usage_event(raw: RawClient) -> dict[str, Any]:
    events = raw.chat_events("echo: hi", stream_options={"include_usage": True})
    (event,) = [event for event in events if event.get("usage")]
    return event


def _usage(raw: RawClient) -> dict[str, Any]:
    usage: dict[str, Any] = _usage_event(raw)["usage"]
    return usage


def _with_reasoning(raw: RawClient) -> list[dict[str, Any]]:
    return raw.chat_events("echo: hi", reasoning_effort="high")


def _choices(raw: RawClient) -> list[dict[str, Any]]:
    return [choice for event in raw.chat_events("echo: hi") for choice in event["choices"]]


def _refuses(raw: RawClient) -> bool:
    (choice,) = raw.chat("please refuse")["choices"]
    deltas = [choice["delta"] for event in raw.chat_events("please refuse") for choice in event["choices"]]
    streamed = "".join(delta.get("refusal") or "" for delta in deltas)
    has_text = choice["message"]["content"] or any(delta.get("content") for delta in deltas)
    return choice["message"].get("refusal") == streamed == "I cannot help with that." and not has_text


def _summaries(raw: RawClient) -> set[str]:
    """Of a whole answer and of a streamed one."""
    message = raw.chat("echo: hi", **raw.summary)["choices"][0]["message"]
    events = raw.chat_events("echo: hi", **raw.summary)
    deltas = [choice["delta"] for event in events for choice in event["choices"]]
    return {message["reasoning_content"], "".join(delta.get("reasoning_content") or "" for delta in deltas)}


def _says_nothing(raw: RawClient) -> bool:
    body = BODY | {"messages": [{"role": "user", "content": "say nothing"}]}
    return raw.http.post("/v1/chat/completions", json=body).is_success


def _repeats(raw: RawClient) -> bool:
    """One event at a time: deltas that wait for LiteLLM are merged."""
    return raw.chat_text("pace 100 echo: " + "abcd " * 250).endswith(_END)


def _arguments(raw: RawClient, prompt: str) -> str:
    events = _data(raw.chat_text(f"use tool, {prompt}", tools=[TOOL]))
    deltas = [choice["delta"] for event in events for choice in event.get("choices", ())]
    calls = [call for delta in deltas for call in delta.get("tool_calls") or ()]
    return "".join(call["function"].get("arguments") or "" for call in calls)


def _indexes(raw: RawClient) -> set[int]:
    events = raw.chat_events("echo: hi", **raw.summary)
    return {choice["index"] for event in events for choice in event["choices"]}


def _responses(raw: RawClient) -> list[dict[str, Any]]:
    return [event["response"] for event in raw.response_events("echo: hi") if "response" in event]


def _texts_in_order(raw: RawClient) -> bool:
    roles = {"One.": "system", "Two.": "user", "Three.": "developer", "Four.": "system"}
    parts = [{"type": "text", "text": "Zero."}]
    messages = [{"role": role, "content": content} for content, role in roles.items()]
    sent = raw.sent(messages=[{"role": "system", "content": parts}, *messages])
    text = json.dumps([sent.get("instructions"), sent["input"]])
    places = [text.find(word) for word in ("Zero.", *roles)]
    return -1 not in places and places == sorted(places)


def _assistant(**fields: object) -> list[dict[str, object]]:
    return [{"role": "user", "content": "hi"}, {"role": "assistant", **fields}, {"role": "user", "content": "hi"}]


@dataclass(frozen=True)
class Deviation:
    """A deviation by its name in docs/upgrade.md. `fixed_in`: the first version of LiteLLM without it."""

    name: str
    occurs: Callable[[RawClient], bool]
    fixed_in: str | None = None


DEVIATIONS = [
    Deviation("Text and calls come as two choices", lambda it: len(_two_calls(it)["choices"]) == 2, fixed_in="1.106.2"),
    Deviation(
        "Every call of a whole answer has `index` 0",
        lambda it: {c["index"] for c in _calls(_two_calls(it))} == {0},
        fixed_in="1.108.7",
    ),
    Deviation("A stream's usage comes with a choice", lambda it: _usage_event(it)["choices"] != []),
    Deviation("Unfinished choices have no `finish_reason`", lambda it: "finish_reason" not in _choices(it)[0]),
    Deviation("A refusal of a Responses model is an empty text", lambda it: not _refuses(it)),
    Deviation(
        "The parts of a summary are not separated", lambda it: any("\n\n**" not in text for text in _summaries(it))
    ),
    Deviation("The parts of a summary are choices of their own", lambda it: _indexes(it) != {0}),
    Deviation("An answer without content is an error", lambda it: not _says_nothing(it)),
    Deviation("An answer that repeats itself is broken off", lambda it: not _repeats(it)),
    Deviation("An empty delta of arguments is an error", lambda it: not _arguments(it, "empty delta")),
    Deviation("Arguments without deltas are lost", lambda it: not _arguments(it, "arguments at once")),
    Deviation("Cached tokens are not where Roo reads them", lambda it: "cache_read_input_tokens" not in _usage(it)),
    Deviation("A stream's usage has a guessed `cost`", lambda it: "cost" in _usage(it)),
    Deviation(
        "Fields are put aside in a stream", lambda it: "provider_specific_fields" in json.dumps(_with_reasoning(it))
    ),
    Deviation(
        "Reasoning items stand in a stream's delta", lambda it: "reasoning_items" in json.dumps(_with_reasoning(it))
    ),
    Deviation(
        "`refusal` of a chat model is put aside",
        lambda it: "refusal" not in it.chat("echo: hi", model=TRANSLATED_CHAT)["choices"][0]["message"],
        fixed_in="1.108.7",
    ),
    Deviation("A response's id is LiteLLM's own", lambda it: len(it.respond("echo: hi")["id"]) > 200),
    Deviation(
        "Streamed responses leave out what is null",
        lambda it: any(name not in response for response in _responses(it) for name in NULLABLE),
    ),
    Deviation(
        "Streamed responses tell the deployment's name",
        lambda it: {response["model"] for response in _responses(it)} == {CODEX},
    ),
    Deviation("Streamed responses have events without names", lambda it: "event: " not in it.response_text("echo: hi")),
    Deviation("Streamed responses end with `[DONE]`", lambda it: "data: [DONE]" in it.response_text("echo: hi")),
    Deviation("Instructions are joined or moved", lambda it: not _texts_in_order(it)),
    Deviation(
        "An assistant's `refusal` is lost",
        lambda it: "No." not in json.dumps(it.sent(messages=_assistant(content=None, refusal="No."))),
    ),
    Deviation(
        "Names of participants are lost",
        lambda it: "Ada" not in json.dumps(it.sent(messages=[{"role": "user", "name": "Ada", "content": "hi"}])),
    ),
    Deviation(
        "`strict` of a tool is null, which Azure takes for true",
        lambda it: it.sent(tools=[TOOL])["tools"][0]["strict"] is None,
    ),
    Deviation(
        "`allowed_tools` is not translated",
        lambda it: "allowed_tools" in it.sent(tools=[TOOL], tool_choice=ALLOWED).get("tool_choice", ALLOWED),
        fixed_in="1.108.7",
    ),
    Deviation(
        "Calls of custom tools come as calls of functions",
        lambda it: _calls(it.chat("use tool", tools=[CUSTOM]))[0]["type"] != "custom",
    ),
    Deviation("`metadata` is lost", lambda it: "metadata" not in it.sent(metadata={"a": "b"})),
    Deviation(
        "`prompt_cache_retention` is lost",
        lambda it: "prompt_cache_retention" not in it.sent(prompt_cache_retention="24h"),
    ),
    Deviation(
        "A schema's description is lost",
        lambda it: "a form" not in json.dumps(it.sent(response_format={"type": "json_schema", "json_schema": SCHEMA})),
    ),
    Deviation("`user` is cut", lambda it: it.sent(user="u" * 65).get("user") != "u" * 65),
    Deviation("`n` is ignored", lambda it: it.http.post("/v1/chat/completions", json=BODY | {"n": 2}).is_success),
    Deviation(
        "Parameters depend on the model's name",
        lambda it: not it.http.post("/v1/chat/completions", json=TUNED | {"model": UNKNOWN_TO_LITELLM}).is_success,
    ),
]


@pytest.fixture(scope="session")
def version(regions_stack: Path) -> tuple[int, int, int]:
    """LiteLLM's, as the synthesized image tells it."""
    version = version_of(read_stack(regions_stack).litellm.image)
    assert version is not None
    return version


@pytest.fixture(scope="session")
def litellm(regions_stack: Path) -> Iterator[RawClient]:
    """LiteLLM alone, as its container runs it, with an emulated Azure behind it and no gateway anywhere."""
    stack = read_stack(regions_stack)
    configuration = stack.litellm.env["LITELLM_CONFIG_YAML"]
    unknown = {"deployment": UNKNOWN_TO_LITELLM}
    models = [{**model, **(unknown if model["name"] == UNKNOWN_TO_LITELLM else {})} for model in stack.models]
    for model in models:  # the gateway would do it beneath
        configuration = configuration.replace(f"azure/{model['name']}\n", f"azure/{model['deployment']}\n")
    port, key = free_port(0), secrets.token_urlsafe(24)
    with emulate("alone", key=key, models=models) as azure:
        env = {
            **{name: value for name, value in stack.litellm.env.items() if name != "REPEATED_STREAMING_CHUNK_LIMIT"},
            "HOST": HOST,
            "PORT": str(port),
            "LITELLM_CONFIG_YAML": configuration,
            "LITELLM_MASTER_KEY": key,
            "AZURE_OPENAI_ENDPOINT": azure.url,
        }
        programs = find_image(stack.litellm.image)
        with start("litellm-alone", stack.litellm.command, env=env, programs=programs) as process:
            url = f"http://{HOST}:{port}"
            wait_until_ready(url + stack.litellm.readiness, process)
            headers = {"authorization": f"Bearer {key}"}
            with (
                httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as http,
                httpx.Client(base_url=azure.control_url, trust_env=False) as control,
            ):
                yield RawClient(
                    http,
                    lambda: dict(EmulatorControl(control).requests()[-1]["body"]),
                    {"reasoning_effort": {"effort": "high", "summary": "detailed"}},
                )


@pytest.fixture
def raw(http_with_key: httpx.Client, azure: AzureRegions) -> RawClient:
    """A client of the gateway."""
    return RawClient(http_with_key, lambda: dict(azure.requests()[-1]["body"]), {"reasoning": {"summary": "detailed"}})


@pytest.mark.full
@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda deviation: deviation.name)
def test_litellm_still_needs_the_fix(litellm: RawClient, version: tuple[int, int, int], deviation: Deviation) -> None:
    fixed = deviation.fixed_in is not None and version >= tuple(map(int, deviation.fixed_in.split(".")))
    name = ".".join(map(str, version))
    assert deviation.occurs(litellm) is not fixed, f"{deviation.name}: not as DEVIATIONS has it for LiteLLM {name}"


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda deviation: deviation.name)
def test_the_gateway_fixes_it(raw: RawClient, deviation: Deviation) -> None:
    assert not deviation.occurs(raw)


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda deviation: deviation.name)
def test_it_is_documented(deviation: Deviation) -> None:
    assert f"| {deviation.name} | {deviation.fixed_in or 'not yet'} |" in DOCUMENT.read_text(encoding="utf-8")


def test_text_and_parallel_calls_are_one_message(client: Client) -> None:
    answer = client.sdk.chat.completions.create(
        model=CODEX, messages=[{"role": "user", "content": TWO_CALLS}], tools=[TOOL], reasoning_effort="high"
    )
    (choice,) = answer.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content == "Let me check."
    calls = choice.message.tool_calls or []
    assert [json.loads(call.function.arguments)["path"] for call in calls if call.type == "function"] == [
        "path é0",
        "path é1",
    ]
    assert answer.usage is not None
    assert answer.usage.prompt_tokens_details is not None
    extra = answer.usage.model_extra or {}
    assert extra["cache_read_input_tokens"] == answer.usage.prompt_tokens_details.cached_tokens


def test_so_they_are_for_who_collects_a_stream(client: Client) -> None:
    with client.sdk.chat.completions.stream(
        model=CODEX,
        messages=[{"role": "user", "content": TWO_CALLS}],
        tools=[{**TOOL, "function": {**TOOL["function"], "strict": True}}],
        stream_options={"include_usage": True},
    ) as stream:
        answer = stream.get_final_completion()
    (choice,) = answer.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content == "Let me check."
    assert [call.function.parsed_arguments for call in choice.message.tool_calls or []] == [
        {"path": "path é0"},
        {"path": "path é1"},
    ]
    assert answer.usage is not None
    assert answer.usage.total_tokens > 0


def test_who_asks_for_no_usage_gets_none(raw: RawClient) -> None:
    assert not [event for event in raw.chat_events("echo: hi") if "usage" in event]


@pytest.mark.parametrize("model", [CODEX, TRANSLATED_CHAT])
def test_usage_comes_in_one_chunk_and_one_finish_reason_before_it(raw: RawClient, model: str) -> None:
    *events, usage = raw.chat_events("echo: hi", model=model, stream_options={"include_usage": True})
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] > 0
    assert not [event for event in events if event.get("usage")]
    reasons = [choice["finish_reason"] for event in events for choice in event["choices"]]
    assert reasons == [*[None] * (len(reasons) - 1), "stop"]


@pytest.mark.parametrize("model", [CODEX, TRANSLATED_CODEX, TRANSLATED_CHAT])
def test_the_model_is_called_as_the_client_called_it(raw: RawClient, model: str) -> None:
    assert raw.chat("echo: hi", model=model)["model"] == model
    assert {event["model"] for event in raw.chat_events("echo: hi", model=model)} == {model}


@pytest.mark.parametrize("model", [CODEX, TRANSLATED_CODEX])
def test_roo_can_tell_the_arguments_of_parallel_calls_apart(raw: RawClient, model: str) -> None:
    events = _data(raw.response_text(TWO_CALLS, model=model, tools=[FLAT_TOOL]))
    parts = [event for event in events if event["type"] == "response.function_call_arguments.delta"]
    assert {part["index"] for part in parts} == {1, 2}
    assert all(part["index"] == part["output_index"] for part in parts)
    assert not [event for event in events if "index" in event and event not in parts]


def test_a_translated_conversation_goes_on_under_azures_ids(client: Client) -> None:
    first = client.sdk.responses.create(model=TRANSLATED_CODEX, input="echo: hi")
    second = client.sdk.responses.create(model=TRANSLATED_CODEX, input="echo: ho", previous_response_id=first.id)
    assert second.output_text == "ho"
    assert second.previous_response_id == first.id
    straight = client.sdk.responses.create(model=CODEX, input="echo: hum", previous_response_id=second.id)
    assert straight.output_text == "hum"


def test_a_stream_of_a_translated_response_is_as_azures_own(raw: RawClient) -> None:
    fields = {"tools": [FLAT_TOOL], "reasoning": {"effort": "high", "summary": "auto"}, "store": False}
    straight = _names(raw.response_text(TWO_CALLS, model=CODEX, **fields))
    names = _names(raw.response_text(TWO_CALLS, **fields))
    # Deltas that LiteLLM was too slow for are merged.
    assert [name for name, _ in groupby(names)] == [name for name, _ in groupby(straight)]
    assert straight[-1] == "response.completed"


def _names(text: str) -> list[str]:
    names = [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]
    assert names == [event["type"] for event in _data(text)]
    return [name for name, _ in groupby(names)]  # LiteLLM may get several deltas as one


def test_the_sdk_takes_a_translated_response_for_one_of_openais(client: Client) -> None:
    with client.sdk.responses.stream(model=TRANSLATED_CODEX, input=TWO_CALLS, tools=[FLAT_TOOL]) as stream:
        answer = stream.get_final_response()
    assert answer.output_text == "Let me check."
    assert [item.type for item in answer.output] == ["message", "function_call", "function_call"]
    assert answer.model == TRANSLATED_CODEX
