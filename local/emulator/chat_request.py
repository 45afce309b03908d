"""Checks a chat completions request, and reads what the answer depends on."""

from local.emulator import azure_errors, json_codec, strict_schemas
from local.emulator.fake_model import FunctionTool, ModelInput, tool_choice
from local.emulator.json_codec import JsonObject

_KNOWN = {
    "messages", "model", "audio", "data_sources", "frequency_penalty", "function_call", "functions", "logit_bias",
    "logprobs", "max_completion_tokens", "max_tokens", "metadata", "modalities", "n", "parallel_tool_calls",
    "prediction", "presence_penalty", "reasoning_effort", "response_format", "seed", "stop", "store", "stream",
    "stream_options", "temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user",
}  # fmt: skip
_ROLES = ("system", "assistant", "user", "function", "tool", "developer")


def check(body: JsonObject) -> None:
    """AzureError for the first error."""
    for name in body:
        if name not in _KNOWN:
            raise azure_errors.model_error(message=f"Unrecognized request argument supplied: {name}")
    messages = body.get("messages")
    if messages is None:
        raise azure_errors.missing("messages")
    if not isinstance(messages, list) or not messages:
        raise azure_errors.model_error(message="Invalid 'messages': expected a non-empty array.", param="messages")
    calls: set[str] = set()
    for number, message in enumerate(messages):
        _check_message(message, where=f"messages[{number}]", calls=calls)
    if body.get("stream_options") is not None and not body.get("stream"):
        raise azure_errors.model_error(
            message="The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
        )
    _check_stream_options(body.get("stream_options"))
    _check_tools(body)
    most = max_tokens(body)
    if most is not None and (type(most) is not int or most < 1):
        raise azure_errors.model_error(message=f"Invalid 'max_tokens': expected an integer >= 1, but got {most}.")


def _check_stream_options(options: object) -> None:
    if not isinstance(options, dict | None):
        raise azure_errors.wrong_type(param="stream_options", expected="an object", value=options)
    for name, value in (options or {}).items():
        if not isinstance(value, bool | None):
            raise azure_errors.wrong_type(param=f"stream_options.{name}", expected="a boolean", value=value)


def _check_message(message: object, *, where: str, calls: set[str]) -> None:
    if not isinstance(message, dict):
        raise azure_errors.wrong_type(param=where, expected="an object", value=message)
    role, content = message.get("role"), message.get("content")
    if role not in _ROLES:
        supported = ", ".join(f"'{name}'" for name in _ROLES)
        raise azure_errors.wrong_value(param=f"{where}.role", value=role, supported=supported)
    if isinstance(content, list):
        for number, part in enumerate(content):
            if not isinstance(part, dict) or not isinstance(part.get("type"), str):
                raise azure_errors.missing(f"{where}.content[{number}].type")
    elif not isinstance(content, str) and not (content is None and role == "assistant"):
        raise azure_errors.wrong_type(param=f"{where}.content", expected="a string or array of objects", value=content)
    if isinstance(made := message.get("tool_calls"), list):
        calls |= {str(json_codec.part({"call": call}, "call").get("id")) for call in made}
    if role == "tool" and message.get("tool_call_id") not in calls:
        raise azure_errors.model_error(
            message="Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
            "'tool_calls'.",
            param=f"{where}.role",
        )


def _check_tools(body: JsonObject) -> None:
    tools = body.get("tools")
    if tools is None:
        if body.get("tool_choice") not in (None, "none"):
            raise azure_errors.model_error(
                message="Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
                param="tool_choice",
            )
        return
    if not isinstance(tools, list):
        raise azure_errors.wrong_type(param="tools", expected="an array of objects", value=tools)
    for number, tool in enumerate(tools):
        function = json_codec.part(json_codec.part({"tool": tool}, "tool"), "function")
        if not isinstance(function.get("name"), str):
            raise azure_errors.missing(f"tools[{number}].function.name")
        if function.get("strict") is True:
            strict_schemas.check(
                function.get("parameters") or strict_schemas.EMPTY,
                owner=f"function '{function['name']}'",
                param=f"tools[{number}].function.parameters",
                code="invalid_function_parameters",
            )


def max_tokens(body: JsonObject) -> int | None:
    most: int | None = body.get("max_completion_tokens")
    return body.get("max_tokens") if most is None else most


def model_input(body: JsonObject) -> ModelInput:
    """Of a request that has been checked."""
    messages = body["messages"]
    prompts = [message["content"] for message in messages if message["role"] == "user"]
    choice = body.get("tool_choice") or "auto"
    named = json_codec.part({"choice": choice}, "choice")
    format_ = json_codec.part(body, "response_format")
    schema = json_codec.part(json_codec.part(format_, "json_schema"), "schema")
    return ModelInput(
        prompt=_text(prompts[-1]) if prompts else "",
        tool_output=_text(messages[-1]["content"]) if messages[-1]["role"] == "tool" else None,
        tools=[_tool(tool["function"]) for tool in body.get("tools") or []],
        choice=tool_choice(choice),
        function=json_codec.part(named, "function").get("name"),
        parallel=body.get("parallel_tool_calls") is not False,
        schema=schema or ({"type": "object"} if format_.get("type") == "json_object" else None),
    )


def _tool(function: JsonObject) -> FunctionTool:
    return FunctionTool(name=function["name"], parameters=json_codec.part(function, "parameters"))


def _text(content: str | list[JsonObject]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content if part["type"] == "text")
