"""The smoke test of a deployment, from a machine that the ingress may not allow."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.delivery.stand_ins import Delivery

ALLOWLIST = {"AIGATEWAY_INGRESS__IP_ALLOWLIST": "203.0.113.0/24"}


class Unauthorized(BaseHTTPRequestHandler):
    """A gateway that knows no key."""

    status, media_type = 401, "application/json"
    body = b'{"error": {"message": "No key.", "type": "invalid_request_error", "code": "invalid_api_key"}}'

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.status)
        self.send_header("Content-Type", self.media_type)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


class NotAllowed(Unauthorized):
    """An ingress that does not allow the caller (github.com/microsoft/azure-container-apps/issues/835)."""

    status, media_type, body = 403, "text/plain", b"RBAC: access denied"


@contextmanager
def serve(handler: type[Unauthorized]) -> Iterator[str]:
    """Its base URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def deploy(delivery: Delivery, url: str, **environ: str) -> tuple[int, str]:
    """Its exit code and its messages."""
    delivery.plans()
    delivery.outputs(openai_base_url=url)
    ran = delivery.run("deploy", "--env", "dev", "--yes", **environ)
    return ran.code, ran.err


@pytest.mark.parametrize("environ", [{}, ALLOWLIST])
def test_a_gateway_that_refuses_the_key_fails(delivery: Delivery, environ: dict[str, str]) -> None:
    with serve(Unauthorized) as url:
        code, messages = deploy(delivery, url, **environ)
    assert code == 1
    assert "dev is deployed, but the smoke test failed." in messages
    assert "| smoke test | `FAILED` |" in delivery.summary


def test_an_ingress_that_does_not_allow_this_machine_is_tested_from_one_that_it_allows(delivery: Delivery) -> None:
    with serve(NotAllowed) as url:
        code, messages = deploy(delivery, url, **ALLOWLIST)
    assert code == 0
    assert f"scripts/smoke.py --env dev --base-url {url}" in messages
    assert "| smoke test | `not run: this machine is not in ip_allowlist` |" in delivery.summary


def test_without_an_allowlist_nobody_may_be_refused(delivery: Delivery) -> None:
    with serve(NotAllowed) as url:
        code, _ = deploy(delivery, url)
    assert code == 1
    assert "| smoke test | `FAILED` |" in delivery.summary


def test_an_internal_gateway_is_tested_from_inside(delivery: Delivery) -> None:
    url = "http://127.0.0.1:9/v1"
    code, messages = deploy(delivery, url, AIGATEWAY_INGRESS__EXTERNAL="false")
    assert code == 0
    assert f"scripts/smoke.py --env dev --base-url {url}" in messages
    assert "| smoke test | `not run: the ingress is internal` |" in delivery.summary
