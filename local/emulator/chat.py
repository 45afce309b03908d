"""POST /openai/deployments/{deployment}/chat/completions, for chat models; one choice, whole or streamed."""

import secrets
import time
from collections.abc import Iterator

from local.emulator import chat_request, fake_model, json_codec
from local.emulator.answers import Answer, whole
from local.emulator.json_codec import JsonObject

_SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
_PROMPT_FILTER = [{"prompt_index": 0, "content_filter_results": _SAFE}]
_FINGERPRINT = "fp_emulator"


def answer(body: JsonObject, *, deployment: str, region: str) -> Answer:
    """AzureError for what Azure refuses."""
    chat_request.check(body)
    model_input = chat_request.model_input(body)
    output = fake_model.generate(model_input, region=region)
    tokens = fake_model.tokens_of(output.text or "")
    most = chat_request.max_tokens(body)
    cut = most is not None and len(tokens) > most
    tokens = tokens[:most]
    calls = [_call(call) for call in output.calls]
    finish = "length" if cut else "tool_calls" if calls else "stop"
    usage = _usage(body, tokens=tokens, calls=calls)
    common = {
        "id": f"chatcmpl-{secrets.token_hex(14)}",
        "created": int(time.time()),
        "model": deployment,
        "system_fingerprint": _FINGERPRINT,
    }
    if body.get("stream"):
        with_usage = json_codec.part(body, "stream_options").get("include_usage") is True
        frames = _frames(common, tokens=tokens, calls=calls, finish=finish, usage=usage if with_usage else None)
        return Answer(
            events=frames,
            opening=2,
            pace=fake_model.pace(model_input.prompt),
            tokens=usage["total_tokens"],
            usage=usage,
            error_event=error_event,
        )
    message = {
        "role": "assistant",
        "content": "".join(tokens) if output.text is not None else None,
        "refusal": None,
        "annotations": [],
        **({"tool_calls": calls} if calls else {}),
    }
    choice = {
        "index": 0,
        "finish_reason": finish,
        "logprobs": None,
        "message": message,
        "content_filter_results": _SAFE,
    }
    completion = {
        **common,
        "object": "chat.completion",
        "choices": [choice],
        "prompt_filter_results": _PROMPT_FILTER,
        "usage": usage,
    }
    return whole(completion, tokens=usage["total_tokens"])


def error_event(_: int) -> bytes:
    """An error in a chat stream has no number and no event name."""
    message = "The server had an error while processing your request. Sorry about that!"
    return _frame({"error": {"message": message, "type": "server_error", "param": None, "code": None}})


def _frames(
    common: JsonObject, *, tokens: list[str], calls: list[JsonObject], finish: str, usage: JsonObject | None
) -> Iterator[bytes]:
    """Azure begins with a chunk about the prompt's content filter that has no choices, id or model."""
    yield _frame(
        {
            "choices": [], "created": 0, "id": "", "model": "", "object": "",
            "prompt_filter_results": _PROMPT_FILTER,
        }
    )  # fmt: skip
    usage_here = {} if usage is None else {"usage": None}
    for delta, reason in _deltas(tokens=tokens, calls=calls, finish=finish):
        choice = {
            "index": 0,
            "delta": delta,
            "finish_reason": reason,
            "logprobs": None,
            "content_filter_results": _SAFE if delta.get("content") else {},
        }
        yield _frame({**common, "object": "chat.completion.chunk", "choices": [choice], **usage_here})
    if usage is not None:
        yield _frame({**common, "object": "chat.completion.chunk", "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def _deltas(*, tokens: list[str], calls: list[JsonObject], finish: str) -> Iterator[tuple[JsonObject, str | None]]:
    yield {"role": "assistant", "content": "" if tokens or not calls else None, "refusal": None}, None
    for piece in tokens:
        yield {"content": piece}, None
    for index, call in enumerate(calls):
        begun = {"index": index, **call, "function": {"name": call["function"]["name"], "arguments": ""}}
        yield {"tool_calls": [begun]}, None
        for piece in fake_model.tokens_of(call["function"]["arguments"]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None
    yield {}, finish


def _frame(chunk: JsonObject) -> bytes:
    return b"data: %b\n\n" % json_codec.dumps(chunk)


def _call(call: fake_model.ToolCall) -> JsonObject:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": f"call_{secrets.token_hex(12)}", "type": "function", "function": function}


def _usage(body: JsonObject, *, tokens: list[str], calls: list[JsonObject]) -> JsonObject:
    prompt = fake_model.count_tokens(body["messages"], body.get("tools") or "")
    completion = len(tokens) + sum(fake_model.count_tokens(call["function"]) for call in calls)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": prompt // 2, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
