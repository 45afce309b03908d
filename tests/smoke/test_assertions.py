"""Answers that are not what they must be."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from scripts.smoke_test.assertions import (
    Assertion,
    AssertionFailure,
    evaluate,
    is_chat_completion,
    is_embedding,
    is_refusal,
    is_response,
    is_response_stream,
    lists_models,
)
from scripts.smoke_test.http import Response
from scripts.smoke_test.target import Deployment, Target
from tests.smoke.stub_gateway import CHAT, EMBEDDING, EVENTS, MODELS, RESPONSE, Reply, as_json, error, stream

FAILED = {"type": "response.failed", "response": {"error": {"code": "z"}}}
Kind = Callable[[Deployment], Assertion]


def received(reply: Reply, *, broken: str = "") -> Response:
    headers = {"content-type": reply.media_type}
    return Response(status=reply.status, headers=headers, text=reply.body.decode(), ms=9.0, first_ms=4.0, broken=broken)


def failure(assertion: Assertion, response: Response) -> AssertionFailure:
    with pytest.raises(AssertionFailure) as raised:
        evaluate(assertion, response)
    return raised.value


@pytest.fixture
def codex(target: Target) -> Deployment:
    return target.deployments[0]


@pytest.fixture
def embeddings(target: Target) -> Deployment:
    return target.deployments[1]


def test_good_answers_pass_with_what_they_cost(codex: Deployment, embeddings: Deployment) -> None:
    assert evaluate(is_response(codex), received(as_json(RESPONSE))) == "3 + 2 tokens"
    assert evaluate(is_chat_completion(codex), received(as_json(CHAT))) == "3 + 2 tokens"
    assert evaluate(is_embedding(embeddings), received(as_json(EMBEDDING))) == "3072 numbers"
    streamed = evaluate(is_response_stream(codex), received(stream()))
    assert streamed == "first event after 4 ms, 5 events, 3 + 2 tokens"


def test_another_name_of_the_model_is_shown_and_no_failure(codex: Deployment) -> None:
    """Azure names a chat model by what is behind the deployment."""
    note = evaluate(is_response(codex), received(as_json({**RESPONSE, "model": "gpt-4o-2024-11-20"})))
    assert note == "3 + 2 tokens, answered as gpt-4o-2024-11-20"


@pytest.mark.parametrize(
    ("kind", "good", "change", "note"),
    [
        (is_response, RESPONSE, {"output": []}, "no text"),
        (is_response, RESPONSE, {"status": "incomplete"}, "status incomplete"),
        (is_response, RESPONSE, {"usage": None}, "no usage"),
        (is_response, RESPONSE, {"usage": {"input_tokens": True, "output_tokens": 2}}, "no usage"),
        (is_response, RESPONSE, {"usage": {"input_tokens": 0, "output_tokens": 2}}, "no usage"),
        (is_response, RESPONSE, {"model": None}, "no model"),
        (is_response, RESPONSE, {"output": 5}, "a field of another type"),
        (is_chat_completion, CHAT, {"choices": []}, "no text"),
        (is_chat_completion, CHAT, {"choices": [{"message": {"content": " "}}]}, "no text"),
        (is_chat_completion, CHAT, {"usage": None}, "no usage"),
        (is_chat_completion, CHAT, {"choices": 5}, "a field of another type"),
        (is_embedding, EMBEDDING, {"data": []}, "no vector"),
        (is_embedding, EMBEDDING, {"data": [{"embedding": [10**400] * 3072}]}, "a field of another type"),
        (is_embedding, EMBEDDING, {"data": [{"embedding": [0.0] * 3072}]}, "a vector of length 0, not 1"),
        (is_embedding, EMBEDDING, {"data": [{"embedding": [1.2] + [0.0] * 3071}]}, "a vector of length 1.2, not 1"),
        (is_embedding, EMBEDDING, {"data": [{"embedding": [0.8] + [0.0] * 3071}]}, "a vector of length 0.8, not 1"),
        (is_embedding, EMBEDDING, {"data": [{"embedding": [float("nan")] * 3072}]}, "a vector of length nan, not 1"),
        (is_embedding, EMBEDDING, {"data": [{"embedding": [True] * 3072}]}, "no vector"),
    ],
)
def test_an_incomplete_answer(
    target: Target, kind: Kind, good: Mapping[str, Any], change: Mapping[str, Any], note: str
) -> None:
    deployment = target.deployments[1 if kind is is_embedding else 0]
    found = failure(kind(deployment), received(as_json({**deepcopy(dict(good)), **change})))
    assert (found.note, found.advice.id) == (note, "incomplete-answer")


def test_vectors_of_another_dimension(embeddings: Deployment) -> None:
    found = failure(is_embedding(embeddings), received(as_json({**EMBEDDING, "data": [{"embedding": [1.0] * 1536}]})))
    assert (found.note, found.advice.id) == ("1536 numbers instead of 3072", "wrong-dimension")
    assert found.words == {"length": 1536, "expected": 3072}


def test_a_model_that_is_not_listed() -> None:
    found = failure(lists_models(["gpt-5.3-codex", "other"]), received(as_json(MODELS)))
    assert (found.note, found.advice.id) == ("missing: other", "missing-models")


@pytest.mark.parametrize("content", [{"data": 5}, {"data": ["gpt-5.3-codex"]}, {}])
def test_a_list_of_models_of_another_shape(content: object) -> None:
    failure(lists_models(["gpt-5.3-codex"]), received(as_json(content)))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"<html>Welcome</html>", media_type="text/html"),
        Reply(body=b'{"status": "completed"}', media_type="text/html"),
        Reply(body=b"[" * 100_000),
    ],
)
def test_an_answer_without_json(codex: Deployment, reply: Reply) -> None:
    for assertion in (is_response(codex), is_response_stream(codex)):
        assert failure(assertion, received(reply)).advice.id == "no-json"


def test_an_answer_that_ends_early(codex: Deployment) -> None:
    found = failure(is_response(codex), received(as_json(RESPONSE), broken="RemoteProtocolError"))
    assert (found.note, found.advice.id) == ("ends early: RemoteProtocolError", "cut-off")


@pytest.mark.parametrize(
    ("events", "broken", "note", "advice"),
    [
        (EVENTS[:-1], "", "ends after response.output_text.delta", "cut-off"),
        (EVENTS[:2], "ReadError", "ends after response.in_progress (ReadError)", "cut-off"),
        ((), "", "ends after nothing", "cut-off"),
        (EVENTS[1:], "", "begins with response.in_progress", "incomplete-answer"),
        ((EVENTS[0], EVENTS[-1]), "", "no text before the end", "incomplete-answer"),
        ((*EVENTS[:-1], {"type": "response.incomplete"}), "", "ends with response.incomplete", "incomplete-answer"),
        ((*EVENTS[:3], {**EVENTS[3], "sequence_number": 1}, EVENTS[4]), "", "events out of order", "incomplete-answer"),
        ((EVENTS[0], {"type": "error", "code": "x"}), "", "breaks off: x", "interrupted"),
        ((EVENTS[0], {"type": "error", "error": {"code": "y"}}), "", "breaks off: y", "interrupted"),
        ((EVENTS[0], FAILED), "", "breaks off: z", "interrupted"),
        ((EVENTS[0], {"type": "response.failed", "response": 5}), "", "breaks off: error", "interrupted"),
    ],
)  # fmt: skip
def test_an_incomplete_stream(
    codex: Deployment, events: tuple[Mapping[str, Any], ...], broken: str, note: str, advice: str
) -> None:
    found = failure(is_response_stream(codex), received(stream(events), broken=broken))
    assert (found.note, found.advice.id) == (note, advice)


def test_a_stream_without_json(codex: Deployment) -> None:
    reply = replace(stream(), body=b"data: {\n\n" + stream().body)
    assert failure(is_response_stream(codex), received(reply)).note == "an event without JSON"


def test_an_answer_in_one_piece_is_no_stream(codex: Deployment) -> None:
    note = failure(is_response_stream(codex), received(as_json(RESPONSE))).note
    assert note == "application/json instead of a stream"


INCOMPLETE = {"error": {"code": "model_not_found", "message": "?"}}
HTML = replace(error(404, "model_not_found"), media_type="text/html")
REFUSAL = is_refusal(status=404, code="model_not_found", if_answered="unknown-model-answered")


def test_a_refusal_in_openais_format() -> None:
    assert evaluate(REFUSAL, received(error(404, "model_not_found"))) == "404 model_not_found"


@pytest.mark.parametrize(
    ("reply", "note", "advice"),
    [
        (as_json(RESPONSE), "answered", "unknown-model-answered"),
        (error(400, "other"), "400 other instead of 404 model_not_found", "not-an-openai-error"),
        (error(404, "model_not_found", ""), "404, and no OpenAI error: no message", "not-an-openai-error"),
        (as_json(INCOMPLETE, status=404), "404, and no OpenAI error: type, param", "not-an-openai-error"),
        (HTML, "404, and no OpenAI error: no message", "not-an-openai-error"),
    ],
)  # fmt: skip
def test_a_refusal_of_another_kind(reply: Reply, note: str, advice: str) -> None:
    found = failure(REFUSAL, received(reply))
    assert (found.note, found.advice.id) == (note, advice)


def test_any_json_fails_without_a_traceback(codex: Deployment) -> None:
    contents: list[object] = [
        [],
        5,
        None,
        "x",
        {"output": [{"content": 5}]},
        {"choices": [{"message": 5}]},
        {"data": [5]},
    ]
    for content in contents:
        response = received(Reply(body=json.dumps(content).encode()))
        for assertion in (is_response(codex), is_chat_completion(codex), is_embedding(codex), lists_models(["m"])):
            failure(assertion, response)
