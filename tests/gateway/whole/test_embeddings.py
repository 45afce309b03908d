"""Embeddings through the gateway."""

import base64
import struct

import pytest

from .azure_regions import EmulatorControl
from .conftest import Client
from .surfaces import DIMENSION, EMBEDDING


@pytest.mark.parametrize("encoding_format", ["base64", "float"])
def test_a_vector_has_the_dimension_of_the_settings(
    client: Client, first: EmulatorControl, encoding_format: str
) -> None:
    response = client.sdk.embeddings.create(
        model=EMBEDDING, input="hello", extra_body={"encoding_format": encoding_format}
    )
    vector: list[float] | str = response.data[0].embedding
    if isinstance(vector, str):
        vector = list(struct.unpack(f"<{DIMENSION}f", base64.b64decode(vector)))
    assert len(vector) == DIMENSION
    assert sum(x * x for x in vector) == pytest.approx(1, abs=1e-3)
    (request,) = first.requests()
    assert request["path"] == f"/openai/deployments/{EMBEDDING}/embeddings"
    assert request["query"] == {"api-version": "2023-05-15"}
    assert request["body"]["encoding_format"] == encoding_format


def test_a_batch_of_60_keeps_its_order(client: Client) -> None:
    texts = [f"block {number}" for number in range(60)]
    batch = client.sdk.embeddings.create(model=EMBEDDING, input=texts)
    assert [item.index for item in batch.data] == list(range(60))
    alone = client.sdk.embeddings.create(model=EMBEDDING, input=texts[41])
    assert batch.data[41].embedding == alone.data[0].embedding
    assert batch.data[40].embedding != alone.data[0].embedding
