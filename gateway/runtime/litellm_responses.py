"""LiteLLM's responses in OpenAI's shape, under Azure's own ids.

https://platform.openai.com/docs/api-reference/responses/object
"""

import base64
from typing import Any

_Fields = dict[str, Any]

_PREFIX = "resp_"
_WRAPPED = "bGl0ZWxsbT"  # "litellm:" in base64
_NULLABLE = (
    "completed_at",
    "error",
    "incomplete_details",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "safety_identifier",
    "usage",
)


def mend_response(answer: _Fields) -> _Fields:
    """A whole response, or an event of a stream, of which a few have the response in them."""
    if answer.get("object") == "response":
        return _response(answer)
    if "response" not in answer:
        return answer
    # Beside it stands the model's name as the client knows it, within it that of the deployment.
    named = {"model": answer["model"]} if "model" in answer else {}
    return {**answer, "response": {**_response(answer["response"]), **named}}


def _response(response: _Fields) -> _Fields:
    """In streams LiteLLM leaves out what is null."""
    mended = {**dict.fromkeys(_NULLABLE), **response, "id": _azures(response["id"])}
    if usage := response.get("usage"):
        mended["usage"] = {name: value for name, value in usage.items() if name != "cost"}  # a guess
    return mended


def _azures(response_id: str) -> str:
    """LiteLLM wraps an id, 300 characters long, around that of Azure, which serves as well.

    What it wraps it in changes with its configuration, and a conversation outlives that.
    """
    encoded = response_id.removeprefix(_PREFIX)
    if not encoded.startswith(_WRAPPED):
        return response_id
    return base64.b64decode(encoded).decode().partition("response_id:")[2] or response_id
