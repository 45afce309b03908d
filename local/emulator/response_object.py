"""The response object with every field of OpenAI's schema, the nullable ones included.

Source of the fields: the model `Response` of the `openai` package, and the Open Responses specification.
"""

import time

from local.emulator import json_codec
from local.emulator.json_codec import JsonObject

_NULLS = (
    "access_programs", "content_filters", "conversation", "error", "image", "input_transformations", "moderation",
    "prompt", "prompt_cache_diagnostics", "prompt_cache_options", "tool_usage",
)  # fmt: skip
_ECHOED = (
    "instructions", "max_output_tokens", "max_tool_calls", "previous_response_id", "prompt_cache_key",
    "prompt_cache_retention", "safety_identifier", "user",
)  # fmt: skip


def response_object(
    body: JsonObject, *, response_id: str, status: str, output: list[JsonObject], usage: JsonObject
) -> JsonObject:
    """A finished response; fields that the request does not set have OpenAI's defaults. `tools`: those in effect."""
    created_at = now()
    error = {"code": "server_error", "message": "The model failed while generating the response."}
    return {
        **dict.fromkeys(_NULLS),
        **{name: body.get(name) for name in _ECHOED},
        "id": response_id,
        "object": "response",
        "created_at": created_at,
        "completed_at": created_at if status == "completed" else None,
        "status": status,
        "background": body.get("background") is True,
        "error": error if status == "failed" else None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "frequency_penalty": 0.0,
        "metadata": body.get("metadata") or {},
        "model": body["model"],
        "output": output,
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
        "presence_penalty": 0.0,
        "reasoning": {"effort": "medium", "summary": None, **(body.get("reasoning") or {})},
        "service_tier": "default",
        "store": body.get("store") is not False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium", **(body.get("text") or {})},
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": body["tools"],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": body.get("truncation") or "disabled",
        "usage": usage,
    }


def unfinished(response: JsonObject, *, status: str = "in_progress") -> JsonObject:
    """The same response before it has output."""
    nothing_yet = {"completed_at": None, "error": None, "incomplete_details": None, "usage": None}
    return {**response, **nothing_yet, "status": status, "output": []}


def usage(*, input_tokens: int, output_tokens: int, reasoning_tokens: int) -> JsonObject:
    """Half of the input counts as cached, so that clients have a number to show."""
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cached_tokens": input_tokens // 2, "cache_write_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": reasoning_tokens},
        "total_tokens": input_tokens + output_tokens,
    }


def message(text: str, *, message_id: str, status: str) -> JsonObject:
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    return {"id": message_id, "type": "message", "status": status, "role": "assistant", "content": [part]}


def refusal(text: str, *, message_id: str) -> JsonObject:
    part = {"type": "refusal", "refusal": text}
    return {"id": message_id, "type": "message", "status": "completed", "role": "assistant", "content": [part]}


def now() -> int:
    """Seconds since 1970, as the schema requires."""
    return int(time.time())


def text_schema(body: JsonObject) -> JsonObject | None:
    """The schema of the answer's text; for `json_object` any object."""
    format_ = json_codec.part(json_codec.part(body, "text"), "format")
    match format_.get("type"):
        case "json_schema":
            return json_codec.part(format_, "schema")
        case "json_object":
            return {"type": "object", "properties": {"answer": {"type": "string"}}}
        case _:
            return None
