"""No server, another server, or a gateway that is starting: each is named, within the time that was given."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from scripts.smoke_test import Report, Target, run
from scripts.smoke_test.run import run_async
from tests.smoke.stub_gateway import KEY, Reply, StubGateway, error, listening
from tests.virtual_time import run as in_virtual_time

Tested = Callable[..., Report]
PAGE = (
    b"<!DOCTYPE html><html><head><title>Azure Container App - Unavailable</title><style>p {color: red}</style></head>"
)
NOT_THERE = PAGE + b"<body><h1>Error 404 - This Container App is stopped or does not exist.</h1></body></html>"


def found(report: Report) -> tuple[str, str]:
    """Layer and meaning of the one diagnosis; no check was made."""
    (diagnosis,) = report.diagnoses
    assert [result.status for result in report.results] == ["failed", *["skipped"] * 8]
    return diagnosis.layer, diagnosis.meaning


def check(url: str, target: Target) -> Report:
    """Without a wait."""
    return run(base_url=url, key=KEY, target=target, wait_s=0.0, timeout_s=20, progress=print)


def test_a_name_that_does_not_resolve_is_dns(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: object, **__: object) -> None:
        """As for a name that the resolver says does not exist; a machine without one may take long to say less."""
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    layer, meaning = found(check("https://x.invalid", target))
    assert layer == "DNS"
    assert "https://x.invalid/v1" in meaning


def test_a_port_without_a_server_is_the_network(target: Target) -> None:
    with socket.socket() as unused:  # bound, so that nobody else takes it, and not listening
        unused.bind(("127.0.0.1", 0))
        layer, meaning = found(check(f"http://127.0.0.1:{unused.getsockname()[1]}", target))
    assert layer == "network"
    assert "refuses connections" in meaning


def test_an_untrusted_certificate_is_tls_and_not_waited_for(tmp_path: Path, stub: StubGateway, target: Target) -> None:
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "certificate.pem")]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command = ["openssl", "req", "-x509", *curve, "-nodes", "-days", "1", *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")

    async def test() -> Report:
        async with listening(stub, tls=tls) as origin:
            return await run_async(
                base_url=origin, key=KEY, target=target, wait_s=999, timeout_s=20, progress=pytest.fail
            )

    layer, meaning = found(in_virtual_time(test()))
    assert layer == "TLS"
    assert "self-signed certificate" in meaning


def test_http_where_https_was_meant_is_tls(stub: StubGateway, target: Target) -> None:
    async def test() -> Report:
        async with listening(stub) as origin:
            url = origin.replace("http", "https")
            return await run_async(base_url=url, key=KEY, target=target, wait_s=999, timeout_s=20, progress=pytest.fail)

    layer, meaning = found(in_virtual_time(test()))
    assert layer == "TLS"
    assert "wrong version number" in meaning


@pytest.mark.parametrize(
    ("reply", "layer", "words"),
    [
        (Reply(body=b"<html><h1>Welcome</h1></html>", media_type="text/html"), "gateway", "gateway: Welcome"),
        (Reply(body=b'{"status": "ok"}'), "gateway", "is not this gateway"),
        (Reply(status=404, body=b'{"detail": "Not Found"}'), "gateway", "is not this gateway"),
        (Reply(status=404, body=NOT_THERE, media_type="text/html"), "ingress", "no running app of this name"),
        (Reply(status=403, body=b"<h1>Error 403 - This Container App is stopped</h1>"), "ingress", "no running app"),
        (Reply(status=403, body=b"RBAC: access denied", media_type="text/plain"), "ingress", "IP address"),
        (Reply(status=503, body=b"no healthy upstream", media_type="text/plain"), "ingress", "no healthy upstream"),
        (Reply(status=301, headers={"location": "https://elsewhere.example/"}), "ingress", "redirects"),
    ],
)  # fmt: skip
def test_another_server_is_named_and_never_gets_the_key(
    tested: Tested, stub: StubGateway, reply: Reply, layer: str, words: str
) -> None:
    stub.change = lambda _, __: reply
    report = tested()
    found_layer, meaning = found(report)
    assert found_layer == layer
    assert words in meaning
    assert {question.key for question in stub.questions} == {""}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=502, body=b"upstream connect error"),
        Reply(status=503, body=b"no healthy upstream"),
        error(503, "shutting_down"),
        Reply(is_dropped=True),
    ],
)
def test_a_gateway_that_is_starting_is_waited_for(tested: Tested, stub: StubGateway, reply: Reply) -> None:
    stub.change = lambda _, good: reply if len(stub.questions) <= 3 else good
    report = tested(wait_s=240.0)
    assert report.passed
    assert report.results[0].note.startswith("after ")


def test_a_gateway_that_does_not_listen_yet_is_waited_for(stub: StubGateway, target: Target) -> None:
    progress: list[str] = []

    async def test() -> Report:
        with socket.socket() as reserved:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind(("127.0.0.1", 0))
            port = reserved.getsockname()[1]
            url = f"http://127.0.0.1:{port}"
            options = {"target": target, "wait_s": 60.0, "timeout_s": 20.0, "progress": progress.append}
            testing = asyncio.ensure_future(run_async(base_url=url, key=KEY, **options))  # type: ignore[arg-type]
            await asyncio.sleep(30)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(listening(stub, port=port))
            return await testing

    report = in_virtual_time(test())
    assert report.passed
    assert progress[0].startswith("Waiting for http://127.0.0.1:")
    assert progress[0].endswith("/v1, up to 60 s ... 2 s")


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (Reply(status=503, body=b"no healthy upstream"), 240),
        (Reply(status=404, body=NOT_THERE), 20),
        (Reply(status=404, body=b"{}"), 0),
        (Reply(delay_s=9999.0), 240),
    ],
)
def test_the_wait_ends_in_time(stub: StubGateway, target: Target, reply: Reply, seconds: int) -> None:
    stub.change = lambda _, __: reply

    async def test() -> float:
        started = asyncio.get_running_loop().time()
        async with listening(stub) as origin:
            await run_async(base_url=origin, key=KEY, target=target, wait_s=240, timeout_s=20, progress=print)
            return asyncio.get_running_loop().time() - started

    assert seconds - 4 < in_virtual_time(test()) < seconds + 4
