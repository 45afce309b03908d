"""Faults of content: what is sent instead of the answer."""

from dataclasses import replace
from itertools import islice

from local.emulator import azure_errors
from local.emulator.answers import Answer, refusal
from local.emulator.faults import Fault

_PAGE = b"<!DOCTYPE html><html><head><title>Web App</title></head><body>Our services aren't available</body></html>"


def apply_fault(answer: Answer, *, fault: Fault) -> Answer:
    """The answer with this fault; the same for faults of sending."""
    match fault.fault:
        case "429" | "500" | "503" | "408":
            return refusal(status_error(fault))
        case "wrong_content_type":
            return Answer(content_type="text/html", body=_PAGE)
        case "malformed_json":
            return _malformed(answer, after=fault.after_events or 0)
        case "error_event":
            return _with_error_event(answer, after=fault.after_events or 0)
        case _:
            return answer


def status_error(fault: Fault) -> azure_errors.AzureError:
    """The error that Azure sends with this status."""
    match fault.fault:
        case "429":
            wait = f"{fault.retry_after:g}" if fault.retry_after is not None else "1"
            message = (
                "Requests to the Operation under Azure OpenAI API have exceeded call rate limit of your current "
                f"OpenAI S0 pricing tier. Please retry after {wait} seconds."
            )
            headers = {"x-ratelimit-remaining-requests": "0"}
            error = azure_errors.front_end_error(status=429, code="429", message=message, headers=headers)
        case "503":
            message = "The service is temporarily unable to process your request. Please try again later."
            error = azure_errors.front_end_error(status=503, code="ServiceUnavailable", message=message)
        case "408":
            error = azure_errors.front_end_error(status=408, code="Timeout", message="The operation was timeout.")
        case _:
            message = "The server had an error while processing your request. Sorry about that!"
            error = azure_errors.model_error(
                status=500, type_="server_error", code="InternalServerError", message=message
            )
    error.headers |= fault.retry_headers
    return error


def _malformed(answer: Answer, *, after: int) -> Answer:
    if answer.events is None:
        return replace(answer, status=200, body=answer.body[: max(1, len(answer.body) // 2)], usage=None)
    events = iter(answer.events)
    good = list(islice(events, after))
    broken = next(events, b"data: {}\n\n").rstrip()
    return replace(answer, events=[*good, broken[: -len(broken) // 3] + b"\n\n"])


def _with_error_event(answer: Answer, *, after: int) -> Answer:
    """An answer that is not streamed has no events and becomes a 500."""
    if answer.events is None or answer.error_event is None:
        return refusal(status_error(Fault(fault="500")))
    good = list(islice(answer.events, after))
    return replace(answer, events=[*good, answer.error_event(len(good))])
