"""A whole run against a stub of the gateway, in virtual time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from scripts.smoke_test import Report, Result
from tests.smoke.stub_gateway import KEY, Question, Reply, StubGateway, answer, error

CHECKS = [
    "gateway",
    "models",
    "no key",
    "wrong key",
    "unknown model",
    "responses",
    "responses, streamed",
    "chat completions",
    "embeddings",
]
Tested = Callable[..., Report]


def failed(report: Report) -> Result:
    """The one check that failed; all others passed."""
    (result,) = [result for result in report.results if result.status != "passed"]
    assert result.status == "failed"
    return result


def on(path: str, reply: Reply | None = None, **changes: Any) -> Callable[[Question, Reply], Reply]:  # noqa: ANN401
    """Change the replies of one path to requests with the key."""

    def change(question: Question, good: Reply) -> Reply:
        changed = question.path.endswith(path) and question.key == KEY and good.status == 200
        return replace(reply or good, **changes) if changed else good

    return change


def test_a_good_gateway_passes_every_check(tested: Tested) -> None:
    report = tested()
    assert [result.check for result in report.results] == CHECKS
    assert report.passed


def test_the_key_goes_to_no_request_without_need(tested: Tested, stub: StubGateway) -> None:
    tested()
    keys = [question.key for question in stub.questions]
    assert keys[0] == ""
    assert keys.count("") == 2
    assert len([key for key in keys if key.startswith("wrong-")]) == 1


def test_a_failed_assertion_is_diagnosed(tested: Tested, stub: StubGateway) -> None:
    stub.change = on("/embeddings", body=b'{"data": []}')
    result = failed(tested())
    assert (result.check, result.note) == ("embeddings", "no vector")
    assert result.diagnosis
    assert result.diagnosis.meaning == "The answer of text-embedding-3-large is not what the API specifies: no vector."


def test_a_gateway_without_authentication_is_found(tested: Tested, stub: StubGateway) -> None:
    """Something in front of the gateway adds a key."""
    stub.change = lambda question, _: answer(replace(question, key=KEY))
    report = tested()
    assert [result.check for result in report.results if result.status == "failed"] == [
        "gateway",
        "no key",
        "wrong key",
    ]
    assert [diagnosis.id for diagnosis in report.diagnoses] == ["no-authentication"]


@pytest.mark.parametrize(
    ("reply", "note", "layer"),
    [
        (error(400, "other"), "400 other instead of 404 model_not_found", "gateway"),
        (error(500, "internal_error"), "500 internal_error", "gateway"),
        (Reply(status=502, body=b"<html>Bad gateway</html>"), "502 Bad gateway", "ingress"),
    ],
)
def test_an_unknown_model_that_is_not_refused_well(
    tested: Tested, stub: StubGateway, reply: Reply, note: str, layer: str
) -> None:
    def change(question: Question, good: Reply) -> Reply:
        return reply if str(question.body.get("model", "")).startswith("no-such-model") else good

    stub.change = change
    result = failed(tested())
    assert (result.check, result.note) == ("unknown model", note)
    assert result.diagnosis
    assert result.diagnosis.layer == layer


def as_numbers(text: str) -> str:
    return "".join(f"\\u{ord(each):04X}" for each in text)


@pytest.mark.parametrize("escape", [str, as_numbers, lambda key: key.replace("/", "\\/")])
def test_a_server_that_repeats_the_key_in_any_escape(
    tested: Tested, stub: StubGateway, escape: Callable[[str], str]
) -> None:
    written = escape(KEY)
    body = f'{{"error": {{"message": "\\u001b[2J Bad header: {written}", "type": "t", "code": "k {written}"}}}}'
    stub.change = on("/embeddings", Reply(status=400, body=body.encode()))
    result = failed(tested())
    assert result.note == "400 k [the key]"
    assert result.diagnosis
    assert "Bad header: [the key]" in result.diagnosis.meaning
    assert result.diagnosis.meaning.isprintable()


def test_the_key_is_also_hidden_where_a_quote_is_cut(tested: Tested, stub: StubGateway) -> None:
    stub.change = on("/embeddings", error(400, "x", f"{'x' * 190} {KEY}"))
    diagnosis = failed(tested()).diagnosis
    assert diagnosis
    assert KEY[:6] not in diagnosis.meaning


@pytest.mark.parametrize("changes", [{"is_dropped": True}, {"is_cut": True}])
def test_a_connection_that_breaks_fails_one_check(tested: Tested, stub: StubGateway, changes: dict[str, Any]) -> None:
    stub.change = on("/chat/completions", **changes)
    result = failed(tested())
    assert result.check == "chat completions"
    assert result.diagnosis
    assert result.diagnosis.layer == "network"


def test_a_wrong_key_skips_what_needs_one(tested: Tested, stub: StubGateway) -> None:
    stub.change = lambda _, reply: reply if reply.status == 401 else error(401, "invalid_api_key")
    report = tested()
    assert [result.status for result in report.results] == ["passed", "failed", "passed", "passed", *["skipped"] * 5]
    assert [diagnosis.layer for diagnosis in report.diagnoses] == ["key"]
    assert report.results[-1].note == "the key is not valid"


def test_a_slow_answer_fails_one_check(tested: Tested, stub: StubGateway) -> None:
    stub.change = on("/chat/completions", delay_s=60.0)
    result = failed(tested(timeout_s=30.0))
    assert (result.check, result.note) == ("chat completions", "no answer within 30 s")
    assert result.diagnosis
    assert result.diagnosis.id == "slow"


def test_all_checks_take_three_times_the_timeout_of_one_at_most(tested: Tested, stub: StubGateway) -> None:
    stub.change = lambda _, reply: reply if len(stub.questions) == 1 else replace(reply, delay_s=9999.0)
    report = tested(timeout_s=100.0)
    assert [result.status for result in report.results] == ["passed", *["failed"] * 3, *["skipped"] * 5]
    assert {result.note for result in report.results[4:]} == {"no time left: see --timeout-s"}
