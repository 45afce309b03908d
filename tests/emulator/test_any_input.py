"""Any input leads to an answer or an error of Azure, never to a crash."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from local.emulator import chat, chat_request, embeddings, json_codec, response_request
from local.emulator.answers import Answer
from local.emulator.azure_errors import AzureError
from local.emulator.configuration import EmbeddingDeployment
from local.emulator.response_store import ResponseStore
from local.emulator.responses import Responses
from tests.emulator.process import CODEX

_WORDS = (
    "user assistant tool message function function_call function_call_output reasoning input_text text output_text "
    "item_reference c1 auto required json_schema json_object"
)
_KEYS = (
    "type role content text call_id name arguments output summary tool_calls function tool_call_id id parameters "
    "properties enum anyOf items format schema json_schema mode"
)
_RESPONSES_FIELDS = sorted({*response_request._TYPES, "input", "tool_choice"} - {"model"})
_keys = st.sampled_from(_KEYS.split())
_words = st.sampled_from([*_WORDS.split(), "two calls", "use tool", "echo: \ud800"])
_scalars = st.none() | st.booleans() | st.integers(-5, 40) | st.floats(allow_nan=False) | _words
_json = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=4), max_leaves=8
)
_quick = settings(max_examples=40, deadline=None)
_responses = Responses(region="local", store=ResponseStore())


def _bodies(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), _json, max_size=4)


def _check(make: Callable[[], Answer]) -> None:
    with suppress(AzureError):
        answer = make()
        for part in answer.events or [answer.body]:
            assert part.decode()


@_quick
@given(body=_bodies(_RESPONSES_FIELDS))
def test_any_responses_request(body: dict[str, Any]) -> None:
    _check(lambda: _responses.answer({"model": CODEX, **body}))


@_quick
@given(items=st.lists(st.dictionaries(_keys, _json, max_size=5), max_size=3), tools=_json)
def test_any_input_items(items: list[Any], tools: object) -> None:
    _check(lambda: _responses.answer({"model": CODEX, "input": items, "tools": tools, "stream": True}))
    _check(lambda: _responses.compact({"model": CODEX, "input": items}))


@_quick
@given(
    body=_bodies(sorted(chat_request._KNOWN)), messages=st.lists(st.dictionaries(_keys, _json, max_size=4), max_size=3)
)
def test_any_chat_request(body: dict[str, Any], messages: list[Any]) -> None:
    chat_body = {"messages": [{"role": "user", "content": "hi"}, *messages]}
    _check(lambda: chat.answer({**chat_body, **body}, deployment="d", region="local"))


@_quick
@given(body=_bodies(["input", "dimensions", "encoding_format", "user"]))
def test_any_embeddings_request(body: dict[str, Any]) -> None:
    _check(lambda: embeddings.answer(body, name="d", deployment=EmbeddingDeployment()))


@_quick
@given(body=st.binary(max_size=40))
def test_any_bytes(body: bytes) -> None:
    with suppress(ValueError):
        assert json_codec.dumps(json_codec.loads(body))
