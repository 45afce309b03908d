"""Programs that people use, with the files of up.py, in front of the gateway, LiteLLM and an emulated Azure."""

import platform
import sys

import httpx
import pytest

from local.runner.session import Session
from tests.gateway.whole.azure_regions import EmulatorControl

from .programs import CODEX_WITH_WEBSOCKET, MODEL, NOTE, PROGRAMS, Place, Program

pytestmark = [
    pytest.mark.full,
    pytest.mark.litellm,
    pytest.mark.skipif(
        (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the clients' programs are not here"
    ),
]
with_each = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)


@with_each
def test_a_call_of_a_tool_and_its_result(program: Program, place: Place, azure: EmulatorControl) -> None:
    answer = program.ask(place, f"Please {program.tool} and repeat the result.")
    note = (place.work / NOTE).read_text()
    assert note in answer
    received = [request for request in azure.requests() if request["method"] == "POST"]
    assert {request["status"] for request in received} == {200}
    *_, last = (request["body"]["input"][-1] for request in received if request["body"].get("tools"))
    assert last["type"] == "function_call_output"
    assert note in str(last["output"])


@with_each
def test_an_answer_with_silences(program: Program, place: Place, azure: EmulatorControl) -> None:
    azure.fail("stall_mid_stream", delay_s=1, count=-1)
    assert program.ask(place, "echo: two words").endswith("two words")


def test_codex_goes_on_without_a_websocket(gateway: Session, place: Place, azure: EmulatorControl) -> None:
    del azure
    refusals = gateway.output().count('"status": 426')
    assert CODEX_WITH_WEBSOCKET.ask(place, "echo: two words") == "two words"
    assert gateway.output().count('"status": 426') > refusals


@pytest.mark.parametrize("surface", ["responses", "chat/completions"])
def test_such_a_silence_has_comments(gateway: Session, azure: EmulatorControl, surface: str) -> None:
    """Without this, the test before would show nothing. It is a silence before the first word."""
    azure.fail("stall_mid_stream", delay_s=1)
    prompt = "echo: two words"
    content = {"input": prompt} if surface == "responses" else {"messages": [{"role": "user", "content": prompt}]}
    answer = httpx.post(
        f"{gateway.base_url}/{surface}",
        headers={"authorization": f"Bearer {gateway.key}"},
        json={"model": MODEL, "stream": True, **content},
        timeout=60,
    )
    assert ": keep-alive\n\n" in answer.text
