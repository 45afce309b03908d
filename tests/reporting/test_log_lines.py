"""Lines of a log become records; what is none of the gateway's, broken or hostile is counted, and changes nothing."""

import io
import json

import pytest

from scripts.reporting.log_lines import MAX_LINE_BYTES, Log, read_stream
from tests.reporting.builders import attempt, event, line, log_of


def test_a_line_of_an_older_gateway_lacks_only_what_came_later() -> None:
    fields = json.loads(line(tokens={"input": 5, "output": 2, "cached": 1, "reasoning": 0}))
    (request,) = log_of(json.dumps(fields)).requests
    assert request.tokens is not None
    assert (request.tokens.input, request.tokens.estimated, request.translations) == (5, False, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Testing every endpoint",
        "INFO:     Started server process [1]",
        '{"level": "info", "msg": "another program"}',
        '["a", "list"]',
    ],
)
def test_lines_of_other_programs_are_counted(text: str) -> None:
    log = log_of(text, line())
    assert (len(log.requests), log.other_lines, log.unreadable_lines) == (1, 1 if text else 0, 0)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (line()[:80], "not valid JSON; was the file cut here?"),
        (line(status="fine"), "status: Input should be a valid integer"),
        (line(ms=-1), "ms: Input should be greater than or equal to 0"),
        (line(ms=float("nan")), "ms: Input should be"),
        (line(tokens={"input": 10**30}), "tokens.input: Input should be less than or equal to 1000000000"),
        (line(time="yesterday"), "time: Input should be a valid datetime"),
        (line(time="2026-11-30T09:00:00"), "time: Input should have timezone info"),
        (line(time="9999-12-31T23:59:59Z"), "time: Input should be less than or equal to 2120-01-01T00:00:00Z"),
        (line(attempts={"upstream": "first"}), "attempts: Input should be a valid"),
        ('{"request_id": "r"}', "time: Field required"),
        (event("breaker_opened", count="many"), "count: Input should be a valid integer"),
        ('{"request_id": ' + "[" * 20_000, "not valid JSON"),
    ],
)
def test_an_unreadable_line_is_named_and_the_others_count(text: str, why: str) -> None:
    log = log_of(line(), text, line(1))
    assert (len(log.requests), log.unreadable_lines) == (2, 1)
    assert log.unreadable[0].startswith(f"line 2: {why}")


def test_a_value_of_an_unreadable_line_is_not_repeated() -> None:
    log = log_of(line(status="<script>alert(1)</script>"))
    assert "script" not in log.unreadable[0]


def test_only_the_first_unreadable_lines_are_named() -> None:
    log = log_of(*["{"] * 100)
    assert (log.unreadable_lines, len(log.unreadable)) == (100, 5)


def test_a_name_is_printable_and_short() -> None:
    log = log_of(line(project="a\x00b\x1b[31m\u202ec", model="m" * 1000))
    (request,) = log.requests
    assert request.project == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}c"
    assert request.model == "m" * 47 + "…"


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"status": 200}, "answered"),
        ({"status": 404}, "refused"),
        ({"status": 429}, "429"),
        ({"status": 503}, "failed"),
        ({"status": 200, "error": "upstream_interrupted"}, "failed"),
        ({"status": 200, "error": "KeyError in _read, line 5"}, "failed"),
        ({"status": 200, "error": "upstream_refused"}, "refused"),
        ({"status": 200, "error": "client_closed"}, "client left"),
        ({"status": 0}, "client left"),
    ],
)
def test_the_outcome_of_a_request(fields: dict[str, object], outcome: str) -> None:
    assert log_of(line(**fields)).requests[0].outcome == outcome


@pytest.mark.parametrize(
    ("attempts", "failed_over"),
    [
        ([attempt("first", 200)], False),
        ([attempt("first", 429, "status"), attempt("second", 200)], True),
        ([attempt("first", 503, "status"), attempt("first", 200)], False),
        ([attempt("first", 403), attempt("second", 200)], True),
        ([attempt("first", 503, "status")], False),
        ([], False),
    ],
)
def test_a_failover_is_a_failed_region_and_another_one(attempts: list[dict[str, object]], *, failed_over: bool) -> None:
    assert log_of(line(attempts=attempts)).requests[0].failed_over == failed_over


def test_a_file_is_read_up_to_a_limit_and_that_is_told() -> None:
    log = Log()
    content = "\n".join([line(), "noise", line(1), line(2)]).encode()
    read_stream(log, io.BytesIO(content), name="gateway.log", max_lines=2)
    assert len(log.requests) == 2
    assert log.cut == "only the first 2 lines, up to gateway.log, line 3"


def test_a_file_of_just_as_many_lines_is_complete() -> None:
    log = Log()
    read_stream(log, io.BytesIO(f"{line()}\n{line(1)}\n".encode()), name="gateway.log", max_lines=2)
    assert (len(log.requests), log.cut) == (2, None)


def test_what_has_no_lines_is_no_line_of_the_gateway() -> None:
    log = Log()
    read_stream(log, io.BytesIO(b"\xff" * (3 * MAX_LINE_BYTES) + b"\n" + line().encode()), name="f", max_lines=9)
    assert (len(log.requests), log.other_lines) == (1, 1)
