"""Every `az` line in the documents is one that the real azure-cli understands."""

import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any

from tests.docs import markdown

LINE = re.compile(r"(?:^|\$\()az ([a-z].*?)(?:\)\")?$")


def lines() -> Iterator[list[str]]:
    """Commands with options; in running text a command is often incomplete."""
    for page in markdown.pages():
        for command in markdown.commands(markdown.read(page)):
            for found in LINE.findall(command):
                words = shlex.split(found.partition(" | ")[0])
                if any(word.startswith("--") for word in words):
                    yield words


def test_az_accepts_every_command(real_az: Callable[..., Any]) -> None:
    commands = list(lines())
    assert len(commands) > 10
    answers = real_az(commands)
    assert not [(words, error) for words, error in zip(commands, answers, strict=True) if error]
