"""Checks the fields of a Responses request as Azure's reasoning models do."""

import re
from collections.abc import Iterator

from local.emulator import azure_errors, strict_schemas
from local.emulator.fake_model import FunctionTool
from local.emulator.json_codec import JsonObject

_MAX_LENGTHS = {"prompt_cache_key": 64, "safety_identifier": 64}
_FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_TYPES = {
    "model": (str, "a string"),
    "instructions": (str, "a string"),
    "previous_response_id": (str, "a string"),
    "prompt_cache_key": (str, "a string"),
    "prompt_cache_retention": (str, "a string"),
    "safety_identifier": (str, "a string"),
    "service_tier": (str, "a string"),
    "truncation": (str, "a string"),
    "user": (str, "a string"),
    "stream": (bool, "a boolean"),
    "store": (bool, "a boolean"),
    "background": (bool, "a boolean"),
    "parallel_tool_calls": (bool, "a boolean"),
    "max_output_tokens": (int, "an integer"),
    "max_tool_calls": (int, "an integer"),
    "include": (list, "an array of strings"),
    "tools": (list, "an array of objects"),
    "client_metadata": (dict, "an object"),  # of Codex CLI
    "metadata": (dict, "an object"),
    "prompt_cache_options": (dict, "an object"),
    "prompt": (dict, "an object"),
    "reasoning": (dict, "an object"),
    "stream_options": (dict, "an object"),
    "text": (dict, "an object"),
}
_UNTYPED = {"input", "tool_choice", "conversation"}
_SAMPLING = ("temperature", "top_p", "top_logprobs")  # reasoning models refuse any value of these
_NAMESPACE_TYPES = {"name": (str, "a string"), "description": (str, "a string"), "tools": (list, "an array of objects")}
_TOOL_FIELDS = {"type", "name", "description", "parameters", "strict"}
_HOSTED_TOOLS = (
    "web_search", "web_search_preview", "custom", "mcp", "code_interpreter", "file_search", "local_shell", "shell",
    "apply_patch", "image_generation", "tool_search",
)  # fmt: skip
_TOOLS = ("function", "namespace", *_HOSTED_TOOLS)
_SUMMARIES = ("auto", "concise", "detailed")
_EFFORTS = ("low", "medium", "high", "xhigh")  # of gpt-5.3-codex
_OTHER_EFFORTS = ("none", "minimal", "max")  # of other models
_LEAST_OUTPUT_TOKENS = 16


def check(body: JsonObject) -> None:
    """AzureError for the first error; `input` is checked by response_input."""
    for name, value in body.items():
        _check_field(name, value)
    if body.get("input") is None and not body.get("previous_response_id") and not body.get("prompt"):
        raise azure_errors.missing("input")
    most = body.get("max_output_tokens")
    if most is not None and most < _LEAST_OUTPUT_TOKENS:
        raise azure_errors.model_error(
            message="Invalid 'max_output_tokens': integer below minimum value. Expected a value >= "
            f"{_LEAST_OUTPUT_TOKENS}, but got {most} instead.",
            param="max_output_tokens",
            code="integer_below_min_value",
        )
    _check_background(body)
    _check_stream_options(body)
    _check_reasoning(body.get("reasoning") or {}, model=body["model"])
    for number, tool in enumerate(body.get("tools") or []):
        _check_tool(tool, where=f"tools[{number}]")
    _check_tool_choice(body.get("tool_choice"))
    _check_metadata(body.get("metadata") or {})


def _check_field(name: str, value: object) -> None:
    if name in _SAMPLING:
        if value is not None:
            raise azure_errors.unsupported(name)
    elif name in _TYPES:
        type_, words = _TYPES[name]
        if value is not None and (not isinstance(value, type_) or (isinstance(value, bool) and type_ is not bool)):
            raise azure_errors.wrong_type(param=name, expected=words, value=value)
        if isinstance(value, str) and name in _MAX_LENGTHS:
            _check_length(value, param=name, most=_MAX_LENGTHS[name])
    elif name not in _UNTYPED:
        raise azure_errors.unknown(name)


def _check_length(text: str, *, param: str, most: int) -> None:
    if len(text) > most:
        raise azure_errors.model_error(
            message=f"Invalid '{param}': string too long. Expected a string with maximum length {most}, but got a "
            f"string with length {len(text)} instead.",
            param=param,
            code="string_above_max_length",
        )


def _check_background(body: JsonObject) -> None:
    """A stateless response could not be fetched. Azure documents the rule; the wording is the emulator's."""
    if body.get("background") and body.get("store") is False:
        raise azure_errors.model_error(
            message="Background mode requires 'store' to be true.", param="background", code="unsupported_value"
        )


def _check_stream_options(body: JsonObject) -> None:
    options = body.get("stream_options")
    if options is None:
        return
    if not body.get("stream"):
        raise azure_errors.model_error(
            message="The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
        )
    for name in options:
        if name != "include_obfuscation":
            raise azure_errors.unknown(f"stream_options.{name}")


def _check_reasoning(reasoning: JsonObject, *, model: str) -> None:
    for name in reasoning:
        if name not in ("effort", "summary", "generate_summary"):
            raise azure_errors.unknown(f"reasoning.{name}")
    if (summary := reasoning.get("summary")) not in (None, *_SUMMARIES):
        raise azure_errors.wrong_value(
            param="reasoning.summary", value=summary, supported=azure_errors.listed(_SUMMARIES)
        )
    effort = reasoning.get("effort")
    supported = azure_errors.listed(_EFFORTS)
    if effort in _OTHER_EFFORTS:
        raise azure_errors.model_error(
            message=f"Unsupported value: '{effort}' is not supported with the '{model}' model. Supported values are: "
            f"{supported}.",
            param="reasoning.effort",
            code="unsupported_value",
        )
    if effort is not None and effort not in _EFFORTS:
        raise azure_errors.wrong_value(param="reasoning.effort", value=effort, supported=supported)


def _check_tool(tool: object, *, where: str) -> None:
    if not isinstance(tool, dict):
        raise azure_errors.wrong_type(param=where, expected="an object", value=tool)
    kind = tool.get("type")
    if kind is None:
        raise azure_errors.missing(f"{where}.type")
    if kind == "namespace":
        _check_namespace(tool, where=where)
    elif kind == "function":
        _check_function(tool, where=where)
    elif kind == "custom":
        if not isinstance(tool.get("name"), str) or not tool["name"]:
            raise azure_errors.missing(f"{where}.name")
    elif kind not in _HOSTED_TOOLS:
        raise azure_errors.wrong_value(param=f"{where}.type", value=kind, supported=azure_errors.listed(_TOOLS))


def _check_namespace(tool: JsonObject, *, where: str) -> None:
    """A group of functions, as Codex CLI sends one; its description must not be empty (openai/codex issue 37380)."""
    for name, (type_, words) in _NAMESPACE_TYPES.items():
        if tool.get(name) is None:
            raise azure_errors.missing(f"{where}.{name}")
        if not isinstance(tool[name], type_):
            raise azure_errors.wrong_type(param=f"{where}.{name}", expected=words, value=tool[name])
    if not tool["description"]:
        raise azure_errors.model_error(
            message=f"Invalid '{where}.description': empty string. Expected a string with minimum length 1, but got an "
            "empty string instead.",
            param=f"{where}.description",
            code="empty_string",
        )
    for number, member in enumerate(tool["tools"]):
        place = f"{where}.tools[{number}]"
        kind = member.get("type") if isinstance(member, dict) else None
        if kind not in ("function", "custom"):
            raise azure_errors.wrong_value(param=f"{place}.type", value=kind, supported="'function' and 'custom'")
        _check_tool(member, where=place)


def _check_function(tool: JsonObject, *, where: str) -> None:
    if not tool.get("name"):  # where the shape of chat completions, {"function": {"name": ...}}, ends
        raise azure_errors.missing(f"{where}.name")
    for name in tool:
        if name not in _TOOL_FIELDS:
            raise azure_errors.unknown(f"{where}.{name}")
    if not isinstance(tool["name"], str):
        raise azure_errors.wrong_type(param=f"{where}.name", expected="a string", value=tool["name"])
    _check_length(tool["name"], param=f"{where}.name", most=64)
    if not _FUNCTION_NAME.fullmatch(tool["name"]):
        raise azure_errors.model_error(
            message=f"Invalid '{where}.name': string does not match pattern. Expected a string that matches the "
            "pattern '^[a-zA-Z0-9_-]+$'.",
            param=f"{where}.name",
            code="invalid_value",
        )
    parameters, strict = tool.get("parameters"), tool.get("strict")
    if not isinstance(parameters or {}, dict):
        raise azure_errors.wrong_type(param=f"{where}.parameters", expected="an object", value=parameters)
    if not isinstance(strict, bool | None):
        raise azure_errors.wrong_type(param=f"{where}.strict", expected="a boolean", value=strict)
    if strict:
        strict_schemas.check(
            parameters or strict_schemas.EMPTY,
            owner=f"function '{tool['name']}'",
            param=f"{where}.parameters",
            code="invalid_function_parameters",
        )


def _check_tool_choice(choice: object) -> None:
    if choice is None or choice in ("auto", "none", "required"):
        return
    if not isinstance(choice, dict):
        supported = "'none', 'auto', and 'required'"
        raise azure_errors.wrong_value(param="tool_choice", value=choice, supported=supported)
    if choice.get("type") == "function" and not choice.get("name"):
        raise azure_errors.missing("tool_choice.name")
    for name in choice:
        if choice.get("type") == "function" and name not in ("type", "name"):
            raise azure_errors.unknown(f"tool_choice.{name}")


def _check_metadata(metadata: JsonObject) -> None:
    if len(metadata) > 16:
        raise azure_errors.model_error(
            message=f"Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got "
            f"an object with {len(metadata)} properties instead.",
            param="metadata",
            code="object_above_max_properties",
        )
    for name, value in metadata.items():
        if not isinstance(value, str):
            raise azure_errors.wrong_type(param=f"metadata.{name}", expected="a string", value=value)
        _check_length(name, param="metadata", most=64)
        _check_length(value, param=f"metadata.{name}", most=512)


def function_tools(tools: list[JsonObject]) -> list[FunctionTool]:
    """The tools of the client, those of namespaces included; hosted tools are accepted and never called."""
    return [
        FunctionTool(
            name=tool["name"],
            namespace=namespace,
            parameters=tool.get("parameters") or {},
            custom=tool["type"] == "custom",
        )
        for tool, namespace in _with_namespaces(tools)
        if tool["type"] in ("function", "custom")
    ]


def _with_namespaces(tools: list[JsonObject]) -> Iterator[tuple[JsonObject, str | None]]:
    for tool in tools:
        if tool["type"] == "namespace":
            yield from ((member, tool["name"]) for member in tool["tools"])
        else:
            yield tool, None


def in_effect(tools: list[JsonObject]) -> list[JsonObject]:
    """The tools as the model gets them, and as the response shows them: strict where nothing is said and it can be."""
    return [_in_effect(tool) for tool in tools]


def _in_effect(tool: JsonObject) -> JsonObject:
    if tool["type"] == "namespace":
        return {**tool, "tools": in_effect(tool["tools"])}
    if tool["type"] != "function":
        return tool
    shown = {"description": None, "parameters": None, "strict": None, **tool}
    if shown["strict"] is None:
        strict = strict_schemas.normalized(shown["parameters"] or strict_schemas.EMPTY)
        shown |= {"strict": False} if strict is None else {"strict": True, "parameters": strict}
    return shown
