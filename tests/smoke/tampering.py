"""A server before a gateway, or in its place."""

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import httpx


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What goes to the client; `cut` ends the connection before the body's announced length, `drop` before all."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    drop: bool = False


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What came from the client."""

    method: str
    path: str
    key: str
    body: bytes


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    serve: Callable[[Asked], Sent]


class Server:
    """Answers every request as `serve` does, on a port of its own, or on the one that is given."""

    def __init__(self, serve: Callable[[Asked], Sent], *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler, bind_and_activate=False)
        self._server.serve = serve
        self._tls = tls
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._server.server_bind()
        self._server.server_activate()
        if self._tls:
            self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Nothing is printed."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        key = self.headers.get("authorization", "").removeprefix("Bearer ")
        sent = self.server.serve(Asked(method=self.command, path=self.path, key=key, body=body))
        if sent.drop:
            self.close_connection = True
            return
        self.send_response(sent.status)
        for name, value in {"content-type": sent.media_type, **sent.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(sent.body) + (1 if sent.cut else 0)))
        self.end_headers()
        self.wfile.write(sent.body)
        if sent.cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)


Tamper = Callable[[Asked, Sent], Sent]


class Tampering(Server):
    """The gateway's own answers, which `tamper` may change."""

    def __init__(self, gateway: str, *, port: int = 0) -> None:
        super().__init__(self._pass, port=port)
        self._http = httpx.Client(base_url=gateway, timeout=60, trust_env=False)
        self.tamper: Tamper | None = None

    def _pass(self, asked: Asked) -> Sent:
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {asked.key}"} if asked.key else {})
        answer = self._http.request(asked.method, asked.path, content=asked.body, headers=headers)
        kept = {name: answer.headers[name] for name in ("x-request-id", "retry-after") if name in answer.headers}
        sent = Sent(
            status=answer.status_code,
            body=answer.content,
            media_type=answer.headers.get("content-type", ""),
            headers=kept,
        )
        return self.tamper(asked, sent) if self.tamper else sent

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._http.close()
