"""Background responses: answered before they have ended, fetched, cancelled and deleted."""

import pytest
from openai import BadRequestError, NotFoundError

from tests.emulator.process import CODEX, Emulator


def test_a_background_response_is_queued_and_ends_while_it_is_fetched(emulator: Emulator) -> None:
    responses = emulator.responses.responses
    queued = responses.create(model=CODEX, input="echo: later", background=True)
    assert (queued.status, queued.background, queued.output, queued.usage) == ("queued", True, [], None)
    running, ended, again = (responses.retrieve(queued.id) for _ in range(3))
    assert (running.status, running.output) == ("in_progress", [])
    assert (ended.status, ended.output_text) == ("completed", "later")
    assert ended == again


@pytest.mark.parametrize("fetched", [0, 1])
def test_a_background_response_can_be_cancelled(emulator: Emulator, fetched: int) -> None:
    responses = emulator.responses.responses
    queued = responses.create(model=CODEX, input="hi", background=True)
    for _ in range(fetched):
        responses.retrieve(queued.id)
    cancelled = [responses.cancel(queued.id), responses.cancel(queued.id), responses.retrieve(queued.id)]
    assert [(response.status, response.output) for response in cancelled] == [("cancelled", [])] * 3


def test_a_background_response_that_has_ended_stays_so(emulator: Emulator) -> None:
    responses = emulator.responses.responses
    queued = responses.create(model=CODEX, input="hi", background=True)
    ended = [responses.retrieve(queued.id) for _ in range(2)][-1]
    assert responses.cancel(queued.id) == ended
    responses.delete(queued.id)
    with pytest.raises(NotFoundError):
        responses.cancel(queued.id)


def test_another_response_cannot_be_cancelled(emulator: Emulator) -> None:
    response = emulator.responses.responses.create(model=CODEX, input="hi")
    with pytest.raises(BadRequestError, match="Cannot cancel a synchronous response"):
        emulator.responses.responses.cancel(response.id)


def test_a_background_response_can_be_streamed(emulator: Emulator) -> None:
    events = emulator.events({"input": "echo: now", "background": True})
    assert [event.type for event in events[:3]] == ["response.created", "response.queued", "response.in_progress"]
    assert [event.response.status for event in events[:3]] == ["queued", "queued", "in_progress"]
    assert events[-1].response.output_text == "now"
    assert emulator.responses.responses.retrieve(events[0].response.id).status == "completed"
