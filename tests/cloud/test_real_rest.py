"""The real `az rest` takes a body from stdin, and sends it as it is: so a key passes no argument and no file."""

import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from scripts.setup.prepare import prepare, tool


def test_a_body_from_stdin_is_sent_unchanged(tmp_path: Path) -> None:
    prepare(tools=["azure-cli"])
    sent = json.dumps({"value": 'a key with @, " and =', "contentType": "text/plain", "tags": {"env": "dev"}})
    arrived: list[tuple[str, str | None, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            arrived.append((self.path, self.headers["content-type"], body))
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_words: object) -> None:
            """Be silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/secrets/x?api-version=7.4"
        words = ["rest", "--method", "put", "--url", url, "--resource", "https://vault.azure.net", "--body", "@-"]
        ran = subprocess.run(
            [tool("azure-cli"), *words, "--skip-authorization-header", "--only-show-errors"],
            input=sent,
            env={**os.environ, "AZURE_CONFIG_DIR": str(tmp_path), "AZURE_CORE_COLLECT_TELEMETRY": "0"},
            capture_output=True,
            text=True,
        )
    assert ran.returncode == 0, ran.stderr
    assert arrived == [("/secrets/x?api-version=7.4", "application/json", sent.encode())]
