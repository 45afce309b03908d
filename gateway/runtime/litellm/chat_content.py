"""Writes messages and tools of a chat so that LiteLLM's translation to a Responses request loses nothing of them."""

from collections.abc import Mapping
from typing import Any

Fields = Mapping[str, Any]


def prepare_messages(messages: list[Fields]) -> tuple[list[Fields], int]:
    """Return the messages, and the number of names that are dropped.

    - LiteLLM joins the texts of system and developer messages and moves them to the front; lists of parts stay where
      they are.
    - It drops an assistant's refusal; a part of the content stays.
    - The Responses API has no names of participants. They are told in the text, but not an assistant's: the model would
      begin its answers with one.
    """
    prepared = [_prepare_message(message) for message in messages]
    dropped = sum("name" in message and message["role"] == "assistant" for message in messages)
    return prepared, dropped


def _prepare_message(message: Fields) -> Fields:
    role, name, refusal, content = (message.get(field) for field in ("role", "name", "refusal", "content"))
    if role not in ("system", "developer") and not name and not refusal:
        return message
    parts = [_text(content)] if isinstance(content, str) else list(content or ())
    if name and role != "assistant":
        parts.insert(0, _text(f"<name>{name}</name>"))
    if refusal:
        parts.append({"type": "refusal", "refusal": refusal})
    kept = {field: value for field, value in message.items() if field not in ("name", "refusal")}
    return {**kept, "content": parts} if parts else kept


def prepare_tools(tools: list[Fields]) -> list[Fields]:
    """Say what `strict` is: false by default, whereas null is true in the Responses API."""
    return [
        {**tool, "function": {"strict": False, **tool["function"]}} if tool["type"] == "function" else tool
        for tool in tools
    ]


def _text(text: str) -> Fields:
    return {"type": "text", "text": text}
