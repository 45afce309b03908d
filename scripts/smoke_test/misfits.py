"""Answers with the right status that are not what they must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.smoke_test.diagnosis import FIELDS, Layer
from scripts.smoke_test.exchange import Answer


class MisfitError(Exception):
    """An answer with the right status, and not what it must be."""

    def __init__(self, note: str, *, layer: Layer, meaning: str, look_at: tuple[str, ...] = (FIELDS,)) -> None:
        super().__init__(note)
        self.note = note
        self.layer = layer
        self.meaning = meaning
        self.look_at = look_at


def whole(answer: Answer) -> Mapping[str, Any]:
    """The fields of an answer that came to its end."""
    if answer.broke:
        raise cut(f"cut: {answer.broke}")
    if not answer.fields or "json" not in answer.media_type:
        raise MisfitError(
            "200, but no JSON", layer="gateway", meaning="Whoever answers {base_url} is not this gateway: {said}"
        )
    return answer.fields


def cut(note: str) -> MisfitError:
    """The gateway tells of an upstream that stops, so that it was not Azure."""
    meaning = "The answer ends in the middle, and the gateway did not say so: it ended itself, or what is between did."
    return MisfitError(
        note, layer="network", meaning=meaning, look_at=("{system_log}", "a proxy with a time limit", FIELDS)
    )


def hollow(note: str) -> MisfitError:
    """An answer without what it is for."""
    meaning = "The answer of {model} is not what the API promises: {note}."
    look_at = ("which model is behind deployment {deployment} in Azure AI Foundry", FIELDS)
    return MisfitError(note, layer="Azure deployment", meaning=meaning, look_at=look_at)
