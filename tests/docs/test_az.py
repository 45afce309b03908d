"""Every `az` line in the documents is one that the real azure-cli understands."""

import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any

from tests.docs.pages import commands, pages, read

LINE = re.compile(r"(?:^|\$\()az ([a-z].*?)(?:\)\")?$")


def lines() -> Iterator[list[str]]:
    """Those with options; in running text a command often stands without what it needs."""
    for page in pages():
        for command in commands(read(page)):
            for found in LINE.findall(command):
                words = shlex.split(found.partition(" | ")[0])
                if any(word.startswith("--") for word in words):
                    yield words


def test_az_takes_every_line(real_az: Callable[..., Any]) -> None:
    shown = list(lines())
    assert len(shown) > 10
    answers = real_az(shown)
    assert not [(words, said) for words, said in zip(shown, answers, strict=True) if said]
