"""Scripts and options that the documents name exist."""

import importlib
import inspect
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.docs.markdown import ROOT, commands, pages, read

CALL = re.compile(r"(?:^|\s)scripts/(\w+)\.py\b([^|&;#>]*)")
FORWARDING = {"test", "cdktf"}  # to pytest and to the cdktf CLI
PLACEHOLDERS = {"NAME": "dev", "N": "4000", "PROJECT": "roo", "FILE": "f", "DIR": "d"}


def calls() -> Iterator[tuple[str, str, str]]:
    for page in pages():
        for command in commands(read(page)):
            for script, words in CALL.findall(command):
                yield str(page.relative_to(ROOT)), script, " ".join(words.split())


CALLS = sorted(set(calls()))
NAMED = sorted({(script, words) for _, script, words in CALLS if words and script not in FORWARDING})


@pytest.mark.parametrize("script", sorted({script for _, script, _ in CALLS}))
def test_scripts_exist(script: str) -> None:
    assert (ROOT / f"scripts/{script}.py").is_file()


@pytest.mark.parametrize(("script", "words"), NAMED, ids=map(" ".join, NAMED))
def test_commands_parse(
    script: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [PLACEHOLDERS.get(word, word) for word in shlex.split(words)]
    monkeypatch.setattr(sys, "path", ["", *sys.path])  # a script puts the repository first
    monkeypatch.setattr("scripts.setup.up_options.free_port", lambda port: port)  # a gateway may run here already
    parse: Callable[..., Any] = importlib.import_module(f"scripts.{script}").parse
    defaults = {name: 1.0 for name, of in inspect.signature(parse).parameters.items() if of.kind is of.KEYWORD_ONLY}
    try:
        parse(arguments, **defaults)
    except SystemExit:
        pytest.fail(capsys.readouterr().err)


def test_the_documents_show_many_commands() -> None:
    assert len(NAMED) > 20
