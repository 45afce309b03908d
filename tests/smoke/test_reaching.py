"""Nobody answers, somebody else does, or the gateway only starts: told as what it is, in the time that was given."""

import ssl
import subprocess
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.runner.session import Session
from scripts.smoke_test import Offer, Report, run, start

from .azure import free_port
from .script import smoke
from .tampering import Asked, Sent, Server, Tampering

KEY = "a-key-for-nobody"


def test_a_name_that_does_not_resolve_is_dns() -> None:
    ran = smoke("--base-url", "https://x.invalid", "--wait-s", "1", "--json", GATEWAY_KEY=KEY)
    assert ran.code == 1
    assert ran.layers == {"gateway": "DNS"}
    assert set(ran.statuses.values()) == {"failed", "skipped"}
    assert "https://x.invalid/v1" in ran.look_at("DNS")


def test_a_gateway_that_is_down_is_the_network() -> None:
    ran = smoke("--base-url", f"http://127.0.0.1:{free_port()}", "--wait-s", "1", "--json", GATEWAY_KEY=KEY)
    assert ran.code == 1
    assert ran.layers == {"gateway": "network"}
    assert "Nobody listens" in ran.look_at("network")


def test_a_certificate_that_nobody_vouches_for_is_tls(tmp_path: Path) -> None:
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "certificate.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    with Server(lambda _: Sent(body=b"{}"), tls=context) as server:
        started = time.monotonic()
        ran = smoke("--base-url", server.url, "--wait-s", "30", "--json", GATEWAY_KEY=KEY)
    assert ran.layers == {"gateway": "TLS"}
    assert "self-signed certificate" in ran.look_at("TLS")
    assert time.monotonic() - started < 20, "it waited for a certificate to become better"


def check(url: str, offer: Offer, *, key: str = KEY, wait_s: float = 0.0) -> Report:
    """Within this process, which saves the start of another one."""
    return run(base_url=url, key=key, offer=offer, wait_s=wait_s, timeout_s=20, tell=lambda _: None)


def found(report: Report) -> tuple[str, str]:
    """Layer and meaning of the one finding."""
    (diagnosis,) = report.diagnoses
    assert not report.passed
    return diagnosis.layer, diagnosis.meaning


def test_http_where_https_was_meant_is_tls(offer: Offer) -> None:
    with Server(lambda _: Sent(body=b"{}")) as server:
        layer, meaning = found(check(server.url.replace("http", "https"), offer))
    assert layer == "TLS"
    assert "wrong version number" in meaning


PAGE = (
    b"<!DOCTYPE html><html><head><title>Azure Container App - Unavailable</title><style>p {color: red}</style></head>"
)
NOT_THERE = PAGE + b"<body><h1>Error 404 - This Container App is stopped or does not exist.</h1></body></html>"


@pytest.mark.parametrize(
    ("sent", "layer", "words"),
    [
        (
            Sent(body=b"<html><h1>Welcome</h1></html>", media_type="text/html"),
            "gateway",
            "is not this gateway: Welcome",
        ),
        (Sent(body=b'{"status": "ok"}'), "gateway", "is not this gateway"),
        (Sent(status=404, body=b'{"detail": "Not Found"}'), "gateway", "is not this gateway"),
        (Sent(status=404, body=NOT_THERE, media_type="text/html"), "ingress", "no running app of this name"),
        (
            Sent(status=403, body=b"<h1>Error 403 - This Container App is stopped</h1>", media_type="text/html"),
            "ingress",
            "no running app of this name",
        ),
        (Sent(status=403, body=b"RBAC: access denied", media_type="text/plain"), "ingress", "this machine's address"),
        (Sent(status=503, body=b"no healthy upstream", media_type="text/plain"), "ingress", "no healthy upstream"),
        (Sent(status=301, headers={"location": "https://elsewhere.example/"}), "ingress", "leads elsewhere"),
    ],
)
def test_whoever_else_answers_is_told_from_the_gateway_and_never_sees_the_key(
    offer: Offer, sent: Sent, layer: str, words: str
) -> None:
    keys: list[str] = []

    def serve(asked: Asked) -> Sent:
        keys.append(asked.key)
        return sent

    with Server(serve) as server:
        report = check(server.url, offer)
    told = found(report)
    assert told[0] == layer
    assert words in told[1]
    assert set(keys) == {""}
    assert [result.status for result in report.results] == ["failed", *["skipped"] * 8]


def test_a_gateway_that_comes_up_after_some_seconds_is_waited_for(session: Session, offer: Offer) -> None:
    port, told = free_port(), list[str]()
    with ExitStack() as stack:

        def tell(text: str) -> None:
            if not told:
                stack.enter_context(Tampering(session.host_url, port=port))
            told.append(text)

        url = f"http://127.0.0.1:{port}"
        report = run(base_url=url, key=session.key, offer=offer, wait_s=60, timeout_s=20, tell=tell)
    assert report.passed
    assert told[0].startswith("Waiting for http://127.0.0.1:")
    assert report.results[0].note.startswith("after ")


def test_an_ingress_that_has_no_replica_yet_is_waited_for(session: Session, tampering: Tampering, offer: Offer) -> None:
    answers = [502, 503, 503]

    def starts(_: Asked, sent: Sent) -> Sent:
        return Sent(status=answers.pop(), body=b"upstream connect error", media_type="text/plain") if answers else sent

    tampering.tamper = starts
    report = check(tampering.url, offer, key=session.key, wait_s=30)
    assert report.passed
    assert not answers


def test_a_silent_server_costs_no_more_than_the_wait(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "_SHORTEST_S", 0.0)
    release = threading.Event()

    def never(_: Asked) -> Sent:
        release.wait(30)
        return Sent()

    with Server(never) as server:
        started = time.monotonic()
        layer, meaning = found(check(server.url, offer, wait_s=0.5))
        seconds = time.monotonic() - started
        release.set()
    assert layer == "network"
    assert "is silent" in meaning
    assert seconds < 10  # and not the 20 that a check may take
