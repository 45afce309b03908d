"""Fake embedding vectors: the same for the same text on every machine, of unit length, quick to generate.

A text's hash composes its vector from an alphabet of 256 pieces of 24 numbers. All pieces have the same length, so that
any word of a given number of letters has unit length and needs no arithmetic, and 24 numbers are 96 bytes, which is
base64 without padding: a batch of 60 vectors of 3072 numbers must not cost more than the gateway measured with it.
"""

import base64
import hashlib
import math
import random
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from local.emulator import json_codec

Encoding = Literal["float", "base64"]
Text = str | tuple[int, ...]

_PIECE = 24
_LETTERS = 256


def encoded(*, text: Text, size: int, full_size: int, encoding: Encoding) -> bytes:
    """The vector as a JSON value: numbers, or the base64 of little-endian float32."""
    word = _word(text, length=math.ceil(full_size / _PIECE))
    if size == len(word) * _PIECE:
        letters = _letters(length=len(word), encoding=encoding)
        spelled = map(letters.__getitem__, word)
        return b"[%b]" % b",".join(spelled) if encoding == "float" else b'"%b"' % b"".join(spelled)
    vector = _shortened(word, size=size)
    return b"[%b]" % _written(vector) if encoding == "float" else b'"%b"' % _packed(vector)


def _word(text: Text, *, length: int) -> bytes:
    return hashlib.shake_128(repr(text).encode("utf-8", "surrogatepass")).digest(length)


def _shortened(word: bytes, *, size: int) -> list[float]:
    """The beginning of the full vector, scaled to unit length, as OpenAI shortens its vectors."""
    alphabet = _alphabet(length=len(word))
    spelled = word[: math.ceil(size / _PIECE)]
    numbers = [number for letter in spelled for number in alphabet[letter]]
    return _scaled(numbers[:size], norm=1.0)


@lru_cache(maxsize=16)
def _letters(*, length: int, encoding: Encoding) -> list[bytes]:
    write = _written if encoding == "float" else _packed
    return [write(piece) for piece in _alphabet(length=length)]


@lru_cache(maxsize=16)
def _alphabet(*, length: int) -> list[list[float]]:
    """The numbers of each letter, for words of this length."""
    source = random.Random(_LETTERS)  # noqa: S311 - not a secret
    pieces = ([source.gauss() for _ in range(_PIECE)] for _ in range(_LETTERS))
    return [_scaled(piece, norm=length**-0.5) for piece in pieces]


def _scaled(numbers: Sequence[float], *, norm: float) -> list[float]:
    """Rounded to float32, so that both encodings have the same values."""
    factor = norm / math.hypot(*numbers)
    layout = f"<{len(numbers)}f"
    return list(struct.unpack(layout, struct.pack(layout, *(number * factor for number in numbers))))


def _written(numbers: Sequence[float]) -> bytes:
    return json_codec.dumps(numbers)[1:-1]


def _packed(numbers: Sequence[float]) -> bytes:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers))
