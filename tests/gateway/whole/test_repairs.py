"""What the real LiteLLM does wrong by itself, version by version, and what the gateway makes of it.

A fault that is gone from the oldest LiteLLM in `local/image` needs no repair any more: it can go.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai.types.chat import ChatCompletionFunctionToolParam
from openai.types.responses import FunctionToolParam

from local.runner.emulators import emulate
from local.runner.image import find_image
from local.runner.network import HOST, free_port, wait_until_ready
from local.runner.processes import start
from local.runner.session import Session
from local.runner.stack import read_stack
from settings.image import version_of

from .conftest import Client
from .surfaces import PARAMETERS

DOCUMENT = Path(__file__).parents[3] / "docs/upgrade.md"
CODEX = "gpt-5.3-codex"
TRANSLATED_CODEX = "translated-codex"
TRANSLATED_CHAT = "translated-chat"
TOOL: ChatCompletionFunctionToolParam = {"type": "function", "function": {"name": "read", "parameters": PARAMETERS}}
FLAT_TOOL: FunctionToolParam = {"type": "function", "name": "read", "parameters": PARAMETERS, "strict": True}
TWO_CALLS = "use tool, two calls, also say something"
# What Open Responses wants to see in every response, null or not.
NULLABLE = ("completed_at", "error", "incomplete_details", "instructions", "previous_response_id", "usage")


@dataclass(frozen=True)
class Speaker:
    """Sends what a client sends, and returns what came, as it came."""

    http: httpx.Client

    def chat(self, prompt: str, **fields: object) -> Any:  # noqa: ANN401 - it is JSON
        body = {"model": CODEX, "messages": [{"role": "user", "content": prompt}], **fields}
        return self.http.post("/v1/chat/completions", json=body).raise_for_status().json()

    def chat_events(self, prompt: str, **fields: object) -> list[dict[str, Any]]:
        body = {"model": CODEX, "messages": [{"role": "user", "content": prompt}], "stream": True, **fields}
        text = self.http.post("/v1/chat/completions", json=body).raise_for_status().text
        assert text.endswith("data: [DONE]\n\n")
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


def _two_calls(speaker: Speaker) -> Any:  # noqa: ANN401 - it is JSON
    return speaker.chat(TWO_CALLS, tools=[TOOL])


def _calls(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [call for choice in answer["choices"] for call in choice["message"].get("tool_calls") or ()]


def _figures(speaker: Speaker) -> dict[str, Any]:
    events = speaker.chat_events("echo: hi", stream_options={"include_usage": True})
    (figures,) = [event for event in events if event.get("usage")]
    return figures


def _usage(speaker: Speaker) -> dict[str, Any]:
    usage: dict[str, Any] = _figures(speaker)["usage"]
    return usage


def _thinks(speaker: Speaker) -> list[dict[str, Any]]:
    return speaker.chat_events("echo: hi", reasoning_effort="high")


def _responses(speaker: Speaker) -> list[dict[str, Any]]:
    return [event["response"] for event in speaker.response_events("echo: hi") if "response" in event]


@dataclass(frozen=True)
class Fault:
    """Something that LiteLLM does wrong, in the words of docs/upgrade.md; `mended`: the version that no longer does."""

    name: str
    shows: Callable[[Speaker], bool]
    mended: str | None = None


FAULTS = [
    Fault("Text and calls come as two choices", lambda it: len(_two_calls(it)["choices"]) == 2, mended="1.106.2"),
    Fault("Every call of a whole answer has `index` 0", lambda it: {c["index"] for c in _calls(_two_calls(it))} == {0}),
    Fault("A stream's usage comes with a choice", lambda it: _figures(it)["choices"] != []),
    Fault("Cached tokens are not where Roo reads them", lambda it: "cache_read_input_tokens" not in _usage(it)),
    Fault("A stream's usage has a guessed `cost`", lambda it: "cost" in _usage(it)),
    Fault("Fields are put aside in a stream", lambda it: "provider_specific_fields" in json.dumps(_thinks(it))),
    Fault("Reasoning items stand in a stream's delta", lambda it: "reasoning_items" in json.dumps(_thinks(it))),
    Fault(
        "`refusal` of a chat model is put aside",
        lambda it: "refusal" not in it.chat("echo: hi", model=TRANSLATED_CHAT)["choices"][0]["message"],
    ),
    Fault("A response's id is LiteLLM's own", lambda it: len(it.respond("echo: hi")["id"]) > 200),
    Fault(
        "Streamed responses leave out what is null",
        lambda it: any(name not in response for response in _responses(it) for name in NULLABLE),
    ),
    Fault(
        "Streamed responses tell the deployment's name",
        lambda it: {response["model"] for response in _responses(it)} == {CODEX},
    ),
    Fault("Streamed responses have events without names", lambda it: "event: " not in it.response_text("echo: hi")),
    Fault("Streamed responses end with `[DONE]`", lambda it: "data: [DONE]" in it.response_text("echo: hi")),
]


@pytest.fixture(scope="session")
def version(regions_stack: Path) -> tuple[int, int, int]:
    """LiteLLM's, as the synthesized image tells it."""
    version = version_of(read_stack(regions_stack).litellm.image)
    assert version is not None
    return version


@pytest.fixture(scope="session")
def litellm(regions_stack: Path) -> Iterator[Speaker]:
    """LiteLLM alone, as its container runs it, with an emulated Azure behind it and no gateway anywhere."""
    stack = read_stack(regions_stack)
    configuration = stack.litellm.env["LITELLM_CONFIG_YAML"]
    for model in stack.models:  # the gateway would do it beneath
        configuration = configuration.replace(f"azure/{model['name']}\n", f"azure/{model['deployment']}\n")
    port, key = free_port(0), secrets.token_urlsafe(24)
    with emulate("alone", key=key, models=stack.models) as azure:
        env = {
            **stack.litellm.env,
            "HOST": HOST,
            "PORT": str(port),
            "LITELLM_CONFIG_YAML": configuration,
            "LITELLM_MASTER_KEY": key,
            "AZURE_OPENAI_ENDPOINT": azure.url,
            "AZURE_OPENAI_API_KEY": key,
        }
        programs = find_image(stack.litellm.image)
        with start("litellm-alone", stack.litellm.command, env=env, programs=programs) as process:
            url = f"http://{HOST}:{port}"
            wait_until_ready(url + stack.litellm.readiness, process)
            headers = {"authorization": f"Bearer {key}"}
            with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as http:
                yield Speaker(http)


@pytest.fixture
def speaker(regions: Session, user: Client) -> Iterator[Speaker]:
    """A client of the gateway in front of three healthy regions."""
    del user
    headers = {"authorization": f"Bearer {regions.key}"}
    with httpx.Client(base_url=regions.host_url, headers=headers, timeout=60, trust_env=False) as http:
        yield Speaker(http)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_litellm_still_needs_the_repair(litellm: Speaker, version: tuple[int, int, int], fault: Fault) -> None:
    mended = fault.mended is not None and version >= tuple(map(int, fault.mended.split(".")))
    told = ".".join(map(str, version))
    assert fault.shows(litellm) is not mended, f"{fault.name}: not as FAULTS has it for LiteLLM {told}"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_gateway_repairs_it(speaker: Speaker, fault: Fault) -> None:
    assert not fault.shows(speaker)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_it_is_documented(fault: Fault) -> None:
    assert f"| {fault.name} | {fault.mended or 'not yet'} |" in DOCUMENT.read_text(encoding="utf-8")


def test_text_and_parallel_calls_are_one_message(user: Client) -> None:
    answer = user.sdk.chat.completions.create(
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


def test_so_they_are_for_who_collects_a_stream(user: Client) -> None:
    with user.sdk.chat.completions.stream(
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


def test_who_asks_for_no_usage_gets_none(speaker: Speaker) -> None:
    assert not [event for event in speaker.chat_events("echo: hi") if "usage" in event]


@pytest.mark.parametrize("model", [CODEX, TRANSLATED_CODEX, TRANSLATED_CHAT])
def test_the_model_is_called_as_the_client_called_it(speaker: Speaker, model: str) -> None:
    assert speaker.chat("echo: hi", model=model)["model"] == model
    assert {event["model"] for event in speaker.chat_events("echo: hi", model=model)} == {model}


@pytest.mark.parametrize("model", [CODEX, TRANSLATED_CODEX])
def test_roo_can_tell_the_arguments_of_parallel_calls_apart(speaker: Speaker, model: str) -> None:
    events = _data(speaker.response_text(TWO_CALLS, model=model, tools=[FLAT_TOOL]))
    parts = [event for event in events if event["type"] == "response.function_call_arguments.delta"]
    assert {part["index"] for part in parts} == {1, 2}
    assert all(part["index"] == part["output_index"] for part in parts)
    assert not [event for event in events if "index" in event and event not in parts]


def test_a_translated_conversation_goes_on_under_azures_ids(user: Client) -> None:
    first = user.sdk.responses.create(model=TRANSLATED_CODEX, input="echo: hi")
    second = user.sdk.responses.create(model=TRANSLATED_CODEX, input="echo: ho", previous_response_id=first.id)
    assert second.output_text == "ho"
    assert second.previous_response_id == first.id
    straight = user.sdk.responses.create(model=CODEX, input="echo: hum", previous_response_id=second.id)
    assert straight.output_text == "hum"


def test_a_stream_of_a_translated_response_is_as_azures_own(speaker: Speaker) -> None:
    fields = {"tools": [FLAT_TOOL], "reasoning": {"effort": "high", "summary": "auto"}, "store": False}
    straight = _names(speaker.response_text(TWO_CALLS, model=CODEX, **fields))
    assert _names(speaker.response_text(TWO_CALLS, **fields)) == straight
    assert straight[-1] == "response.completed"


def _names(text: str) -> list[str]:
    names = [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]
    assert names == [event["type"] for event in _data(text)]
    return names


def test_the_sdk_takes_a_translated_response_for_one_of_openais(user: Client) -> None:
    with user.sdk.responses.stream(model=TRANSLATED_CODEX, input=TWO_CALLS, tools=[FLAT_TOOL]) as stream:
        answer = stream.get_final_response()
    assert answer.output_text == "Let me check."
    assert [item.type for item in answer.output] == ["message", "function_call", "function_call"]
    assert answer.model == TRANSLATED_CODEX
