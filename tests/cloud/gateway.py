"""A gateway that accepts the keys of a stand-in vault some time after they were written, as Container Apps does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.cloud.fixtures import Cloud


@contextmanager
def serve(cloud: Cloud, vault: str, *, delay_s: float, now: Callable[[], float] = time.monotonic) -> Iterator[str]:
    """Its base URL. The first request after a change meets the old keys; those after `delay_s` the new ones."""
    keys = _Keys(cloud, vault, delay_s=delay_s, now=now)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            key = self.headers.get("authorization", "").removeprefix("Bearer ")
            accepted = self.path == "/v1/models" and key in keys.accepted()
            body = json.dumps({"data": []} if accepted else {"error": {"message": "no"}}).encode()
            self.send_response(200 if accepted else 401)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Be silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Keys:
    """The keys that the gateway knows; it learns of a change from a request, so that no slow machine misses it."""

    def __init__(self, cloud: Cloud, vault: str, *, delay_s: float, now: Callable[[], float]) -> None:
        self._cloud = cloud
        self._vault = vault
        self._delay_s = delay_s
        self._now = now
        self._lock = threading.Lock()
        self._known = self._latest()
        self._stale_since: float | None = None

    def accepted(self) -> set[str]:
        """The keys that it accepts now."""
        with self._lock:
            latest, now = self._latest(), self._now()
            if latest == self._known:
                self._stale_since = None
            elif self._stale_since is None:
                self._stale_since = now
            elif now - self._stale_since >= self._delay_s:
                self._known, self._stale_since = latest, None
            return self._known

    def _latest(self) -> set[str]:
        """The latest version of each secret, except those that the test created in the future."""
        secrets = self._cloud.state()["vaults"][self._vault].values()
        created = [[version["value"] for version in versions if version["made"] <= time.time()] for versions in secrets]
        return {values[-1] for values in created if values}
