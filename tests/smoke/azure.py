"""The emulator as a resource whose key, deployments and quota are not what the gateway thinks."""

import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from local.runner.processes import start

from .script import ROOT

KEY = "azure-key-of-the-test"
CONFIGURATION: Mapping[str, Any] = {
    "region": "test",
    "responses": {"gpt-5.3-codex": "2025-04-01-preview"},
    "chat": {},
    "embeddings": {"text-embedding-3-large": {"api_version": "2023-05-15", "dimension": 3072}},
}
_SHORT = {
    "LIMITS__QUEUE_S": "1",
    "RETRIES__ATTEMPTS": "2",
    "RETRIES__BACKOFF_S": "0.05",
    "CIRCUIT_BREAKER__OPEN_S": "0.1",
    "CIRCUIT_BREAKER__MAX_OPEN_S": "0.1",
    "TIMEOUTS__FIRST_EVENT_S": "3",
    "TIMEOUTS__CONNECT_S": "1",
    "TIMEOUTS__IDLE_S": "2",
    "TIMEOUTS__LITELLM_S": "15",
    "TIMEOUTS__LITELLM_START_S": "5",
}
_GIVEN_TO_NOBODY = range(20_000, 32_768)  # below what Linux takes for connections, and others for nothing at all
_SYNTHESIZE = """
import pathlib, sys
from main import synthesize
from settings.loading import load_environment
synthesize([load_environment(pathlib.Path("settings/environments/dev.toml"))], outdir=pathlib.Path(sys.argv[1]))
"""


def stack_with_short_limits(outdir: Path, *, environ: Mapping[str, str]) -> Path:
    """The stack of dev, which gives up soon."""
    overrides = {f"AIGATEWAY_{name}": value for name, value in _SHORT.items()}
    command = [sys.executable, "-c", _SYNTHESIZE, str(outdir)]
    subprocess.run(command, cwd=ROOT, env={**environ, **overrides}, check=True)
    return outdir / "stacks/aigateway-dev/cdk.tf.json"


def free_port() -> int:
    """One that nobody listens at, and that the system gives nobody who takes any."""
    for port in random.sample(_GIVEN_TO_NOBODY, len(_GIVEN_TO_NOBODY)):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")


class Azure:
    """A resource at one address, which can be made anew; nobody is there in the beginning."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._control = free_port()
        self._running = ExitStack()
        self.url = f"http://127.0.0.1:{port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Nobody is there any more."""
        self._running.close()

    def be(self, *, key: str = KEY, **configuration: object) -> None:
        """Be a resource with this key and configuration, the rest as the gateway thinks."""
        self.stop()
        words = ["--port", str(self._port), "--control-port", str(self._control)]
        env = {
            "AZURE_OPENAI_API_KEY": key,
            "EMULATOR_CONFIG": json.dumps({**CONFIGURATION, **configuration}),
            "PYTHONPATH": str(ROOT),
        }
        process = self._running.enter_context(
            start("emulator", (sys.executable, "-m", "local.emulator", *words), env=env)
        )
        deadline = time.monotonic() + 60
        while "control_port" not in process.output():
            process.check()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def fail(self, fault: str, **options: object) -> None:
        """Do this wrong, every time."""
        self._order("POST", "/faults", {"fault": fault, "count": -1, **options})

    def grant(self, **quota: int) -> None:
        """Have this quota for each deployment."""
        self._order("PUT", "/quota", quota)

    def _order(self, method: str, path: str, body: Mapping[str, object]) -> None:
        url = f"http://127.0.0.1:{self._control}{path}"
        httpx.request(method, url, json=body, trust_env=False, timeout=60).raise_for_status()
