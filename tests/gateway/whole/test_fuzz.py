"""Whatever the body: an answer, or a refusal in OpenAI's words; never a failure of the gateway's own making."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.runner.session import Session
from tests.gateway.runtime.admission import test_litellm_fields as shapes

from .knocking import Answer, answer_of, send
from .regions import Regions
from .surfaces import CHAT, CODEX, EMBEDDING

_OF_ITS_OWN_MAKING = {"internal_error", "translation_failed", "translation_unavailable", "upstream_unavailable"}
# Without what Azure's reasoning models refuse, and what only they answer.
_RESPONSE = {
    name: value
    for name, value in shapes.RESPONSES.items()
    if name not in ("temperature", "top_p", "top_logprobs", "previous_response_id", "tool_choice", "max_tool_calls")
} | {"input": [{"role": "user", "content": [{"type": "input_text", "text": "echo: hi"}]}], "max_output_tokens": 50}
_PLAIN_CHAT = {name: shapes.CHAT[name] for name in ("stream", "temperature", "tools", "max_tokens", "user", "stop")} | {
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "echo: hi"}]},
    ]
}
_CASES: dict[str, tuple[str, dict[str, Any], int]] = {
    "responses": ("/v1/responses", {**_RESPONSE, "model": CODEX}, 500),
    "compact": ("/v1/responses/compact", {"model": CODEX, "input": "echo: hi", "instructions": "x"}, 100),
    "chat": ("/v1/chat/completions", {**_PLAIN_CHAT, "model": CHAT}, 500),
    "embeddings": ("/v1/embeddings", {**shapes.EMBEDDINGS, "model": EMBEDDING}, 300),
    "translated chat of a codex model": ("/v1/chat/completions", {**shapes.CHAT, "model": CODEX}, 700),
    "translated chat": ("/v1/chat/completions", {**_PLAIN_CHAT, "model": "translated-chat"}, 700),
    "translated responses": ("/v1/responses", {**_RESPONSE, "model": "translated-codex"}, 1000),
    "translated embeddings": ("/v1/embeddings", {**shapes.EMBEDDINGS, "model": "translated-embeddings"}, 300),
}
_WORDS = [
    "",
    "x",
    "auto",
    "text",
    "function",
    "type",
    "role",
    "assistant",
    "resp_1",
    "data:,x",
    "\ud800",
    "\0",
    "[DONE]",
]
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(_WORDS)
    | st.text(max_size=5)
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS[1:8]), inner, max_size=3),
    max_leaves=6,
)
_fuzz = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def http(regions: Session) -> Iterator[httpx.Client]:
    """A client with a project's key."""
    headers = {"authorization": f"Bearer {regions.key}", "content-type": "application/json"}
    with httpx.Client(base_url=regions.host_url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def _assert_sound(answer: Answer, said: object) -> None:
    assert answer.code not in _OF_ITS_OWN_MAKING, (answer.body, said)
    assert answer.status < 500, (answer.body, said)
    for code in _OF_ITS_OWN_MAKING:
        assert f'"{code}"'.encode() not in answer.body, said


def _places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in inner:
        yield (*path, step)
        yield from _places(part, (*path, step))


def _changed(body: dict[str, Any], changes: list[tuple[float, str, object]]) -> dict[str, Any]:
    """Put other values in some places of the body, or add or take some away."""
    changed = copy.deepcopy(body)
    for where, how, value in changes:
        places = list(_places(changed))
        *steps, last = places[int(where * len(places))]
        inner: Any = changed
        for step in steps:
            inner = inner[step]
        if how == "remove" and len(places) > 1:
            del inner[last]
        elif how == "add" and isinstance(inner, dict):
            inner["new" if isinstance(value, int) else "type"] = value
        else:
            inner[last] = value
    return changed


_CHANGES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.sampled_from(["set", "set", "remove", "add"]), _VALUES),
    min_size=1,
    max_size=3,
)


@pytest.mark.parametrize("case", _CASES)
def test_a_body_with_anything_anywhere_is_answered_or_refused(http: httpx.Client, world: Regions, case: str) -> None:
    path, body, examples = _CASES[case]
    del world
    statuses: set[int] = set()

    @settings(_fuzz, max_examples=examples)
    @given(_CHANGES)
    def knock(changes: list[tuple[float, str, object]]) -> None:
        said = _changed(body, changes)
        answer = answer_of(http.post(path, content=json.dumps(said)))
        _assert_sound(answer, said)
        statuses.add(answer.status)

    knock()
    assert statuses >= {200, 400}, "the fuzzing is too wild or too tame"


@pytest.mark.parametrize("path", sorted({path for path, _, _ in _CASES.values()}))
def test_bytes_that_are_no_body_are_refused(http: httpx.Client, world: Regions, path: str) -> None:
    json_like = st.lists(st.sampled_from(list('{}[]":, \n\\u0dtn1e.-')), max_size=40).map("".join).map(str.encode)

    @settings(_fuzz, max_examples=100)
    @given(st.binary(max_size=60) | json_like | _VALUES.map(json.dumps).map(str.encode))
    def knock(body: bytes) -> None:
        answer = answer_of(http.post(path, content=body))
        assert answer.status in (400, 404), body
        _assert_sound(answer, body)

    knock()
    assert world.calls() == []


def test_lines_that_are_no_request_are_refused(world: Regions) -> None:
    token = st.text(st.characters(min_codepoint=1, max_codepoint=255), min_size=1, max_size=12)
    line = st.tuples(st.sampled_from(["GET", "POST", "X"]) | token, st.just("/v1/models") | token.map("/".__add__))
    headers = st.lists(st.tuples(st.sampled_from(["Host", "Authorization", "Content-Length", "Expect"]) | token, token))

    @settings(_fuzz, max_examples=150)
    @given(line, headers)
    def knock(line: tuple[str, str], headers: list[tuple[str, str]]) -> None:
        lines = [f"{line[0]} {line[1]} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        answer = send(world.session.host_url, "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
        assert answer.status in (400, 401, 404, 431), lines
        _assert_sound(answer, lines)

    knock()
    assert world.calls() == []
