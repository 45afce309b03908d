"""After a deployment the gateway is asked, and whoever deployed is told what to do when it does not answer well."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local.runner.session import Session
from scripts.terraform.changes import Action, Change
from scripts.terraform.deploying import what_now
from scripts.terraform.plans import Plan
from tests.delivery.conftest import Desk


class Refusing(BaseHTTPRequestHandler):
    """A gateway that knows nobody's key."""

    status, media_type = 401, "application/json"
    content = b'{"error": {"message": "No key.", "type": "invalid_request_error", "code": "invalid_api_key"}}'

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.status)
        self.send_header("Content-Type", self.media_type)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


class Closed(Refusing):
    """An ingress that does not know the caller's address (github.com/microsoft/azure-container-apps/issues/835)."""

    status, media_type, content = 403, "text/plain", b"RBAC: access denied"


@contextmanager
def serve(handler: type[Refusing]) -> Iterator[str]:
    """Its base URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


@pytest.fixture
def refusing() -> Iterator[str]:
    with serve(Refusing) as url:
        yield url


@pytest.fixture
def closed() -> Iterator[str]:
    with serve(Closed) as url:
        yield url


@pytest.fixture
def at(desk: Desk, deployed: bytes) -> Desk:
    """A desk whose environment is deployed already."""
    desk.state.contents["dev"] = deployed
    return desk


def test_a_gateway_that_answers_well_passes(at: Desk, session: Session) -> None:
    at.scene["url"] = session.base_url
    ran = at.run("deploy", "--env", "dev", "--yes", TF_VAR_gateway_key=session.key)
    assert ran.returncode == 0, ran.stderr
    assert "| smoke test | `passed` |" in at.summary
    assert "### Smoke test of dev: passed" in at.summary
    assert "rollback" not in at.summary + ran.stderr
    assert session.key not in at.summary + ran.stdout + ran.stderr


def test_a_gateway_that_does_not_is_deployed_and_fails_with_what_to_do(at: Desk, refusing: str) -> None:
    at.scene["url"] = refusing
    ran = at.run("deploy", "--env", "dev", "--yes")
    assert ran.returncode == 1
    assert "dev is deployed, and does not pass the smoke test." in ran.stderr
    assert "mend what the test says, and deploy again" in ran.stderr
    assert "| smoke test | `FAILED` |" in at.summary
    assert "mend what the test says, and deploy again" in at.summary
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("kind", "action", "goes_back"),
    [
        ("azurerm_container_app", Action.CHANGED, True),
        ("azurerm_container_app", Action.CREATED, False),
        ("azurerm_container_app", Action.REPLACED, False),
        ("azurerm_key_vault", Action.CHANGED, False),
    ],
)
def test_the_way_back_is_shown_where_there_is_one(kind: str, action: Action, *, goes_back: bool) -> None:
    change = Change(address=f"{kind}.gateway", kind=kind, action=action)
    told = what_now(Plan(env="dev", changes=(change,)))
    assert ("python3 scripts/rollback.py --env dev" in told) is goes_back


@pytest.mark.parametrize(
    ("allowlist", "code", "words"),
    [("203.0.113.0/24", 0, "not run: this machine is not in ip_allowlist"), ("", 1, "FAILED")],
)
def test_whom_the_allowlist_keeps_out_leaves_the_test_to_a_machine_that_is_on_it(
    at: Desk, closed: str, allowlist: str, code: int, words: str
) -> None:
    at.scene["url"] = closed
    given = {"AIGATEWAY_INGRESS__IP_ALLOWLIST": allowlist} if allowlist else {}
    ran = at.run("deploy", "--env", "dev", "--yes", **given)
    assert ran.returncode == code, ran.stderr
    assert f"| smoke test | `{words}` |" in at.summary
    assert ("the ingress lets in 203.0.113.0/24 alone." in ran.stderr) is bool(allowlist)
    assert (f"scripts/smoke.py --env dev --base-url {closed}" in ran.stderr) is bool(allowlist)


def test_an_allowlist_excuses_nothing_but_the_ingress_own_refusal(at: Desk, refusing: str) -> None:
    at.scene["url"] = refusing
    ran = at.run("deploy", "--env", "dev", "--yes", AIGATEWAY_INGRESS__IP_ALLOWLIST="203.0.113.0/24")
    assert ran.returncode == 1
    assert "| smoke test | `FAILED` |" in at.summary


def test_what_answers_inside_alone_is_left_to_a_test_from_inside(at: Desk) -> None:
    ran = at.run("deploy", "--env", "dev", AIGATEWAY_INGRESS__EXTERNAL="false")
    assert ran.returncode == 0, ran.stderr
    assert "scripts/smoke.py --env dev --base-url http://127.0.0.1:9/v1" in ran.stderr
    assert "| smoke test | `not run: the ingress is internal` |" in at.summary
