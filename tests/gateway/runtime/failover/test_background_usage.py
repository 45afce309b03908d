"""The usage of responses in the background counts once."""

from gateway.runtime.configuration import Model
from gateway.runtime.context import Tokens
from gateway.runtime.failover.background_usage import BackgroundUsage

CODEX = Model(name="codex", deployment="our-codex", kind="responses", api_version="v1", upstreams=())
QUEUED = {"id": "resp_1", "background": True, "usage": None}
DONE = QUEUED | {"usage": {"input_tokens": 3, "output_tokens": 4}}


def test_it_is_reported_by_the_first_answer_that_has_it() -> None:
    usage = BackgroundUsage()
    usage.begin(QUEUED, CODEX)
    assert usage.take("resp_1", QUEUED) is None
    assert usage.take("resp_1", {"type": "response.completed", "response": DONE}) == (Tokens(input=3, output=4), CODEX)
    assert usage.take("resp_1", DONE) is None


def test_what_its_own_stream_has_reported_does_not_count_again() -> None:
    usage = BackgroundUsage()
    usage.begin({"type": "response.created", "response": QUEUED}, CODEX)
    usage.begin({"type": "response.completed", "response": DONE}, CODEX)
    assert usage.take("resp_1", DONE) is None


def test_other_responses_have_reported_theirs() -> None:
    usage = BackgroundUsage()
    for data in (QUEUED | {"background": False}, {"response": None}, {"id": 7, "background": True}, {}):
        usage.begin(data, CODEX)
    assert usage.take("resp_1", DONE) is None


def test_the_oldest_is_forgotten_first() -> None:
    usage = BackgroundUsage(max_entries=1)
    usage.begin(QUEUED, CODEX)
    usage.begin(QUEUED | {"id": "resp_2"}, CODEX)
    assert usage.take("resp_1", DONE) is None
    assert usage.take("resp_2", DONE)
