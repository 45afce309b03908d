"""Embeddings: form, determinism, limits, refusals."""

import base64
import math
import struct
import time
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.emulator.process import EMBEDDING, EMBEDDINGS_PATH, Emulator


def _vector(client: TestClient, text: str, *, size: int = 3072) -> list[float]:
    answer = client.post(EMBEDDINGS_PATH, json={"input": text, "dimensions": size})
    assert answer.status_code == 200, answer.text
    vector: list[float] = answer.json()["data"][0]["embedding"]
    return vector


def _decoded(text: str) -> tuple[float, ...]:
    packed = base64.b64decode(text, validate=True)
    return struct.unpack(f"<{len(packed) // 4}f", packed)


def test_the_sdk_reads_a_batch(emulator: Emulator) -> None:
    answer = emulator.embeddings.embeddings.create(model=EMBEDDING, input=["one", "two", "one"])
    assert [item.index for item in answer.data] == [0, 1, 2]
    assert all(len(item.embedding) == 3072 for item in answer.data)
    assert answer.data[0].embedding == answer.data[2].embedding != answer.data[1].embedding
    assert answer.model == EMBEDDING
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == 3


@pytest.mark.parametrize("size", [3072, 1536, 256, 24, 7, 1])
def test_vectors_have_unit_length_in_every_size_and_both_encodings(client: TestClient, size: int) -> None:
    numbers = _vector(client, "text", size=size)
    assert len(numbers) == size
    assert math.hypot(*numbers) == pytest.approx(1, abs=1e-6)
    packed = client.post(EMBEDDINGS_PATH, json={"input": "text", "dimensions": size, "encoding_format": "base64"})
    assert _decoded(packed.json()["data"][0]["embedding"]) == tuple(numbers)


def test_different_texts_point_in_different_directions(client: TestClient) -> None:
    one, other = _vector(client, "one"), _vector(client, "other")
    assert abs(sum(a * b for a, b in zip(one, other, strict=True))) < 0.2


def test_a_shorter_vector_is_the_beginning_of_the_full_one(client: TestClient) -> None:
    full, short = _vector(client, "text"), _vector(client, "text", size=100)
    factor = math.hypot(*full[:100])
    assert [number * factor for number in short] == pytest.approx(full[:100], abs=1e-6)


def test_the_same_text_has_the_same_vector_in_another_process(emulator: Emulator, client: TestClient) -> None:
    body = rb'{"input": "Gr\u00f6\u00dfe \ud83d"}'  # half a surrogate pair: JSON can carry it
    elsewhere = emulator.http.post(EMBEDDINGS_PATH, content=body).json()["data"][0]["embedding"]
    here = client.post(EMBEDDINGS_PATH, content=body).json()["data"][0]["embedding"]
    assert elsewhere == here != _vector(client, "Größe")


@pytest.mark.parametrize(
    ("value", "count", "tokens"),
    [
        ("hello world!", 1, 3),
        (["a", "b"], 2, 2),
        ([1, 2, 3], 1, 3),
        ([[1, 2], [3]], 2, 3),
        (["x"] * 2048, 2048, 2048),
    ],
)
def test_inputs_may_be_texts_or_tokens(client: TestClient, value: object, count: int, tokens: int) -> None:
    answer = client.post(EMBEDDINGS_PATH, json={"input": value, "dimensions": 2}).json()
    assert [item["index"] for item in answer["data"]] == list(range(count))
    assert answer["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "'input' is a required property"),
        ({"input": ""}, "'$.input' is invalid."),
        ({"input": []}, "'$.input' is invalid."),
        ({"input": ["a", ""]}, "'$.input' is invalid."),
        ({"input": ["a", None]}, "'$.input' is invalid."),
        ({"input": ["a", [1]]}, "'$.input' is invalid."),
        ({"input": [[1], "a"]}, "'$.input' is invalid."),
        ({"input": [True]}, "'$.input' is invalid."),
        ({"input": [-1]}, "'$.input' is invalid."),
        ({"input": {"a": 1}}, "'$.input' is invalid."),
        ({"input": ["a"] * 2049}, "maximum length 2048"),
        ({"input": "x" * 40_000}, "maximum context length is 8192 tokens, however you requested 10000"),
        ({"input": [[1] * 8193]}, "maximum context length is 8192 tokens, however you requested 8193"),
        ({"input": "a", "dimensions": 3073}, "Must be between 1 and 3072."),
        ({"input": "a", "dimensions": 0}, "Must be between 1 and 3072."),
        ({"input": "a", "dimensions": "10"}, "Must be between 1 and 3072."),
        ({"input": "a", "encoding_format": "hex"}, "Supported values are: 'float' and 'base64'."),
        ({"input": "a", "truncate": True, "extra": 1}, "Unrecognized request arguments supplied: extra, truncate"),
    ],
)
def test_what_azure_refuses_is_refused(client: TestClient, body: dict[str, Any], message: str) -> None:
    answer = client.post(EMBEDDINGS_PATH, json=body)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


def test_a_batch_as_an_indexer_sends_it_is_quick(client: TestClient) -> None:
    """60 new texts, 3072 numbers each; measured 6 ms of processor time, so a tenth of a second is a fault."""
    best = math.inf
    for attempt in range(5):
        started = time.process_time()
        texts = [f"{attempt} {number}" for number in range(60)]
        assert client.post(EMBEDDINGS_PATH, json={"input": texts, "encoding_format": "base64"}).status_code == 200
        best = min(best, time.process_time() - started)
    assert best < 0.1
