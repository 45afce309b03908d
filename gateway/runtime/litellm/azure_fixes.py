"""Changes Azure's answers to what LiteLLM passes on.

It loses refusals, what separates parts of a summary, and arguments that come without deltas. It fails on an answer
without content and on an empty delta of arguments.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from ..upstream.response_fixes import Fields, ResponseFix, WithoutOwner
from ..upstream.server_sent_events import Event
from .reasoning_memory import CALLS

_MESSAGE = {"type": "message", "id": "msg_0", "role": "assistant", "status": "completed"}
_SEPARATOR = "\n\n"
_ARGUMENTS = {"response.function_call_arguments": "arguments", "response.custom_tool_call_input": "input"}
_DELTAS = {f"{call}.delta" for call in _ARGUMENTS}


def build_azure_fix(refusal_mark: str) -> ResponseFix:
    """Return the fix for an answer; `response_fixes` makes a refusal of the text between the marks again."""
    has_arguments: set[object] = set()

    def fix(fields: Fields) -> Fields:
        call, _, end = str(fields.get("type")).rpartition(".")
        if call in _ARGUMENTS:
            return _fix_arguments(fields, call, end, has_arguments)
        match fields.get("type"):
            case "response.refusal.delta":
                text = refusal_mark + fields["delta"] + refusal_mark
                return {**fields, "type": "response.output_text.delta", "delta": text, "logprobs": []}
            case "response.reasoning_summary_part.added" if fields["summary_index"] or fields["output_index"]:
                delta = {name: value for name, value in fields.items() if name != "part"}
                return {**delta, "type": "response.reasoning_summary_text.delta", "delta": _SEPARATOR}
            case None if fields.get("object") == "response":
                return {**fields, "output": _fix_output(fields["output"], refusal_mark)}
        return fields

    return _AzureFix(fix)


class _AzureFix(WithoutOwner):
    def fix_event(self, event: Event) -> bytes:
        data = event.data
        if isinstance(data, dict) and data.get("delta") == "" and data.get("type") in _DELTAS:
            return b""
        return super().fix_event(event)


def _fix_arguments(fields: Fields, call: str, end: str, has_arguments: set[object]) -> Fields:
    """If only the last event has them, it becomes a delta."""
    name, place = _ARGUMENTS[call], fields["output_index"]
    if end == "delta":
        has_arguments.add(place)
    elif fields[name] and place not in has_arguments:
        kept = {field: value for field, value in fields.items() if field not in (name, "name")}
        return {**kept, "type": f"{call}.delta", "delta": fields[name]}
    return fields


def _fix_output(items: list[Fields], refusal_mark: str) -> list[Fields]:
    """One item with the whole summary: LiteLLM keeps that of the last one before each message. At least one message."""
    reasoning = [item for item in items if item["type"] == "reasoning"]
    texts = [part["text"] for item in reasoning for part in item["summary"]]
    summary = [{"type": "summary_text", "text": _SEPARATOR.join(texts)}]
    others = [_fix_item(item, refusal_mark) for item in items if item["type"] != "reasoning"]
    if not any(item.get("content") or item["type"] in CALLS for item in others):
        others.append({**_MESSAGE, "content": [{"type": "output_text", "text": "", "annotations": []}]})
    return [{**reasoning[0], "summary": summary}, *others] if texts else others


def _fix_item(item: Fields, refusal_mark: str) -> Fields:
    if item["type"] != "message":
        return item
    parts = [
        {"type": "output_text", "text": refusal_mark + part["refusal"] + refusal_mark, "annotations": []}
        if part["type"] == "refusal"
        else part
        for part in item["content"]
    ]
    return {**item, "content": parts}
