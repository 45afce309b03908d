"""What a good answer holds: each judge returns a word about it, or raises `MisfitError`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scripts.smoke_test.exchange import Answer
from scripts.smoke_test.misfits import MisfitError, hollow, whole
from scripts.smoke_test.offer import Served

Judge = Callable[[Answer], str]
_UNIT = (0.9, 1.1)
"""OpenAI's vectors have length 1. https://platform.openai.com/docs/guides/embeddings"""


def judged(judge: Judge, answer: Answer) -> str:
    """What it says; an answer may hold anything anywhere, and another shape is as wrong as a missing field."""
    try:
        return judge(answer)
    except (ArithmeticError, AttributeError, TypeError, ValueError):
        raise hollow("a field of another type") from None


def lists(names: Iterable[str]) -> Judge:
    """A list of models with all of these."""
    expected = list(names)

    def judge(answer: Answer) -> str:
        data = whole(answer).get("data")
        listed = [str(item.get("id")) for item in data if isinstance(item, dict)] if isinstance(data, list) else []
        if missing := [name for name in expected if name not in listed]:
            raise MisfitError(
                f"missing: {', '.join(missing)}",
                layer="project",
                meaning="The gateway does not offer this key what the settings of {env} promise project {project}.",
                look_at=(
                    "whose key it is: another project's has other models",
                    "whether these settings are the deployed ones: the revision may be older than this checkout",
                ),
            )
        return ", ".join(listed)

    return judge


def responds(served: Served) -> Judge:
    """A response with text."""

    def judge(answer: Answer) -> str:
        fields = whole(answer)
        return complete_response(fields, served)

    return judge


def complete_response(fields: Mapping[str, Any], served: Served) -> str:
    """A response that is finished, has text, and tells what it cost."""
    if fields.get("status") != "completed":
        raise hollow(f"status {fields.get('status')}")
    items = [item for item in fields.get("output") or () if isinstance(item, dict)]
    parts = [part for item in items for part in item.get("content") or () if isinstance(part, dict)]
    if not "".join(str(part.get("text", "")) for part in parts if part.get("type") == "output_text").strip():
        raise hollow("no text")
    return f"{_tokens(fields, 'input_tokens', 'output_tokens')}{_name(fields, served)}"


def chats(served: Served) -> Judge:
    """A chat completion with text."""

    def judge(answer: Answer) -> str:
        fields = whole(answer)
        choices = [choice for choice in fields.get("choices") or () if isinstance(choice, dict)]
        message = choices[0].get("message") if choices else None
        if not isinstance(message, dict) or not str(message.get("content") or "").strip():
            raise hollow("no text")
        return f"{_tokens(fields, 'prompt_tokens', 'completion_tokens')}{_name(fields, served)}"

    return judge


def embeds(served: Served) -> Judge:
    """A vector of the settings' dimension."""

    def judge(answer: Answer) -> str:
        data = whole(answer).get("data")
        vector = data[0].get("embedding") if isinstance(data, list) and data and isinstance(data[0], dict) else None
        if not isinstance(vector, list) or not vector or not all(type(number) in (int, float) for number in vector):
            raise hollow("no vector")
        expected, length = served.model.dimension, math.sqrt(sum(number * number for number in vector))
        if len(vector) != expected:
            raise MisfitError(
                f"{len(vector)} numbers instead of {expected}",
                layer="Azure deployment",
                meaning=f"Deployment {{deployment}} gives vectors of {len(vector)} numbers, and clients size their "
                f"index by the {expected} of the settings.",
                look_at=("`dimension` in {table} of the settings of {env}", "which model is behind the deployment"),
            )
        if not _UNIT[0] < length < _UNIT[1]:
            raise hollow(f"a vector of length {length:.3g}, not 1")
        return f"{len(vector)} numbers{_name(answer.fields, served)}"

    return judge


def _tokens(fields: Mapping[str, Any], *names: str) -> str:
    usage = fields.get("usage")
    counts = [usage.get(name) if isinstance(usage, dict) else None for name in names]
    if not all(type(count) is int and count > 0 for count in counts):
        raise hollow("no usage")
    return f"{counts[0]} + {counts[1]} tokens"


def _name(fields: Mapping[str, Any], served: Served) -> str:
    """Azure calls a model by its deployment or, with a date, by what is behind it: another name is no failure."""
    name = fields.get("model")
    if not isinstance(name, str) or not name:
        raise hollow("no model")
    known = (served.model.name, served.model.deployment)
    return "" if name.startswith(known) else f", answered as {name[:40]}"
