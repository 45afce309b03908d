"""A response as the events of its stream, in the order in which Azure sends them.

Source: https://platform.openai.com/docs/api-reference/responses-streaming
"""

from collections.abc import Iterator

from local.emulator import fake_model, json_codec
from local.emulator.json_codec import JsonObject
from local.emulator.response_object import unfinished

OPENING_EVENTS = 2  # response.created and response.in_progress
_PADDED = ".delta"
_PADDING = "xK7fQ2mW9cR4tZ1b"
_ENDS = {"completed": "response.completed", "incomplete": "response.incomplete", "failed": "response.failed"}


def events(response: JsonObject, *, padded: bool, prompt: str = "") -> Iterator[bytes]:
    """SSE frames. The prompt may say in which pieces arguments come.

    `padded`: deltas carry `obfuscation`, which hides their length from an eavesdropper.
    """
    for number, (kind, content) in enumerate(_events(response, prompt)):
        event = {"type": kind, "sequence_number": number, **content}
        if padded and kind.endswith(_PADDED):
            event["obfuscation"] = _PADDING[len(content["delta"]) % 16 :]
        yield _frame(kind, event)


def error_event(number: int) -> bytes:
    """Azure's error event: the details are one level down, unlike the documented event (openai-dotnet issue 881)."""
    error = {"type": "server_error", "code": "server_error", "message": "The server had an error.", "param": None}
    return _frame("error", {"type": "error", "sequence_number": number, "error": error})


def _frame(kind: str, event: JsonObject) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), json_codec.dumps(event))


def _events(response: JsonObject, prompt: str) -> Iterator[tuple[str, JsonObject]]:
    beginning = unfinished(response)
    if response["background"]:
        queued = unfinished(response, status="queued")
        yield "response.created", {"response": queued}
        yield "response.queued", {"response": queued}
    else:
        yield "response.created", {"response": beginning}
    yield "response.in_progress", {"response": beginning}
    for index, item in enumerate(response["output"]):
        place = {"item_id": item["id"], "output_index": index}
        yield "response.output_item.added", {"output_index": index, "item": _begun(item)}
        match item["type"]:
            case "reasoning":
                yield from _summary_events(item, place)
            case "function_call":
                yield from _call_events(item, place, prompt, name="arguments", kind="function_call_arguments")
            case "custom_tool_call":
                yield from _call_events(item, place, prompt, name="input", kind="custom_tool_call_input")
            case _:
                yield from _text_events(item, place)
        yield "response.output_item.done", {"output_index": index, "item": item}
    yield _ENDS[response["status"]], {"response": response}


def _begun(item: JsonObject) -> JsonObject:
    """An item as it is added, before it has content."""
    match item["type"]:
        case "reasoning":
            # Azure may not have encrypted all of it yet.
            cut = {name: value[: len(value) // 2] for name, value in item.items() if name == "encrypted_content"}
            return {**item, **cut, "summary": []}
        case "function_call":
            return {**item, "status": "in_progress", "arguments": ""}
        case "custom_tool_call":
            return {**item, "status": "in_progress", "input": ""}
        case _:
            return {**item, "status": "in_progress", "content": []}


def _summary_events(item: JsonObject, place: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    for number, part in enumerate(item["summary"]):
        here = {**place, "summary_index": number}
        yield "response.reasoning_summary_part.added", {**here, "part": {**part, "text": ""}}
        for piece in fake_model.tokens_of(part["text"]):
            yield "response.reasoning_summary_text.delta", {**here, "delta": piece}
        yield "response.reasoning_summary_text.done", {**here, "text": part["text"]}
        yield "response.reasoning_summary_part.done", {**here, "part": part}


def _call_events(
    item: JsonObject, place: JsonObject, prompt: str, *, name: str, kind: str
) -> Iterator[tuple[str, JsonObject]]:
    for piece in fake_model.argument_deltas(prompt, item[name]):
        yield f"response.{kind}.delta", {**place, "delta": piece}
    yield f"response.{kind}.done", {**place, name: item[name]}


def _text_events(item: JsonObject, place: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    (part,) = item["content"]
    here = {**place, "content_index": 0}
    if part["type"] == "refusal":
        yield "response.content_part.added", {**here, "part": {**part, "refusal": ""}}
        for piece in fake_model.tokens_of(part["refusal"]):
            yield "response.refusal.delta", {**here, "delta": piece}
        yield "response.refusal.done", {**here, "refusal": part["refusal"]}
        yield "response.content_part.done", {**here, "part": part}
        return
    yield "response.content_part.added", {**here, "part": {**part, "text": ""}}
    for piece in fake_model.tokens_of(part["text"]):
        yield "response.output_text.delta", {**here, "delta": piece, "logprobs": []}
    yield "response.output_text.done", {**here, "text": part["text"], "logprobs": []}
    yield "response.content_part.done", {**here, "part": part}
