"""The clients that people use, as processes of their own: what each is started with, and where its answer is."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from scripts.setup.cdktf_cli import NODE
from scripts.setup.prepare import CLIENTS

MODEL = "gpt-5.3-codex"
NOTE = "note.txt"
"""A file in the folder in which a client works."""
_HERE = Path(__file__).parent
_MODULES = CLIENTS / "node_modules"
_DEAD_PROXY = "http://127.0.0.1:9"
_TIMEOUT_S = 120.0  # for a busy machine
_ALONE = {
    **{name: _DEAD_PROXY for kind in ("http", "https", "all") for name in (f"{kind}_proxy", f"{kind.upper()}_PROXY")},
    **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"),
    **dict.fromkeys(("DO_NOT_TRACK", "DISABLE_TELEMETRY", "CLINE_NO_AUTO_UPDATE", "OPENCODE_DISABLE_AUTOUPDATE"), "1"),
    **dict.fromkeys(("OPENCODE_DISABLE_MODELS_FETCH", "OPENCODE_DISABLE_LSP_DOWNLOAD"), "1"),
    "CLINE_SESSION_BACKEND_MODE": "local",  # else it leaves a process behind
}
"""Only this machine can be reached, nothing is reported, nothing is updated."""


@dataclass(frozen=True)
class Place:
    """`files`: what up.py wrote for the clients. `home` and `work`, which has the note, are of this run alone."""

    files: Path
    home: Path
    work: Path


@dataclass(frozen=True, kw_only=True)
class Program:
    """A client. `command` makes its command line of a place and a prompt, `answer` finds the answer in its output.

    `tool`: the words of a prompt that have the emulator call the client's tool with arguments that read the note.
    """

    name: str
    command: Callable[[Place, str], Sequence[str | Path]]
    tool: str
    answer: Callable[[str], str] = str.strip

    def ask(self, place: Place, prompt: str) -> str:
        """The answer; AssertionError with all that the client printed when it fails."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        environ = {"PATH": path, "HOME": str(place.home), **_ALONE}
        with_file = f'. {shlex.quote(str(place.files / "openai.env"))}; exec "$@"'
        words = ["sh", "-c", with_file, "sh", *map(str, self.command(place, prompt))]
        ran = _run(words, cwd=place.work, environ=environ)
        assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
        return self.answer(ran.stdout)


def _run(words: Sequence[str], *, cwd: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the program in a process group, of which nothing is left."""
    with subprocess.Popen(
        words,
        cwd=cwd,
        env=dict(environ),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=_TIMEOUT_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)


def _python(place: Place, prompt: str, *, surface: str) -> Sequence[str | Path]:
    return [sys.executable, _HERE / "openai_python.py", surface, MODEL, prompt, (place.work / NOTE).read_text()]


def _node(place: Place, prompt: str, *, surface: str) -> Sequence[str | Path]:
    note = (place.work / NOTE).read_text()
    return ["env", f"NODE_PATH={_MODULES}", NODE, _HERE / "openai_node.cjs", surface, MODEL, prompt, note]


def _codex(place: Place, prompt: str, *, more: Sequence[str] = ()) -> Sequence[str | Path]:
    """Without its sandbox, which not every machine can make."""
    options = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json", *more]
    program = _MODULES / "@openai/codex/bin/codex.js"
    return ["env", f"CODEX_HOME={place.files / 'codex'}", NODE, program, "exec", *options, prompt]


def _codex_answer(output: str) -> str:
    items = [event["item"] for event in _events(output) if event["type"] == "item.completed"]
    return str([item["text"] for item in items if item["type"] == "agent_message"][-1])


def _cline(place: Place, prompt: str) -> Sequence[str | Path]:
    return _cline_with(place.files / "cline", prompt)


def _cline_chat(place: Place, prompt: str) -> Sequence[str | Path]:
    """With its other provider, which calls chat completions."""
    file = Path("data/settings/providers.json")
    text = (place.files / "cline" / file).read_text(encoding="utf-8")
    configuration = place.home / "cline-chat"
    (configuration / file).parent.mkdir(parents=True)
    (configuration / file).write_text(text.replace("openai-native", "openai-compatible"), encoding="utf-8")
    return _cline_with(configuration, prompt)


def _cline_with(configuration: Path, prompt: str) -> Sequence[str | Path]:
    return [_MODULES / "@cline/cli-linux-x64/bin/cline", "--config", configuration, "--json", prompt]


def _cline_answer(output: str) -> str:
    return str([event["text"] for event in _events(output) if event["type"] == "run_result"][-1])


def _opencode(_: Place, prompt: str) -> Sequence[str | Path]:
    """It puts a prompt of several words into quotation marks, unless it comes from its standard input."""
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": "{env:OPENAI_BASE_URL}", "apiKey": "{env:OPENAI_API_KEY}"},
        "models": {MODEL: {}},
    }
    configuration = json.dumps({"provider": {"gateway": provider}})
    run = f"{shlex.quote(str(_MODULES / 'opencode-linux-x64-baseline/bin/opencode'))} run -m gateway/{MODEL}"
    piped = f"printf %s {shlex.quote(prompt)} | {run}"
    return ["env", f"OPENCODE_CONFIG_CONTENT={configuration}", "sh", "-c", piped]


def _events(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


_READ = 'call read_note with {"path": "note.txt"}'
_EXEC = 'call exec_command with {"cmd": "cat note.txt"}'
_RUN = 'call run_commands with {"commands": ["cat note.txt"]}'
_BASH = 'call bash with {"command": "cat note.txt", "description": "x"}'
PROGRAMS = (
    Program(name="openai for Python, chat", command=partial(_python, surface="chat"), tool=_READ),
    Program(name="openai for Python, responses", command=partial(_python, surface="responses"), tool=_READ),
    Program(name="openai for Node, chat", command=partial(_node, surface="chat"), tool=_READ),
    Program(name="openai for Node, responses", command=partial(_node, surface="responses"), tool=_READ),
    Program(name="Codex CLI", command=_codex, answer=_codex_answer, tool=_EXEC),
    Program(name="Cline, chat", command=_cline_chat, answer=_cline_answer, tool=_RUN),
    Program(name="Cline, responses", command=_cline, answer=_cline_answer, tool=_RUN),
    Program(name="opencode", command=_opencode, tool=_BASH),
)
CODEX_WITH_WEBSOCKET = Program(
    name="Codex CLI, which tries a WebSocket first",
    command=partial(_codex, more=["-c", "model_providers.gateway.supports_websockets=true"]),
    answer=_codex_answer,
    tool=_EXEC,
)
