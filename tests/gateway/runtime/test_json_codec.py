"""JSON means what it means to Python, also in LiteLLM's image, where orjson parses it and whose Python is started."""

import json
import subprocess
from pathlib import Path

import pytest

from gateway.runtime import json_codec
from local.runner.image import find_image
from settings.image import DEFAULT_IMAGE

ROOT = Path(__file__).parents[3]
_UNDERSTAND = """
import sys
from gateway.runtime import json_codec
assert json_codec.orjson
for line in sys.stdin:
    try:
        print(ascii(json_codec.loads(bytes.fromhex(line))))
    except (ValueError, RecursionError):
        print("refused")
"""
TEXTS = (
    b'{"a": 1, "a": 2}',
    b"[0.1, 1.0, -0.0, 1e16, 1E5, 123456789012345680000.0, 0.30000000000000004, 5e-324, 1e400]",
    b"[9223372036854775807, 18446744073709551615, -9223372036854775808]",
    b"[NaN, Infinity, -Infinity]",
    b'"\\ud800"',
    b'"\\ud83d\\ude00 \xc3\xa9 \\u0000"',
    b'\xef\xbb\xbf{"bom": true}',
    b" null ",
    b'"\xff"',
    b'{"a": 1,}',
    b"'a'",
    b"1 2",
    b"",
    b"[" * 100_000,
)
LARGE_INTEGER = b"18446744073709551616"


def understand(text: bytes) -> str:
    try:
        return ascii(json.loads(text))
    except (ValueError, RecursionError):
        return "refused"


def understand_in_the_image(*texts: bytes) -> list[str]:
    return subprocess.run(
        [find_image(DEFAULT_IMAGE) / "python", "-c", _UNDERSTAND],
        cwd=ROOT,
        input="".join(f"{text.hex()}\n" for text in texts),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.splitlines()


def test_orjson_and_python_agree() -> None:
    assert understand_in_the_image(*TEXTS) == [understand(text) for text in TEXTS]


def test_only_integers_above_64_bits_differ() -> None:
    # A LiteLLM whose orjson is exact makes the second parsing in ResponseFix.fix_body needless.
    assert understand_in_the_image(LARGE_INTEGER) == ["1.8446744073709552e+19"]


def test_without_orjson_python_parses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_codec, "orjson", None)
    assert json_codec.loads(LARGE_INTEGER) == 2**64
    with pytest.raises(ValueError, match="Expecting value"):
        json_codec.loads(b"")
