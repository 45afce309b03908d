"""The health probes of the platform; they leave no line in the access log, unless a key is wrong."""

from aiohttp import web

from ..access_log import LogEvent
from ..admission.authentication import Authentication
from ..routes import LIVENESS, READINESS
from .client_address import client_address
from .server import SERVER_HEADER
from .shutdown import ActiveRequests
from .unauthenticated import UnauthenticatedRequests

_LOOPBACK = ("127.0.0.1", "::1")


class HealthProbes:
    """Answers the probes; `source` says which source code runs."""

    def __init__(
        self,
        *,
        active_requests: ActiveRequests,
        authentication: Authentication,
        unauthenticated: UnauthenticatedRequests,
        source: str | None,
        log_event: LogEvent,
    ) -> None:
        self._active_requests = active_requests
        self._authentication = authentication
        self._unauthenticated = unauthenticated
        self._source = source
        self._log_event = log_event

    def answer(self, http_request: web.BaseRequest, path: str) -> web.Response | None:
        """Answer a probe; None: the request is not one."""
        if http_request.method not in ("GET", "HEAD") or path not in (LIVENESS, READINESS):
            return None
        if path == READINESS and self._active_requests.is_draining:
            return web.json_response({"status": "shutting down"}, status=503, headers=SERVER_HEADER)
        body: dict[str, object] = {"status": "ok"}
        if path == LIVENESS and self._may_see_source(http_request):
            body["source"] = self._source
        return web.json_response(body, headers=SERVER_HEADER)

    def _may_see_source(self, http_request: web.BaseRequest) -> bool:
        """Only a project, or somebody on this machine. A wrong key is logged, as on every other route."""
        if http_request.remote in _LOOPBACK or self._authentication.find_owner(http_request) is not None:
            return True
        if self._authentication.has_key(http_request):
            address = client_address(http_request)
            if self._unauthenticated.count(address):
                event: dict[str, object] = {"event": "invalid_api_key", "client_address": address}
                self._log_event({**event, "route": "health/liveness"})
        return False
