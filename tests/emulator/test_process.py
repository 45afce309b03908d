"""The emulator as a program: ports, signals, messages, silence."""

import signal
import socket
import subprocess
import threading
import time

import httpx
import pytest

from tests.emulator.process import EMBEDDINGS_PATH, RESPONSES_PATH, ROOT, command, environment, run


def _run(arguments: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, cwd=ROOT, env=environment(**variables), capture_output=True, text=True, timeout=10, check=False
    )


def test_a_taken_port_is_one_line_and_exit_code_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = _run(command(port=port))
        ended_control = _run(command(control_port=port))
    assert (ended.returncode, ended_control.returncode) == (1, 1)
    assert ended.stderr == ended_control.stderr == f"Cannot listen on port {port}: Address already in use.\n"


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (command(), {"AZURE_OPENAI_API_KEY": ""}, "AZURE_OPENAI_API_KEY is not set"),
        (command(), {"EMULATOR_CONFIG": '{"regoin": "x"}'}, "regoin"),
        (command(), {"EMULATOR_CONFIG": "{"}, "EMULATOR_CONFIG"),
        (command(port=70000), {}, "70000 is no port"),
    ],
)
def test_a_mistake_is_explained_without_a_traceback(
    arguments: list[str], variables: dict[str, str], message: str
) -> None:
    ended = _run(arguments, **variables)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_at_once_even_with_a_hanging_request(number: signal.Signals) -> None:
    with run() as running:
        running.order("hang_before_headers")
        outcome: list[Exception] = []

        def hang() -> None:
            try:
                running.http.post(RESPONSES_PATH, json={})
            except httpx.TransportError as error:
                outcome.append(error)

        hanging = threading.Thread(target=hang)
        hanging.start()
        while not running.received():
            time.sleep(0.01)
        started = time.monotonic()
        running.process.send_signal(number)
        assert running.process.wait(timeout=5) == 0
        assert time.monotonic() - started < 2
        hanging.join(timeout=5)
        assert len(outcome) == 1


def test_it_says_nothing_but_its_ports_and_writes_no_body_and_no_key() -> None:
    with run() as running:
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


def test_health_is_ready_as_soon_as_the_ports_are_told() -> None:
    with run() as running:
        assert running.control.get("/health").json() == {"status": "ok"}
