"""Any body: it is answered or refused as OpenAI does, and never leads to an error of the gateway or LiteLLM."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.gateway.runtime.admission import test_litellm_fields as shapes

from .azure_regions import AzureRegions
from .raw_http import HttpResponse, from_httpx, send
from .surfaces import CHAT, CODEX, EMBEDDING, TRANSLATED_CHAT, TRANSLATED_CODEX

_GATEWAY_ERRORS = {"internal_error", "translation_failed", "translation_unavailable", "upstream_unavailable"}
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
_CHAT_OF_RESPONSES = {
    name: value
    for name, value in shapes.CHAT.items()
    if name not in ("top_logprobs", "logprobs", "logit_bias", "seed", "stop", "presence_penalty")
}
_BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "responses": ("/v1/responses", {**_RESPONSE, "model": CODEX}),
    "compact": ("/v1/responses/compact", {"model": CODEX, "input": "echo: hi", "instructions": "x"}),
    "chat": ("/v1/chat/completions", {**_PLAIN_CHAT, "model": CHAT}),
    "embeddings": ("/v1/embeddings", {**shapes.EMBEDDINGS, "model": EMBEDDING}),
}
_TRANSLATED_BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "chat of a codex model": ("/v1/chat/completions", {**_CHAT_OF_RESPONSES, "model": CODEX}),
    "chat": ("/v1/chat/completions", {**_PLAIN_CHAT, "model": TRANSLATED_CHAT}),
    "responses": ("/v1/responses", {**_RESPONSE, "model": TRANSLATED_CODEX}),
    "embeddings": ("/v1/embeddings", {**shapes.EMBEDDINGS, "model": "translated-embeddings"}),
}
_PATHS = sorted({path for path, _ in _BODIES.values()})
# One example takes 3 ms, through LiteLLM 30 ms.
_EXAMPLES, _TRANSLATED_EXAMPLES, _ALL_EXAMPLES = 100, 40, 700
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
Changes = list[tuple[float, str, object]]
_fuzz = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def _assert_sound(response: HttpResponse, body: object) -> None:
    assert response.code not in _GATEWAY_ERRORS, (response.body, body)
    assert response.status < 500, (response.body, body)
    for code in _GATEWAY_ERRORS:
        assert f'"{code}"'.encode() not in response.body, body


def _paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in inner:
        yield (*path, step)
        yield from _paths(part, (*path, step))


def _changed(body: dict[str, Any], changes: Changes) -> dict[str, Any]:
    """Replace, add or remove some values anywhere in the body."""
    changed = copy.deepcopy(body)
    for where, how, value in changes:
        paths = list(_paths(changed))
        *steps, last = paths[int(where * len(paths))]
        inner: Any = changed
        for step in steps:
            inner = inner[step]
        if how == "remove" and len(paths) > 1:
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


def _fuzz_body(http: httpx.Client, path: str, body: dict[str, Any], *, examples: int) -> None:
    statuses: set[int] = set()

    @settings(_fuzz, max_examples=examples)
    @given(_CHANGES)
    @example([])
    def post(changes: Changes) -> None:
        changed = _changed(body, changes)
        response = from_httpx(http.post(path, content=json.dumps(changed)))
        _assert_sound(response, changed)
        statuses.add(response.status)

    post()
    assert statuses >= {200, 400}, "the changes are too wild or too tame"


@pytest.mark.parametrize(("path", "body"), _BODIES.values(), ids=_BODIES)
def test_any_change_of_a_body_is_answered_or_refused(
    http_with_key: httpx.Client, path: str, body: dict[str, Any]
) -> None:
    _fuzz_body(http_with_key, path, body, examples=_EXAMPLES)


@pytest.mark.litellm
@pytest.mark.parametrize(("path", "body"), _TRANSLATED_BODIES.values(), ids=_TRANSLATED_BODIES)
def test_also_through_litellm(http_with_key: httpx.Client, path: str, body: dict[str, Any]) -> None:
    _fuzz_body(http_with_key, path, body, examples=_TRANSLATED_EXAMPLES)


@pytest.mark.full
@pytest.mark.litellm
@pytest.mark.parametrize(
    ("path", "body"),
    [*_BODIES.values(), *_TRANSLATED_BODIES.values()],
    ids=[*_BODIES, *map("translated {}".format, _TRANSLATED_BODIES)],
)
def test_also_many_changes(http_with_key: httpx.Client, path: str, body: dict[str, Any]) -> None:
    _fuzz_body(http_with_key, path, body, examples=_ALL_EXAMPLES)


@pytest.mark.parametrize("path", _PATHS)
def test_bytes_that_are_no_body_are_refused(http_with_key: httpx.Client, azure: AzureRegions, path: str) -> None:
    json_like = st.lists(st.sampled_from(list('{}[]":, \n\\u0dtn1e.-')), max_size=40).map("".join).map(str.encode)

    @settings(_fuzz, max_examples=_EXAMPLES)
    @given(st.binary(max_size=60) | json_like | _VALUES.map(json.dumps).map(str.encode))
    def post(body: bytes) -> None:
        response = from_httpx(http_with_key.post(path, content=body))
        assert response.status in (400, 404), body
        _assert_sound(response, body)

    post()
    assert azure.requests() == []


def test_lines_that_are_no_request_are_refused(azure: AzureRegions) -> None:
    token = st.text(st.characters(min_codepoint=1, max_codepoint=255), min_size=1, max_size=12)
    line = st.tuples(st.sampled_from(["GET", "POST", "X"]) | token, st.just("/v1/models") | token.map("/".__add__))
    headers = st.lists(st.tuples(st.sampled_from(["Host", "Authorization", "Content-Length", "Expect"]) | token, token))

    @settings(_fuzz, max_examples=_EXAMPLES)
    @given(line, headers)
    def request(line: tuple[str, str], headers: list[tuple[str, str]]) -> None:
        lines = [f"{line[0]} {line[1]} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        data = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
        response = send(azure.session.host_url, data)
        assert response.status in (400, 401, 404, 431), lines
        _assert_sound(response, lines)

    request()
    assert azure.requests() == []
