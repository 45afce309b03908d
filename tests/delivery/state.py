"""A server for Terraform's http backend, which can be slow, locked, or unable to unlock.

https://developer.hashicorp.com/terraform/language/backend/http
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class State:
    """The contents and locks by environment, the requests, and how the server behaves."""

    url: str = ""
    contents: dict[str, bytes] = field(default_factory=dict)
    locks: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    cannot_unlock: bool = False
    write_delay_s: float = 0.0
    read_delay_s: float = 0.0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def resources(self, env: str = "dev") -> dict[str, Any]:
        """The resources in the state: their attributes by name. One that Terraform has not created has no instance."""
        state = json.loads(self.contents.get(env, b'{"resources": []}'))
        return {resource["name"]: resource["instances"][0] for resource in state["resources"] if resource["instances"]}

    def wait_for(self, method: str) -> None:
        """Until there was such a request."""
        with self.changed:
            assert self.changed.wait_for(lambda: method in self.requests, timeout=120)


@contextmanager
def serve() -> Iterator[State]:
    """A server of an empty state, as long as the block lasts."""
    state = State()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            env = self.begin()
            time.sleep(state.read_delay_s)
            content = state.contents.get(env, b"")
            self.answer(200 if content else 204, content)

        def do_POST(self) -> None:
            env, content = self.begin(), self.content()
            time.sleep(state.write_delay_s)
            state.contents[env] = content
            self.answer(200)

        def do_LOCK(self) -> None:
            env, content = self.begin(), self.content()
            held = state.locks.setdefault(env, content)
            self.answer(200 if held is content else 423, b"" if held is content else held)

        def do_UNLOCK(self) -> None:
            env = self.begin()
            self.content()
            time.sleep(state.write_delay_s)
            if not state.cannot_unlock:
                state.locks.pop(env, None)
            self.answer(500 if state.cannot_unlock else 200)

        def begin(self) -> str:
            with state.changed:
                state.requests.append(self.command)
                state.changed.notify_all()
            return self.path.strip("/").partition("?")[0]

        def content(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def answer(self, status: int, content: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield state
        server.shutdown()
