"""Changes Azure's answers to what LiteLLM passes on: it loses refusals, and what separates parts of a summary.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from ..upstream.response_fixes import Fields, ResponseFix, WithoutOwner

_SEPARATOR = "\n\n"


def build_azure_fix(refusal_mark: str) -> ResponseFix:
    """Return the fix for a request; `response_fixes` makes a refusal of the text with the mark again."""

    def fix(fields: Fields) -> Fields:
        match fields.get("type"):
            case "response.refusal.delta":
                text = refusal_mark + fields["delta"]
                return {**fields, "type": "response.output_text.delta", "delta": text, "logprobs": []}
            case "response.reasoning_summary_part.added" if fields["summary_index"] or fields["output_index"]:
                delta = {name: value for name, value in fields.items() if name != "part"}
                return {**delta, "type": "response.reasoning_summary_text.delta", "delta": _SEPARATOR}
            case None if fields.get("object") == "response":
                return {**fields, "output": _fix_output(fields["output"], refusal_mark)}
        return fields

    return WithoutOwner(fix)


def _fix_output(items: list[Fields], refusal_mark: str) -> list[Fields]:
    """One item with the whole summary: LiteLLM keeps that of the last one before each message."""
    reasoning = [item for item in items if item["type"] == "reasoning"]
    texts = [part["text"] for item in reasoning for part in item["summary"]]
    summary = [{"type": "summary_text", "text": _SEPARATOR.join(texts)}]
    others = [_fix_item(item, refusal_mark) for item in items if item["type"] != "reasoning"]
    return [{**reasoning[0], "summary": summary}, *others] if texts else others


def _fix_item(item: Fields, refusal_mark: str) -> Fields:
    if item["type"] != "message":
        return item
    parts = [
        {"type": "output_text", "text": refusal_mark + part["refusal"], "annotations": []}
        if part["type"] == "refusal"
        else part
        for part in item["content"]
    ]
    return {**item, "content": parts}
