"""What an answer says it cost, and what a call is thought to cost before."""

import pytest

from gateway.runtime.context import Surface, Tokens
from gateway.runtime.token_usage import estimate_tokens, read_tokens

RESPONSE = {
    "object": "response",
    "usage": {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 64},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 8},
        "total_tokens": 120,
    },
}
CHAT = {
    "object": "chat.completion",
    "usage": {
        "prompt_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 64},
        "completion_tokens": 20,
        "completion_tokens_details": {"reasoning_tokens": 8},
    },
}
COUNTED = Tokens(input=100, output=20, cached=64, reasoning=8)


@pytest.mark.parametrize("data", [RESPONSE, {"type": "response.completed", "response": RESPONSE}, CHAT])
def test_the_usage_of_every_surface_is_read(data: object) -> None:
    assert read_tokens(data) == COUNTED


def test_embeddings_put_nothing_out() -> None:
    assert read_tokens({"data": [], "usage": {"prompt_tokens": 7, "total_tokens": 7}}) == Tokens(input=7)


@pytest.mark.parametrize(
    "data",
    [
        None,
        "[DONE]",
        [],
        {},
        {"usage": None},
        {"usage": "many"},
        {"response": None},
        {"type": "response.created", "response": {"usage": None}},
        {"choices": [], "usage": {}},
    ],
)
def test_what_tells_no_usage_gives_none(data: object) -> None:
    assert read_tokens(data) is None


def test_numbers_that_are_none_count_as_nothing() -> None:
    usage = {"input_tokens": None, "output_tokens": "9", "input_tokens_details": None}
    assert read_tokens({"usage": usage}) == Tokens()


@pytest.mark.parametrize(
    ("value", "tokens"),
    [("x" * 400, 100), ("", 1), ("é", 1), (["abcd", "abcd", "x"], 3), ([1, 2, 3], 3), ([[1, 2], [3]], 3), (None, 1)],
)
def test_embeddings_are_estimated_by_their_input_alone(value: object, tokens: int) -> None:
    assert estimate_tokens(Surface.EMBEDDINGS, {"input": value, "model": "m" * 1000}) == tokens


def test_half_a_surrogate_pair_is_estimated_too() -> None:
    assert estimate_tokens(Surface.EMBEDDINGS, {"input": "\ud800"}) == 1


def test_everything_said_in_a_conversation_is_estimated() -> None:
    messages = [{"role": "user", "content": "x" * 4000}]
    alone = estimate_tokens(Surface.CHAT, {"messages": messages})
    with_tools = estimate_tokens(Surface.CHAT, {"messages": messages, "tools": ["y" * 400]})
    assert 1000 < alone < 1020
    assert with_tools >= alone + 100


def test_an_image_is_not_estimated_by_its_length() -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64," + "A" * 1_000_000}
    assert 1000 <= estimate_tokens(Surface.RESPONSES, {"input": [image]}) < 1100


def test_counting_tokens_costs_none() -> None:
    assert estimate_tokens(Surface.INPUT_TOKENS, {"model": "m", "input": "x" * 400}) == 0
