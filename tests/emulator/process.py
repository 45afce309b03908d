"""The emulator as its own process, and the clients that call it."""

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from openai import AzureOpenAI, DefaultHttpxClient

ROOT = Path(__file__).parents[2]
KEY = "the-right-key"
TOKEN_KEY = "the-key-that-signs-tokens"
CLIENT_ID = "8d7e4d5c-27b0-4f0c-9d0e-3f1f0c7a2b11"
CODEX = "gpt-5.3-codex"
CHAT = "gpt-4o-mini"
EMBEDDING = "text-embedding-3-large"
RESPONSES_PATH = "/openai/responses?api-version=2025-04-01-preview"
CHAT_PATH = f"/openai/deployments/{CHAT}/chat/completions?api-version=2024-10-21"
EMBEDDINGS_PATH = f"/openai/deployments/{EMBEDDING}/embeddings?api-version=2023-05-15"
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading certificates takes a quarter of a second per client


def command(*, port: int = 0, control_port: int = 0) -> list[str]:
    return [sys.executable, "-m", "local.emulator", "--port", str(port), "--control-port", str(control_port)]


def environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "AZURE_OPENAI_API_KEY": KEY, **variables}


@dataclass(kw_only=True)
class Emulator:
    """A running emulator, and the clients of its data plane and its control plane."""

    process: subprocess.Popen[str]
    port: int
    control_port: int
    http: httpx.Client = field(init=False)
    http_without_key: httpx.Client = field(init=False)
    control: httpx.Client = field(init=False)
    responses: AzureOpenAI = field(init=False)
    embeddings: AzureOpenAI = field(init=False)
    chat: AzureOpenAI = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, headers={"api-key": KEY}, verify=_NO_TLS, timeout=60)
        self.http_without_key = httpx.Client(base_url=self.url, verify=_NO_TLS, timeout=60)
        self.control = httpx.Client(base_url=f"http://127.0.0.1:{self.control_port}", verify=_NO_TLS, timeout=60)
        self.responses = self._sdk(base_url=f"{self.url}/openai", api_version="2025-04-01-preview")
        self.embeddings = self._sdk(azure_endpoint=self.url, api_version="2023-05-15")
        self.chat = self._sdk(azure_endpoint=self.url, api_version="2024-10-21")

    def _sdk(self, **where: Any) -> AzureOpenAI:  # noqa: ANN401 - the overloads tell the endpoint from the base URL
        http = DefaultHttpxClient(verify=_NO_TLS, timeout=60)
        return AzureOpenAI(api_key=KEY, max_retries=0, http_client=http, **where)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        for client in (self.http, self.http_without_key, self.control, self.responses, self.embeddings, self.chat):
            client.close()

    def events(self, body: dict[str, Any]) -> list[Any]:
        """The events of a streamed response."""
        return list(self.responses.responses.create(model=CODEX, stream=True, **body))

    def fail(self, fault: str, **details: object) -> None:
        self.control.post("/faults", json={"fault": fault, **details}).raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        requests: list[dict[str, Any]] = self.control.get("/requests").json()
        return requests

    def last_status(self, *, other_than: object = None) -> object:
        """The status of the last request, once it is known and another one than this."""
        for _ in range(2000):
            requests = self.requests()  # empty, if the client disconnected before its request was read
            if requests and requests[-1]["status"] not in (None, other_than):
                break
            time.sleep(0.01)
        return requests[-1]["status"]

    def reset(self) -> None:
        self.control.delete("/faults").raise_for_status()
        self.control.put("/quota", json={}).raise_for_status()
        self.control.delete("/requests").raise_for_status()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=30)


@contextmanager
def run(**variables: str) -> Iterator[Emulator]:
    with subprocess.Popen(
        command(), cwd=ROOT, env=environment(**variables), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            ports = json.loads(process.stdout.readline())
            running = Emulator(process=process, port=ports["port"], control_port=ports["control_port"])
            with closing(running):
                yield running
        finally:
            process.terminate()
