"""A gateway's door that opens to the keys of a stand-in vault, as late as Container Apps reads them."""

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
    """Its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            key = self.headers.get("authorization", "").removeprefix("Bearer ")
            opens = self.path == "/v1/models" and key in _keys(cloud, vault, late_s=late_s)
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


def _keys(cloud: Cloud, vault: str, *, late_s: float) -> set[str]:
    """The newest of each secret that is old enough."""
    read = time.time() - late_s
    secrets = cloud.state()["vaults"][vault].values()
    known = [[version["value"] for version in versions if version["made"] <= read] for versions in secrets]
    return {values[-1] for values in known if values}
