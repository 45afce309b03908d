"""A gateway's door that opens to the keys of a stand-in vault, late, as Container Apps reads them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.cloud.stand_ins import Cloud


@contextmanager
def door(cloud: Cloud, vault: str, *, late_s: float) -> Iterator[str]:
    """Its base URL. Whoever asks first after a change meets the old keys; `late_s` later the new ones are known."""
    keys = _Keys(cloud, vault, late_s=late_s)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            key = self.headers.get("authorization", "").removeprefix("Bearer ")
            opens = self.path == "/v1/models" and key in keys.known()
            body = json.dumps({"data": []} if opens else {"error": {"message": "no"}}).encode()
            self.send_response(200 if opens else 401)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Be silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Keys:
    """What the door knows of the vault; it learns of a change from being asked, so that no slow machine misses it."""

    def __init__(self, cloud: Cloud, vault: str, *, late_s: float) -> None:
        self._cloud = cloud
        self._vault = vault
        self._late_s = late_s
        self._lock = threading.Lock()
        self._known = self._newest()
        self._stale_since: float | None = None

    def known(self) -> set[str]:
        """The keys that open it now."""
        with self._lock:
            newest, now = self._newest(), time.monotonic()
            if newest == self._known:
                self._stale_since = None
            elif self._stale_since is None:
                self._stale_since = now
            elif now - self._stale_since >= self._late_s:
                self._known, self._stale_since = newest, None
            return self._known

    def _newest(self) -> set[str]:
        """The newest of each secret, without those that are made in the future."""
        secrets = self._cloud.state()["vaults"][self._vault].values()
        made = [[version["value"] for version in versions if version["made"] <= time.time()] for versions in secrets]
        return {values[-1] for values in made if values}
