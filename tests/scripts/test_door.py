"""A door of two replicas, of which only one has read the new key."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, cycle

import pytest

from scripts.azure.app import Key, wait_for_door
from scripts.cli.error_handling import ScriptError

NEW = Key(name="the new key", value="new")


@contextmanager
def replicas(*statuses: Callable[[], int]) -> Iterator[str]:
    """One server for all of them: each connection leads to the next one and stays there, as the ingress does it."""
    turns = cycle(statuses)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.status = next(turns)

        def do_GET(self) -> None:
            self.send_response(self.status())
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            """Be silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False  # a connection that is kept would be waited for

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_one_replica_that_refuses_the_key_is_met_in_spite_of_the_other() -> None:
    with (
        replicas(lambda: 200, lambda: 401) as url,
        pytest.raises(ScriptError, match=r"After 2 s the gateway at .* still answers (200|401) to the new key\."),
    ):
        wait_for_door(url, [NEW], wait_s=2, every_s=0.01)


def test_it_is_waited_for_until_each_of_them_opens() -> None:
    asked = count()
    with replicas(lambda: 200, lambda: 200 if next(asked) > 2 else 401) as url:
        wait_for_door(url, [NEW], wait_s=20, every_s=0.01)
    assert next(asked) >= 5
