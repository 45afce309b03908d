"""Answers that are not what they must be: the gateway's own, changed on their way."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local.runner.session import Session
from scripts.smoke_test import Offer, Report, Result, run
from scripts.smoke_test.diagnosis import LONGEST_QUOTE, Scene, quoted
from scripts.smoke_test.exchange import Answer
from scripts.smoke_test.refusals import refused
from scripts.smoke_test.wire import _in_json

from .tampering import Asked, Sent, Tampering

Change = Callable[[dict[str, Any]], object]


ERROR = {"error": {"message": "m", "type": "t", "param": None, "code": None}}


@pytest.fixture
def check(session: Session, tampering: Tampering, offer: Offer) -> Callable[[], Report]:
    """Check the gateway behind the tampering."""

    def check() -> Report:
        report = run(base_url=tampering.url, key=session.key, offer=offer, timeout_s=20, tell=print)
        assert session.key not in json.dumps(report.as_json()) + report.markdown() + report.text()
        return report

    return check


def failed(report: Report) -> Result:
    """The one check that failed, of all that were made."""
    (result,) = [result for result in report.results if result.status != "passed"]
    assert result.status == "failed"
    assert result.diagnosis
    return result


def on(path: str, change: Change, *, stream: bool = False) -> Callable[[Asked, Sent], Sent]:
    """Change the JSON of the good answers of one path."""

    def tamper(asked: Asked, sent: Sent) -> Sent:
        if sent.status != 200 or not asked.path.endswith(path) or (b'"stream"' in asked.body) is not stream:
            return sent
        body = json.loads(sent.body)
        change(body)
        return replace(sent, body=json.dumps(body).encode())

    return tamper


def of_stream(change: Callable[[list[bytes]], list[bytes]], *, cut: bool = False) -> Callable[[Asked, Sent], Sent]:
    """Change the events of the streamed answer."""

    def tamper(_: Asked, sent: Sent) -> Sent:
        if "event-stream" not in sent.media_type:
            return sent
        events = change(sent.body.removesuffix(b"\n\n").split(b"\n\n"))
        return replace(sent, body=b"\n\n".join(events) + b"\n\n", cut=cut)

    return tamper


@pytest.mark.parametrize(
    ("path", "change", "check_name", "note"),
    [
        ("/responses", lambda body: body.update(output=[]), "responses", "no text"),
        ("/responses", lambda body: body.update(status="incomplete"), "responses", "status incomplete"),
        ("/responses", lambda body: body.update(usage=None), "responses", "no usage"),
        ("/responses", lambda body: body.pop("model"), "responses", "no model"),
        ("/chat/completions", lambda body: body.update(choices=[]), "chat completions", "no text"),
        ("/chat/completions", lambda body: body.pop("usage"), "chat completions", "no usage"),
        ("/responses", lambda body: body.update(output=5), "responses", "a field of another type"),
        ("/responses", lambda body: body["usage"].update(input_tokens=True), "responses", "no usage"),
        ("/chat/completions", lambda body: body.update(choices=5), "chat completions", "a field of another type"),
        (
            "/embeddings",
            lambda body: body["data"][0].update(embedding=[10**400] * 3072),
            "embeddings",
            "a field of another type",
        ),
        ("/embeddings", lambda body: body["data"].clear(), "embeddings", "no vector"),
        (
            "/embeddings",
            lambda body: body["data"][0].update(embedding=[0.0] * 3072),
            "embeddings",
            "a vector of length 0, not 1",
        ),
        (
            "/embeddings",
            lambda body: body["data"][0].update(embedding=[float("nan")] * 3072),
            "embeddings",
            "a vector of length nan, not 1",
        ),
    ],
)
def test_an_answer_without_what_it_is_for(
    check: Callable[[], Report], tampering: Tampering, path: str, change: Change, check_name: str, note: str
) -> None:
    tampering.tamper = on(path, change)
    result = failed(check())
    assert (result.check, result.note) == (check_name, note)
    assert result.diagnosis is not None
    assert result.diagnosis.layer == "Azure deployment"


def test_another_name_of_the_model_is_told_and_no_failure(check: Callable[[], Report], tampering: Tampering) -> None:
    """Azure calls a chat model by what is behind the deployment."""
    tampering.tamper = on("/responses", lambda body: body.update(model="gpt-4o-2024-11-20"))
    report = check()
    assert report.passed
    assert "29 tokens, answered as gpt-4o-2024-11-20" in [result.note[4:] for result in report.results]


def test_a_model_that_is_not_listed(check: Callable[[], Report], tampering: Tampering) -> None:
    tampering.tamper = on("/models", lambda body: body["data"].pop())
    result = failed(check())
    assert (result.check, result.note) == ("models", "missing: text-embedding-3-large")
    assert result.diagnosis is not None
    assert result.diagnosis.layer == "project"


@pytest.mark.parametrize(
    ("tamper", "note", "layer"),
    [
        (of_stream(lambda events: events[:-1]), "ends after response.output_item.done", "network"),
        (
            of_stream(lambda events: events[:5], cut=True),
            "ends after response.output_text.delta (RemoteProtocolError)",
            "network",
        ),
        (of_stream(lambda _: []), "ends after nothing", "network"),
        (of_stream(lambda events: events[1:]), "begins with response.in_progress", "Azure deployment"),
        (
            of_stream(lambda events: [*events[:4], events[5], events[4], *events[6:]]),
            "events out of order",
            "Azure deployment",
        ),
    ],
)
def test_a_stream_that_is_not_whole(
    check: Callable[[], Report], tampering: Tampering, tamper: Callable[[Asked, Sent], Sent], note: str, layer: str
) -> None:
    tampering.tamper = tamper
    result = failed(check())
    assert (result.check, result.note) == ("responses, streamed", note)
    assert result.diagnosis is not None
    assert result.diagnosis.layer == layer


def test_a_door_that_is_open_is_found(check: Callable[[], Report], tampering: Tampering, session: Session) -> None:
    """Something before the gateway adds a key of its own."""
    passed = tampering._pass

    def open_door(asked: Asked, sent: Sent) -> Sent:
        if sent.status != 401:
            return sent
        tampering.tamper = None
        try:
            return passed(replace(asked, key=session.key))
        finally:
            tampering.tamper = open_door

    tampering.tamper = open_door
    report = check()
    assert [result.check for result in report.results if result.status == "failed"] == [
        "gateway",
        "no key",
        "wrong key",
    ]
    (diagnosis,) = report.diagnoses
    assert diagnosis.meaning.startswith("The door is open")


@pytest.mark.parametrize(
    ("status", "body", "note", "layer"),
    [
        (
            404,
            {"error": {"code": "model_not_found", "message": "?"}},
            "404, and no OpenAI error: type, param",
            "gateway",
        ),
        (400, ERROR, "400 None instead of 404 model_not_found", "gateway"),
        (500, {"error": ERROR["error"] | {"code": "internal_error"}}, "500 internal_error", "gateway"),
        (502, "<html>Bad gateway</html>", "502 Bad gateway", "ingress"),
    ],
)
def test_an_unknown_model_that_is_not_refused_cleanly(
    check: Callable[[], Report], tampering: Tampering, status: int, body: object, note: str, layer: str
) -> None:
    def tamper(asked: Asked, sent: Sent) -> Sent:
        told = body if isinstance(body, str) else json.dumps(body)
        return replace(sent, status=status, body=told.encode()) if b"no-such-model" in asked.body else sent

    tampering.tamper = tamper
    result = failed(check())
    assert (result.check, result.note) == ("unknown model", note)
    assert result.diagnosis is not None
    assert result.diagnosis.layer == layer


def test_a_server_that_repeats_the_key_and_moves_the_cursor(
    check: Callable[[], Report], tampering: Tampering, session: Session
) -> None:
    said = {
        "error": {"message": f"\x1b[2J{'x' * 180} {session.key} is no good", "type": "t", "code": f"k {session.key}"}
    }

    def tamper(asked: Asked, sent: Sent) -> Sent:
        bad = asked.path.endswith("/embeddings")
        return replace(sent, status=400, body=json.dumps(said).encode()) if bad else sent

    tampering.tamper = tamper
    result = failed(check())
    assert result.note == "400 k [the key]"
    assert result.diagnosis is not None
    assert session.key[:8] not in result.diagnosis.meaning
    assert result.diagnosis.meaning.isprintable()


@pytest.mark.parametrize("escape", ["\\u{:04x}", "\\u{:04X}", "\\{}"])
def test_a_server_that_repeats_the_key_escaped(
    check: Callable[[], Report], tampering: Tampering, session: Session, escape: str
) -> None:
    as_number = "04" in escape
    written = "".join(escape.format(ord(each)) if as_number or each in '/"' else each for each in session.key)
    said = f'{{"error": {{"message": "Bad header: {written}", "type": "t", "code": "{written}"}}}}'

    def tamper(asked: Asked, sent: Sent) -> Sent:
        return replace(sent, status=400, body=said.encode()) if asked.path.endswith("/embeddings") else sent

    tampering.tamper = tamper
    result = failed(check())
    assert result.note == "400 [the key]"
    assert result.diagnosis is not None
    assert "Bad header: [the key]" in result.diagnosis.meaning


def test_a_key_is_hidden_however_deep_it_is_quoted() -> None:
    key = 'a-key/with+"quotes"=='
    quoted_once = json.dumps(key)
    hidden = _in_json(key)
    for text in (key, quoted_once, json.dumps(quoted_once), quoted_once.replace("+", "\\u002B")):
        assert "with" not in hidden.sub("", text)
    assert hidden.sub("", "\\" * 1_000_000).count("\\") == 1_000_000


def test_a_page_without_end_is_quoted_and_no_time_lost(offer: Offer) -> None:
    page = Answer(status=500, headers={}, text="<" * 3_900_000, ms=1.0, first_ms=1.0)
    assert len(quoted(page)) <= LONGEST_QUOTE
    assert refused(page, Scene(base_url="https://gateway.example/v1", offer=offer)).note.startswith("500 <<<")


def test_a_connection_that_breaks_fails_one_check_alone(check: Callable[[], Report], tampering: Tampering) -> None:
    def tamper(asked: Asked, sent: Sent) -> Sent:
        return replace(sent, drop=asked.path.endswith("/chat/completions"))

    tampering.tamper = tamper
    result = failed(check())
    assert result.check == "chat completions"
    assert result.diagnosis is not None
    assert result.diagnosis.layer == "network"
