"""How the gateway authenticates to Azure OpenAI, by API key or managed identity, and what becomes of a refusal of it.

https://learn.microsoft.com/azure/ai-services/openai/reference#authentication
https://learn.microsoft.com/azure/ai-services/openai/how-to/role-based-access-control
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from ..access_log import LogEvent
from ..configuration import Upstream
from ..context import Response, now
from ..errors import upstream_authentication_failed
from ..json_codec import loads

ROLE = "Cognitive Services OpenAI User"
"""The least role for Responses, chat completions and embeddings."""
_MINUTE_S = 60.0
_ROLE_MISSING = "PermissionDenied"
_WRONG_TENANT = "Tenant provided in token does not match resource token"


def build_authentication_headers(upstream: Upstream) -> Mapping[str, str]:
    """Return the headers that authenticate a request by the key of this upstream; none if it has none."""
    return {} if upstream.key is None else {"api-key": upstream.key}


def is_token_rejected(response: Response) -> bool:
    """Return whether Azure has refused the token itself, as it does when it has expired, not what it permits."""
    return response.status == 401 and _read_code(response) != _ROLE_MISSING


class AuthenticationRefusals:
    """Keeps Azure's refusals of the gateway from clients, who would blame their own key, and tells the operator."""

    def __init__(self, log_event: LogEvent) -> None:
        self._log_event = log_event
        self._next_event: dict[tuple[str, str | None], float] = {}

    def replace(self, response: Response, upstream: Upstream) -> Response:
        """Return the response for the client; an event tells of a refusal, once a minute, upstream and code."""
        code = _read_code(response) if response.status in (400, 401, 403) else None
        if response.status not in (401, 403) and code != _WRONG_TENANT:
            return response
        if now() >= self._next_event.get((upstream.name, code), now()):
            self._next_event[upstream.name, code] = now() + _MINUTE_S
            self._log_event(_event(upstream, response.status, code))
        return upstream_authentication_failed()


def _event(upstream: Upstream, status: int, code: str | None) -> dict[str, object]:
    labels = {"upstream": upstream.name, "account": (urlsplit(upstream.endpoint).hostname or "").partition(".")[0]}
    if upstream.key is None and code == _ROLE_MISSING:
        return {"event": "role_missing", **labels, "role": ROLE}
    return {"event": "upstream_authentication_failed", **labels, "status": status, "code": code}


def _read_code(response: Response) -> str | None:
    try:
        body = loads(response.body) if isinstance(response.body, bytes) else None
    except (ValueError, RecursionError):
        return None
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code[:64] if isinstance(code, str) else None
