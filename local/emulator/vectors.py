"""Made-up embedding vectors: the same for the same text on every machine, of unit length, quick to make.

A text's hash spells its vector in an alphabet of 256 pieces of eight numbers. All pieces have the same length, so
that any word of a given number of letters has unit length and needs no arithmetic: a batch of 60 vectors of 3072
numbers must not cost more than the gateway that is measured with it.
"""

import base64
import hashlib
import math
import random
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from local.emulator import jsons

Encoding = Literal["float", "base64"]
Text = str | tuple[int, ...]

_PIECE = 8
_LETTERS = 256


def encoded(*, text: Text, size: int, full_size: int, encoding: Encoding) -> bytes:
    """The vector as a JSON value: numbers, or the base64 of little-endian float32."""
    word = _word(text, length=math.ceil(full_size / _PIECE))
    if size == len(word) * _PIECE:
        packed, written = _alphabet(len(word))
        if encoding == "float":
            return b"[%b]" % b",".join(map(written.__getitem__, word))
        return b'"%b"' % base64.b64encode(b"".join(map(packed.__getitem__, word)))
    vector = _shortened(word, size=size)
    return jsons.dumps(vector if encoding == "float" else base64.b64encode(_pack(vector)).decode())


def _word(text: Text, *, length: int) -> bytes:
    return hashlib.shake_128(repr(text).encode("utf-8", "surrogatepass")).digest(length)


def _shortened(word: bytes, *, size: int) -> list[float]:
    """The beginning of the full vector brought back to unit length, as OpenAI shortens its own."""
    packed, _ = _alphabet(len(word))
    return _scaled(_unpack(b"".join(map(packed.__getitem__, word)))[:size], length=1.0)


@lru_cache(maxsize=16)
def _alphabet(word_length: int) -> tuple[list[bytes], list[bytes]]:
    """Each letter's numbers, packed and written."""
    source = random.Random(_LETTERS)  # noqa: S311 - not a secret
    pieces = [_scaled([source.gauss() for _ in range(_PIECE)], length=word_length**-0.5) for _ in range(_LETTERS)]
    return [_pack(piece) for piece in pieces], [jsons.dumps(piece)[1:-1] for piece in pieces]


def _scaled(numbers: Sequence[float], *, length: float) -> list[float]:
    """Rounded to float32, so that both encodings say the same."""
    factor = length / math.hypot(*numbers)
    return _unpack(_pack([number * factor for number in numbers]))


def _pack(numbers: Sequence[float]) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


def _unpack(packed: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(packed) // 4}f", packed))
