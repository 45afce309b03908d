"""The emulator as a program: ports, signals, messages, silence."""

import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

from local.emulator.__main__ import main
from tests.emulator.process import EMBEDDINGS_PATH, KEY, RESPONSES_PATH, ROOT, command, environment, run


def test_a_port_in_use_is_one_line_and_exit_code_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            command(port=port), cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False
        )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"Cannot listen on port {port}: Address already in use.\n"


def test_a_control_port_in_use_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(sys, "argv", ["emulator", "--port", "0", "--control-port", str(port)])
        assert main() == 1
    assert capsys.readouterr().err == f"Cannot listen on port {port}: Address already in use.\n"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"AZURE_OPENAI_API_KEY": ""}, "Set AZURE_OPENAI_API_KEY"),
        ({"EMULATOR_CONFIG": '{"regoin": "x"}'}, "regoin"),
        ({"EMULATOR_CONFIG": '{"region": "no region"}'}, "region"),
        ({"EMULATOR_CONFIG": "{"}, "EMULATOR_CONFIG"),
    ],
)
def test_an_invalid_environment_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variables: dict[str, str], message: str
) -> None:
    monkeypatch.setattr(sys, "argv", command()[2:])
    for name, value in environment(**variables).items():
        monkeypatch.setenv(name, value)
    assert main() == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("port", ["70000", "-1", "http"])
def test_an_invalid_port_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], port: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["emulator", f"--port={port}", "--control-port=0"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert port in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_at_once_even_with_a_hanging_request(number: signal.Signals) -> None:
    with run() as running:
        running.fail("hang_before_headers")
        outcome: list[Exception] = []

        def hang() -> None:
            try:
                running.http.post(RESPONSES_PATH, json={})
            except httpx.TransportError as error:
                outcome.append(error)

        hanging = threading.Thread(target=hang)
        hanging.start()
        while not running.requests():
            time.sleep(0.01)
        started = time.monotonic()
        running.process.send_signal(number)
        assert running.process.wait(timeout=30) == 0
        assert time.monotonic() - started < 10  # the request would hang on
        hanging.join(timeout=30)
        assert len(outcome) == 1


def test_it_prints_its_ports_and_nothing_of_the_requests() -> None:
    with run() as running:
        assert running.control.get("/health").json() == {"status": "ok"}
        running.http.post(RESPONSES_PATH, json={"model": "gpt-5.3-codex", "input": "a private prompt"})
        running.http.post(RESPONSES_PATH, content=b"{ broken")
        with socket.create_connection(("127.0.0.1", running.port)) as raw:
            raw.sendall(b"this is no HTTP\r\n\r\n")
            assert b"400" in raw.recv(1000)
        assert running.stop() == 0
        assert running.process.stdout is not None
        assert running.process.stderr is not None
        assert running.process.stdout.read() == ""
        assert running.process.stderr.read() == ""


def test_deployments_versions_and_region_come_from_the_environment() -> None:
    configuration = (
        '{"region": "north", "responses": {"codex-b": "v9"}, "embeddings": {"small": {"dimension": 10}}, "chat": {}}'
    )
    with run(EMULATOR_CONFIG=configuration) as running:
        answer = running.http.post("/openai/responses?api-version=v9", json={"model": "codex-b", "input": "hi"})
        assert answer.status_code == 200
        assert answer.headers["x-ms-region"] == "north"
        assert "region north" in answer.json()["output"][0]["content"][0]["text"]
        small = EMBEDDINGS_PATH.replace("text-embedding-3-large", "small")
        assert len(running.http.post(small, json={"input": "hi"}).json()["data"][0]["embedding"]) == 10
