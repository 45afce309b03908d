"""The fake model: the same answer for the same request, chosen by words in the user's last message (see README.md)."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from local.emulator import azure_errors, json_codec
from local.emulator.json_codec import JsonObject
from local.emulator.schema_examples import example

Choice = Literal["auto", "none", "required"]

_CALL = re.compile(r"\bcall (\w+) with (?=\{)")
_COUNT = re.compile(r"count to (\d{1,5})")
_PACE = re.compile(r"\bpace (\d{1,4})\b")
_TOKEN = re.compile(r"\s*\S{1,12}|\s+")


@dataclass(frozen=True, kw_only=True)
class FunctionTool:
    """A function that the client offers, perhaps one of a namespace. A `custom` one gets text instead of arguments."""

    name: str
    namespace: str | None = None
    parameters: JsonObject
    custom: bool = False


@dataclass(frozen=True, kw_only=True)
class ModelInput:
    """What a request asks for. `tool_output`: its last item is this result of a tool, so that text follows.

    `function`: the one that `tool_choice` names. `schema`: of a structured answer.
    """

    prompt: str
    tool_output: str | None
    tools: Sequence[FunctionTool] = ()
    choice: Choice = "auto"
    function: str | None = None
    parallel: bool = True
    schema: JsonObject | None = None


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    name: str
    namespace: str | None
    arguments: str
    custom: bool = False


@dataclass(frozen=True, kw_only=True)
class ModelOutput:
    """What the model answers. `text` None: only calls, a refusal, or nothing. `failed`: the response ends as failed."""

    text: str | None
    refusal: str | None = None
    calls: Sequence[ToolCall] = ()
    failed: bool = False


def generate(model_input: ModelInput, *, region: str) -> ModelOutput:
    """AzureError when the prompt asks for the content filter."""
    if "content filter" in model_input.prompt:
        raise _filtered()
    failed = "then fail" in model_input.prompt
    calls = _calls(model_input)
    if calls:
        return ModelOutput(
            text="Let me check." if "also say" in model_input.prompt else None, calls=calls, failed=failed
        )
    if "say nothing" in model_input.prompt:
        return ModelOutput(text=None, failed=failed)
    if "please refuse" in model_input.prompt:
        return ModelOutput(text=None, refusal="I cannot help with that.", failed=failed)
    return ModelOutput(text=_text(model_input, region=region), failed=failed)


def pace(prompt: str) -> int | None:
    """How many events a second the prompt asks for; None: as fast as they are read."""
    found = _PACE.search(prompt)
    return int(found[1]) or None if found else None


def argument_deltas(prompt: str, arguments: str) -> list[str]:
    """The pieces in which the arguments of a call are streamed."""
    if "arguments at once" in prompt:
        return []
    return ["", *tokens_of(arguments)] if "empty delta" in prompt else tokens_of(arguments)


def tool_choice(value: object) -> Choice:
    """The tool choice of a request; anything but "none" and "required" is "auto"."""
    match value:
        case "none" | "required":
            return value
        case _:
            return "auto"


def tokens_of(text: str) -> list[str]:
    """The tokens of a text; joined, they are the text again."""
    return _TOKEN.findall(text)


def count_tokens(*values: object) -> int:
    """A rough count: four characters per token."""
    return max(1, sum(len(value) if isinstance(value, str) else len(json_codec.text(value)) for value in values) // 4)


def _text(model_input: ModelInput, *, region: str) -> str:
    if model_input.tool_output is not None and "repeat the result" in model_input.prompt:
        return model_input.tool_output
    if "echo:" in model_input.prompt:
        return model_input.prompt.split("echo:", 1)[1].strip()
    if model_input.schema is not None:
        return json_codec.text(example(model_input.schema))
    if count := _COUNT.search(model_input.prompt):
        return " ".join(str(number) for number in range(1, int(count[1]) + 1))
    return (
        f"This is a fixed answer of the Azure OpenAI emulator in region {region}. No model has read the prompt; "
        "words in it can select other answers."
    )


def _calls(model_input: ModelInput) -> list[ToolCall]:
    named = _CALL.search(model_input.prompt)
    two = "two calls" in model_input.prompt
    is_requested = (
        named is not None
        or two
        or "use tool" in model_input.prompt
        or model_input.choice == "required"
        or model_input.function is not None
    )
    after_tool = model_input.tool_output is not None
    if not is_requested or not model_input.tools or after_tool or model_input.choice == "none":
        return []
    name = named[1] if named else model_input.function
    tools = [tool for tool in model_input.tools if name in (None, tool.name)] or model_input.tools
    count = 2 if two and model_input.parallel else 1
    chosen = [tools[number % len(tools)] for number in range(count)]
    return [
        ToolCall(
            name=tool.name,
            namespace=tool.namespace,
            arguments=_arguments(tool, number=number, named=named),
            custom=tool.custom,
        )
        for number, tool in enumerate(chosen)
    ]


def _arguments(tool: FunctionTool, *, number: int, named: re.Match[str] | None) -> str:
    """Those that the prompt has, else some that fit the schema."""
    if named is not None:
        with suppress(ValueError):
            arguments, _ = json.JSONDecoder().raw_decode(named.string, named.end())
            return json_codec.text(arguments)
    if tool.custom:
        return f"input é{number}"
    return json_codec.text(example(tool.parameters, number=number)) if tool.parameters else "{}"


def _filtered() -> azure_errors.AzureError:
    return azure_errors.AzureError(
        status=400,
        error={
            "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management "
            "policy. Please modify your prompt and retry.",
            "type": None,
            "param": "prompt",
            "code": "content_filter",
            "status": 400,
            "innererror": {
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_result": {"jailbreak": {"filtered": True, "detected": True}},
            },
        },
    )
