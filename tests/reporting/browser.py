"""Headless Chromium, which looks at a page: https://chromedevtools.github.io/devtools-protocol/."""

import asyncio
import base64
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

_START_S = 30.0
_MEASURE = Path(__file__).with_name("measure.js")


@dataclass(kw_only=True)
class Seen:
    """What a browser says of a page."""

    complaints: list[Any] = field(default_factory=list)
    """Of its console: errors, warnings, whatever the page prints, and what its policy blocks."""
    requests: list[str] = field(default_factory=list)
    measures: dict[str, Any] = field(default_factory=dict)
    picture: bytes = b""
    """PNG."""
    print: bytes = b""
    """PDF."""


def chromium() -> str | None:
    """The program, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def look(page: Path, *, width: int, height: int = 900, dark: bool = False) -> Seen:
    """Open a page in a window of this size."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,  # its last process may still write there
        _started(Path(folder)) as port,
    ):
        return asyncio.run(_look(port, page, width=width, height=height, dark=dark))


@contextmanager
def _started(folder: Path) -> Iterator[int]:
    """The port of a new browser with a profile of its own. Without a sandbox it also runs as root, as in CI."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    command = [str(chromium()), *options, f"--user-data-dir={folder}", "--remote-debugging-port=0", "about:blank"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stderr
            listening = next((line for line in process.stderr if line.startswith("DevTools listening on")), None)
            assert listening, f"{command[0]} does not start"
            yield int(listening.split(":")[2].partition("/")[0])
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # with the processes of its pages


async def _look(port: int, page: Path, *, width: int, height: int, dark: bool) -> Seen:
    seen, address = Seen(), f"http://127.0.0.1:{port}/json/list"
    async with aiohttp.ClientSession() as http, asyncio.timeout(_START_S):
        async with http.get(address) as answer:
            (target,) = [each for each in await answer.json() if each["type"] == "page"]
        async with http.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            for domain in ("Page", "Network", "Runtime", "Log"):
                await _call(socket, seen, f"{domain}.enable")
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
            await _call(socket, seen, "Emulation.setDeviceMetricsOverride", **size)
            scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
            await _call(socket, seen, "Emulation.setEmulatedMedia", features=[scheme])
            await _call(socket, seen, "Page.navigate", url=page.as_uri())
            while (await _next(socket, seen)).get("method") != "Page.loadEventFired":
                pass
            script = _MEASURE.read_text(encoding="utf-8")
            measured = await _call(socket, seen, "Runtime.evaluate", expression=script, returnByValue=True)
            seen.measures = measured["result"]["value"]
            seen.picture = base64.b64decode((await _call(socket, seen, "Page.captureScreenshot"))["data"])
            seen.print = base64.b64decode((await _call(socket, seen, "Page.printToPDF"))["data"])
    return seen


async def _call(socket: aiohttp.ClientWebSocketResponse, seen: Seen, method: str, **parameters: object) -> Any:  # noqa: ANN401
    """The result of a command."""
    await socket.send_json({"id": 1, "method": method, "params": parameters})
    while "id" not in (message := await _next(socket, seen)):
        pass
    assert "error" not in message, message
    return message["result"]


async def _next(socket: aiohttp.ClientWebSocketResponse, seen: Seen) -> dict[str, Any]:
    """The next message; events are noted."""
    message: dict[str, Any] = await socket.receive_json()
    match message.get("method"):
        case "Log.entryAdded" | "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
            seen.complaints.append(message["params"])
        case "Network.requestWillBeSent":
            seen.requests.append(message["params"]["request"]["url"])
    return message
