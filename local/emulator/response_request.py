"""Checks the fields of a Responses request as Azure's reasoning models do."""

from local.emulator import azure_errors
from local.emulator.fake_model import FunctionTool
from local.emulator.json_codec import JsonObject

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
    "metadata": (dict, "an object"),
    "prompt": (dict, "an object"),
    "reasoning": (dict, "an object"),
    "stream_options": (dict, "an object"),
    "text": (dict, "an object"),
}
_UNTYPED = {"input", "tool_choice", "conversation"}
_SAMPLING = ("temperature", "top_p", "top_logprobs")  # reasoning models refuse any value of these
_TOOL_FIELDS = {"type", "name", "description", "parameters", "strict"}
_HOSTED_TOOLS = (
    "web_search", "web_search_preview", "custom", "mcp", "code_interpreter", "file_search", "local_shell", "shell",
    "apply_patch", "image_generation",
)  # fmt: skip
_EFFORTS = (None, "none", "minimal", "low", "medium", "high", "xhigh")
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
    _check_stream_options(body)
    _check_reasoning(body.get("reasoning") or {})
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
    elif name not in _UNTYPED:
        raise azure_errors.unknown(name)


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


def _check_reasoning(reasoning: JsonObject) -> None:
    for name in reasoning:
        if name not in ("effort", "summary", "generate_summary"):
            raise azure_errors.unknown(f"reasoning.{name}")
    if (effort := reasoning.get("effort")) not in _EFFORTS:
        supported = "'low', 'medium', 'high', and 'xhigh'"
        raise azure_errors.wrong_value(param="reasoning.effort", value=effort, supported=supported)


def _check_tool(tool: object, *, where: str) -> None:
    if not isinstance(tool, dict):
        raise azure_errors.wrong_type(param=where, expected="an object", value=tool)
    kind = tool.get("type")
    if kind is None:
        raise azure_errors.missing(f"{where}.type")
    if kind != "function":
        if kind not in _HOSTED_TOOLS:
            supported = ", ".join(f"'{name}'" for name in ("function", *_HOSTED_TOOLS))
            raise azure_errors.wrong_value(param=f"{where}.type", value=kind, supported=supported)
        return
    if not tool.get("name"):  # where the shape of chat completions, {"function": {"name": ...}}, ends
        raise azure_errors.missing(f"{where}.name")
    for name in tool:
        if name not in _TOOL_FIELDS:
            raise azure_errors.unknown(f"{where}.{name}")
    if not isinstance(tool["name"], str):
        raise azure_errors.wrong_type(param=f"{where}.name", expected="a string", value=tool["name"])
    if not isinstance(tool.get("parameters") or {}, dict):
        raise azure_errors.wrong_type(param=f"{where}.parameters", expected="an object", value=tool["parameters"])


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


def function_tools(body: JsonObject) -> list[FunctionTool]:
    """The functions on offer; hosted tools are accepted and never called."""
    return [
        FunctionTool(name=tool["name"], parameters=tool.get("parameters") or {})
        for tool in body.get("tools") or []
        if tool["type"] == "function"
    ]
