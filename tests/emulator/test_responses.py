"""Answers of POST /openai/responses, read by the `openai` package."""

import json
from typing import Any

import pytest
from openai.types.responses import Response
from starlette.testclient import TestClient

from tests.emulator.process import CODEX, RESPONSES_PATH, Emulator

# Open Responses asks for these, the package's model does not know them.
_BEYOND_THE_PACKAGE = {"store", "presence_penalty", "frequency_penalty", "completed_at"}


def test_an_answer_has_every_field_of_the_schema(client: TestClient) -> None:
    answer = client.post(RESPONSES_PATH, json={"model": CODEX, "input": "hi"}).json()
    assert set(Response.model_fields) | _BEYOND_THE_PACKAGE <= set(answer)
    Response.model_validate(answer, strict=True)
    assert answer["status"] == "completed"
    assert answer["error"] is answer["incomplete_details"] is answer["moderation"] is None


def test_what_the_request_said_is_in_the_answer(client: TestClient) -> None:
    said = {
        "instructions": "be brief",
        "max_output_tokens": 128000,
        "metadata": {"a": "b"},
        "parallel_tool_calls": False,
        "prompt_cache_key": "key",
        "prompt_cache_retention": "24h",
        "safety_identifier": "me",
        "store": False,
        "tool_choice": "none",
        "truncation": "auto",
        "user": "me",
    }
    body = {"model": CODEX, "input": "hi", "text": {"verbosity": "low"}, **said}
    answer = client.post(RESPONSES_PATH, json=body).json()
    assert {name: answer[name] for name in said} == said
    assert answer["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert answer["reasoning"] == {"effort": "medium", "summary": None}


def test_usage_adds_up_and_counts_cached_and_reasoning_tokens(emulator: Emulator) -> None:
    response = emulator.responses.responses.create(
        model=CODEX, input="echo: one two " * 50, reasoning={"effort": "low"}
    )
    assert response.usage is not None
    assert response.usage.input_tokens_details.cached_tokens > 0
    assert response.usage.output_tokens_details.reasoning_tokens > 0
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


@pytest.mark.parametrize(
    "prompt",
    [
        "echo: a word",
        [{"role": "user", "content": "echo: a word"}],
        [
            {"role": "user", "content": "two calls"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "what?"}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "echo: a word"}]},
        ],
    ],
)
def test_the_last_words_of_the_user_steer_the_answer(emulator: Emulator, prompt: str | list[Any]) -> None:
    assert emulator.responses.responses.create(model=CODEX, input=prompt).output_text == "a word"


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        (
            {"type": "json_schema", "name": "x", "schema": {"properties": {"word": {"type": "string"}}}},
            {"word": "word é0"},
        ),
        ({"type": "json_object"}, {"answer": "answer é0"}),
    ],
)
def test_a_structured_answer_fits_its_schema(
    emulator: Emulator, format_: dict[str, Any], expected: dict[str, str]
) -> None:
    text: Any = {"format": format_}
    response = emulator.responses.responses.create(model=CODEX, input="hi", text=text)
    assert json.loads(response.output_text) == expected


def test_the_same_request_gets_the_same_text(emulator: Emulator) -> None:
    texts = {emulator.responses.responses.create(model=CODEX, input="hi").output_text for _ in range(2)}
    assert len(texts) == 1
