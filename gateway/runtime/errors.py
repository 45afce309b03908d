"""Error responses in OpenAI's format, which clients and SDKs understand.

https://platform.openai.com/docs/guides/error-codes
"""

import json
import math
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from .context import Response, Surface
from .retries import RetryableError

_INTERRUPTED = "The upstream stopped before its response was complete."


def error_response(
    status: int,
    message: str,
    *,
    type: str = "invalid_request_error",  # noqa: A002 - OpenAI's name of the field
    param: str | None = None,
    code: str | None = None,
    retry_after_s: float | None = None,
) -> Response:
    """Build an error response. `Retry-After` has whole seconds; OpenAI's SDK also reads `retry-after-ms`."""
    body = {"error": {"message": message, "type": type, "param": param, "code": code}}
    headers = {"content-type": "application/json"}
    if retry_after_s is not None:
        headers["retry-after"] = str(max(1, math.ceil(retry_after_s)))
        headers["retry-after-ms"] = str(math.ceil(retry_after_s * 1000))
    return Response(status=status, body=json.dumps(body).encode(), headers=headers, error=code)


class RefusedError(Exception):
    """A request is not admitted; `response` tells the client why."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def invalid_request(message: str, *, param: str | None = None, code: str = "invalid_value") -> RefusedError:
    """400."""
    return RefusedError(error_response(400, message, param=param, code=code))


def unknown_route(methods: Sequence[str]) -> Response:
    """404, or 405 if the path has these other methods."""
    if not methods:
        return error_response(
            404, "This route does not exist. The base URL of the OpenAI API ends in /v1.", code="not_found"
        )
    response = error_response(405, f"Use {' or '.join(methods)} on this route.", code="method_not_allowed")
    return replace(response, headers={**response.headers, "allow": ", ".join(methods)})


def upgrade_required() -> Response:
    """426. Codex tries a WebSocket first and takes this status as the sign to use HTTP.

    https://www.rfc-editor.org/rfc/rfc9110#name-426-upgrade-required
    """
    response = error_response(426, "WebSocket is not supported. Use POST over HTTP.", code="upgrade_required")
    return replace(response, headers={**response.headers, "upgrade": "HTTP/1.1", "connection": "Upgrade, close"})


@cache
def invalid_api_key() -> Response:
    """401. The message is the same for a missing and a wrong key, so that it reveals nothing about keys."""
    message = (
        "Incorrect API key provided. Send it as 'Authorization: Bearer <key>', 'x-gateway-key: <key>' or 'api-key: "
        "<key>'."
    )
    return error_response(401, message, code="invalid_api_key")


@cache
def too_many_unauthenticated(retry_after_s: int) -> Response:
    """429. Says why, too: in an office that has just replaced its key, it is what all clients see."""
    message = "Incorrect API key provided, and too many such requests from this address. Please try again later."
    return error_response(
        429, message, type="requests", code="too_many_unauthenticated_requests", retry_after_s=retry_after_s
    )


def upstream_unavailable(error: RetryableError) -> Response:
    """429 or 503 after all attempts failed; clients back off differently on the two."""
    if error.status == 429:
        message = "Azure OpenAI is rate limited. Please try again later."
        after_s = error.retry_after_s or 10.0
        return error_response(429, message, type="rate_limit_error", code="rate_limit_exceeded", retry_after_s=after_s)
    message = f"Azure OpenAI could not answer ({error.status}: {error.reason}). Please try again later."
    return error_response(
        503, message, type="server_error", code="upstream_unavailable", retry_after_s=error.retry_after_s
    )


def managed_identity_unavailable(retry_after_s: float | None) -> Response:
    """503. The gateway cannot authenticate to Azure at the moment."""
    message = "The gateway has no token for Azure OpenAI. Please try again later."
    return error_response(
        503, message, type="server_error", code="managed_identity_unavailable", retry_after_s=retry_after_s
    )


@cache
def upstream_authentication_failed() -> Response:
    """502. Azure refuses the gateway, not the client, whose key is right: with 401 or 403 it would look for another."""
    message = "Azure OpenAI does not authorize this gateway. Please tell its operator, who finds the reason in its log."
    return error_response(502, message, type="server_error", code="upstream_authentication_failed")


def response_not_found(response_id: str) -> Response:
    """404, in Azure's words. It is the same for a response of another project."""
    response = error_response(404, f"Response with id '{response_id}' not found.", param="id")
    return replace(response, error="response_not_found")


def previous_response_not_found(response_id: str) -> Response:
    """400, in Azure's words. It is the same for a response of another project."""
    message = f"Previous response with id '{response_id[:64]}' not found."
    return error_response(400, message, param="previous_response_id", code="previous_response_not_found")


def conversation_unavailable(retry_after_s: float | None) -> Response:
    """503. The request continues a conversation that only one region knows, and that region cannot answer."""
    message = "This conversation belongs to a region that cannot answer now. Please try again later."
    return error_response(
        503, message, type="server_error", code="conversation_unavailable", retry_after_s=retry_after_s
    )


def azure_error(status: int, details: Mapping[str, object]) -> Response:
    """An error event in Azure's stream, as an error response."""
    message, kind = str(details.get("message") or _INTERRUPTED), str(details.get("type") or "server_error")
    param, code = (str(details[name]) if details.get(name) else None for name in ("param", "code"))
    return replace(error_response(status, message, type=kind, param=param, code=code), error="upstream_refused")


def translation_failed(error: RetryableError) -> Response:
    """502. LiteLLM failed; Azure was not called, or did not fail."""
    message = f"LiteLLM could not translate this request ({error.status}: {error.reason})."
    return error_response(502, message, type="server_error", code="translation_failed")


def translation_refused(reason: str) -> Response:
    """400."""
    return error_response(400, f"LiteLLM cannot translate this request: {reason}", code="translation_refused")


def translation_unavailable() -> Response:
    """503."""
    message = "LiteLLM, which translates this request, does not answer. Please try again."
    return error_response(503, message, type="server_error", code="translation_unavailable", retry_after_s=5.0)


def translation_overloaded() -> Response:
    """503. LiteLLM translates as many requests as it may, and the wait for one of them to end was too long."""
    message = "This replica translates as many requests as it can. Please try again later."
    return error_response(503, message, type="server_error", code="translation_overloaded", retry_after_s=5.0)


def shutting_down() -> Response:
    """503. A new connection reaches another replica."""
    message = "This replica is shutting down. Please try again."
    return error_response(503, message, type="server_error", code="shutting_down", retry_after_s=1.0)


def internal_error(status: int = 500) -> Response:
    """A defect of the gateway."""
    return error_response(status, "The gateway failed.", type="server_error", code="internal_error")


def error_location(error: Exception) -> str:
    """Return type and location of an exception without its text, which may quote the request."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name}, line {frame.lineno}"


def interruption_event(surface: Surface, sequence_number: int) -> bytes:
    """The last event of a stream that broke off.

    The Responses API documents an `error` event with the fields at the top level; the `openai` SDK raises an exception
    for a nested `error`. This event has both, so that no client takes a broken stream for a complete one.
    https://platform.openai.com/docs/api-reference/responses-streaming/error
    """
    details = {"message": _INTERRUPTED, "type": "server_error", "param": None, "code": "upstream_interrupted"}
    if surface is Surface.RESPONSES:
        event = {**details, "type": "error", "sequence_number": sequence_number, "error": details}
        return b"event: error\ndata: " + json.dumps(event).encode() + b"\n\n"
    return b"data: " + json.dumps({"error": details}).encode() + b"\n\n"
