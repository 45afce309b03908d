"""The record of calls: what a test asserts of a deployment."""

import re
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_READING = re.compile(r"/(sharedKeys|listSecrets|token)$", re.IGNORECASE)
"""Actions that are a POST and change nothing."""


@dataclass(kw_only=True)
class Call:
    """One request: `host` and `path` are as sent, `status` is the answer's."""

    method: str
    host: str
    path: str
    status: int = 0

    @property
    def changes(self) -> bool:
        """Whether it changed something; the Terraform state does not count."""
        is_write = self.method not in {"GET", "HEAD"} and not _READING.search(self.path)
        return is_write and self.status < 400 and not self.host.endswith(".blob.core.windows.net")

    @property
    def kind(self) -> str:
        """Of what it is about: `containerapps`, `secrets` also for deleted ones."""
        parts = self.path.strip("/").lower().split("/")
        return "secrets" if self.host.endswith(".vault.azure.net") else parts[-2]

    def __str__(self) -> str:
        return f"{self.method} {'/'.join(self.path.rstrip('/').split('/')[-2:])}"


class CallRecorder:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, *, calls: list[Call]) -> None:
        self._app = app
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        call = Call(method=scope["method"], host=headers.get(b"host", b"").decode(), path=scope["path"])

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
                self._calls.append(call)
            await send(message)

        await self._app(scope, receive, note)
