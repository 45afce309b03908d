"""What the gateway reads out of server-sent events."""

import pytest

from gateway.runtime.upstream.server_sent_events import Event, EventReader, MalformedEventError


def read(text: str) -> list[Event]:
    return list(EventReader().feed(text.encode()))


def one(data: str) -> Event:
    (event,) = read(f"data: {data}\n\n")
    return event


def test_events_are_cut_where_they_end_whatever_the_chunks() -> None:
    stream = b'event: a\ndata: {"n": 1}\n\ndata: {"n": 2}\r\n\r\n: comment\n\ndata: {"n": 3}'
    whole = list(EventReader().feed(stream))
    reader = EventReader()
    dripped = [event for at in range(len(stream)) for event in reader.feed(stream[at : at + 1])]
    assert [event.data for event in whole] == [{"n": 1}, {"n": 2}, None]
    assert dripped == whole
    assert b"".join(event.raw for event in whole) == stream.removesuffix(b'data: {"n": 3}')
    assert reader.has_incomplete_event


def test_what_came_before_a_malformed_event_is_not_lost() -> None:
    reader = EventReader()
    events = reader.feed(b'data: {"n": 1}\n\ndata: {broken\n\ndata: {"n": 3}\n\n')
    assert next(events).data == {"n": 1}
    with pytest.raises(MalformedEventError):
        next(events)
    assert reader.has_incomplete_event


def test_data_of_several_lines_is_one_document() -> None:
    (event,) = read('data: {"a":\ndata: 1}\n\n')
    assert event.data == {"a": 1}


@pytest.mark.parametrize("data", ['{"delta": ', "[" * 100_000])
def test_data_that_is_not_json_is_an_error(data: str) -> None:
    with pytest.raises(MalformedEventError):
        one(data)


@pytest.mark.parametrize(
    ("data", "real"),
    [
        ('{"type": "response.created"}', False),
        ('{"type": "response.in_progress"}', False),
        ('{"type": "response.queued"}', False),
        ('{"type": "response.output_item.added"}', True),
        ('{"type": "response.completed"}', True),
        ('{"type": "keepalive"}', False),
        ('{"type": "error"}', True),
        ('{"error": {}}', True),
        ('{"choices": []}', False),
        ('{"choices": [{"delta": {"role": "assistant", "content": ""}}]}', False),
        ('{"choices": [{"delta": {"role": "assistant", "content": "x"}}]}', True),
        ('{"choices": [{"delta": {"tool_calls": [{"index": 0}]}}]}', True),
        ('{"choices": [{"delta": {}, "finish_reason": "stop"}]}', True),
        ('{"choices": [null]}', False),
        ("[DONE]", False),
        ("[1]", False),
    ],
)
def test_an_announcement_has_no_content(data: str, real: bool) -> None:  # noqa: FBT001
    assert one(data).has_content is real


@pytest.mark.parametrize(
    ("data", "last"),
    [
        ('{"type": "response.completed"}', True),
        ('{"type": "response.incomplete"}', True),
        ('{"type": "response.failed", "response": {"error": {"code": "server_error"}}}', True),
        ('{"type": "error", "code": "x"}', True),
        ("[DONE]", True),
        ('{"choices": [{"delta": {}, "finish_reason": "stop"}]}', False),
        ('{"type": "response.output_text.delta", "delta": "response.completed"}', False),
        ('{"choices": [{"delta": {"content": "[DONE]"}, "finish_reason": null}]}', False),
    ],
)
def test_only_the_last_event_is_followed_by_none(data: str, last: bool) -> None:  # noqa: FBT001
    assert one(data).is_final is last


@pytest.mark.parametrize(
    ("data", "finished"),
    [
        ('{"choices": [{"finish_reason": "stop"}, {"index": 1, "finish_reason": null}]}', 1),
        ('{"choices": [{"finish_reason": "stop"}, {"index": 1, "finish_reason": "length"}]}', 2),
        ('{"type": "response.completed"}', 0),
        ("[DONE]", 0),
    ],
)
def test_each_choice_of_a_chat_ends_by_itself(data: str, finished: int) -> None:
    assert one(data).finished_choices == finished


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ('{"type": "response.failed", "response": {"error": {"code": "rate_limit_exceeded"}}}', 429),
        ('{"type": "response.failed", "response": {"error": {"code": "server_error"}}}', 502),
        ('{"type": "response.failed", "response": {"error": {"code": "invalid_prompt"}}}', 400),
        ('{"type": "response.failed", "response": null}', 502),
        ('{"type": "error", "code": "too_many_requests"}', 429),
        ('{"type": "error", "code": null, "message": "m"}', 502),
        ('{"type": "error", "error": {"code": "503"}}', 503),
        ('{"error": {"code": 500}}', 500),
        ('{"error": {"code": 200}}', 400),
        ('{"error": {"code": "InternalServerError"}}', 502),
        ('{"error": {"code": null, "type": "server_error"}}', 502),
        ('{"error": {"code": null, "type": "invalid_request_error"}}', 400),
        ('{"error": {"code": "content_filter"}}', 400),
        ('{"error": "text"}', 502),
    ],
)
def test_an_error_inside_a_stream_stands_for_a_status(data: str, status: int) -> None:
    error = one(data).error
    assert error
    assert error.status == status


@pytest.mark.parametrize(
    "data", ['{"type": "response.completed", "response": {"error": null}}', '{"choices": [], "error": null}', "[DONE]"]
)
def test_other_events_report_no_error(data: str) -> None:
    assert one(data).error is None


def test_a_reported_error_has_the_upstreams_fields() -> None:
    error = one('{"type": "error", "error": {"code": "content_filter", "message": "filtered"}}').error
    assert error == (400, {"code": "content_filter", "message": "filtered"})


def test_the_sequence_number_is_read_where_there_is_one() -> None:
    assert one('{"type": "response.created", "sequence_number": 7}').sequence_number == 7
    assert one('{"choices": []}').sequence_number is None
