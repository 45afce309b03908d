"""A key is accepted when every replica accepts it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, cycle

import pytest

from scripts.azure.key_probe import CONSECUTIVE, Key, wait_for_keys
from scripts.azure.polling import Polling
from scripts.cli.error_handling import ScriptError
from tests.scripts.clock import Clock

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
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_one_replica_that_refuses_the_key_is_found_although_the_other_accepts_it(clock: Clock) -> None:
    with (
        replicas(lambda: 200, lambda: 401) as url,
        pytest.raises(ScriptError, match=r"After 60 s the gateway at .* still answers 401 to the new key\."),
    ):
        wait_for_keys(url, [NEW], Polling(timeout_s=60, interval_s=15))
    assert set(clock.slept) == {1.0, 15}


def test_it_waits_until_each_replica_accepts_the_key(clock: Clock) -> None:
    asked = count()
    with replicas(lambda: 200, lambda: 200 if next(asked) > 2 else 401) as url:
        wait_for_keys(url, [NEW], Polling(timeout_s=300, interval_s=15))
    assert next(asked) >= 3 + CONSECUTIVE / 2
    assert clock.slept.count(15) == 3


def test_a_key_that_must_be_refused_is_waited_for(clock: Clock) -> None:
    asked = count()
    with replicas(lambda: 401 if next(asked) else 200) as url:
        wait_for_keys(url, [Key(name="the old key", value="old", accepted=False)], Polling(timeout_s=60, interval_s=15))
    assert clock.slept[0] == 15


def test_a_key_that_is_no_header_value_is_reported(clock: Clock) -> None:
    with replicas(lambda: 200) as url, pytest.raises(ScriptError, match="still answers nothing"):
        wait_for_keys(url, [Key(name="the key", value="schlüssel\u20ac")], Polling(timeout_s=15, interval_s=15))
    assert clock.slept == [15]
