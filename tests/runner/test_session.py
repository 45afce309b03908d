"""A session: what it starts, and what it refuses to start."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.runner.errors import RunnerError
from local.runner.ports import HOST, reserved_ports
from local.runner.readiness import wait_until_ready
from local.runner.session import Session, run
from local.runner.stack import read_stack


@pytest.fixture
def stack(known_stacks: Path) -> Path:
    """A stack with one upstream, which has a key."""
    return known_stacks / "aigateway-dev/cdk.tf.json"


def test_there_is_one_emulator_per_region_and_two_keys_per_project(regions: Session) -> None:
    assert list(regions.emulators) == ["first", "second", "third"]
    assert len({emulator.url for emulator in regions.emulators.values()}) == 3
    projects = ["team", "other", "few-requests", "exhausted", "few-tokens", "background", "queries", "small"]
    assert list(regions.keys) == projects
    assert len({key for keys in regions.keys.values() for key in keys}) == 2 * len(projects)
    assert regions.key == regions.keys["team"][0]
    with httpx.Client(base_url=regions.base_url) as http:
        for key in (key for keys in regions.keys.values() for key in keys):
            assert http.get("/models", headers={"authorization": f"Bearer {key}"}).status_code == 200


def test_secrets_are_in_no_arguments_of_a_process(session: Session) -> None:
    for process in (session.gateway, session.litellm):
        arguments = Path(f"/proc/{process.popen.pid}/cmdline").read_bytes()
        assert b"python" in arguments or b"litellm" in arguments
        assert session.key.encode() not in arguments


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_busy_port_is_told_before_anything_starts(stack: Path, tmp_path: Path, busy_port: int) -> None:
    with (
        pytest.raises(RunnerError, match=f"Port {busy_port} cannot be used"),
        run(stack=stack, port=busy_port, environ={}, secrets=tmp_path / "s.json"),
    ):
        pass


def test_an_unknown_upstream_is_told_with_those_that_are_known(stack: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(RunnerError, match="no upstream 'sweden'; the settings have azure-openai"),
        run(stack=stack, upstreams={"sweden": "http://x"}, environ={}, secrets=tmp_path / "s.json"),
    ):
        pass


def test_one_of_several_upstreams_can_be_elsewhere(
    regions_stack: Path, regions_secrets: Path, regions: Session
) -> None:
    elsewhere = regions.emulators["first"].url
    with run(
        stack=regions_stack, upstreams={"second": elsewhere}, environ={}, secrets=regions_secrets, litellm="loading"
    ) as session:
        environment = Path(f"/proc/{session.gateway.popen.pid}/environ").read_text().split("\0")
        assert list(session.emulators) == ["first", "third"]
    assert f"SECOND_ENDPOINT={elsewhere}" in environment


@pytest.mark.parametrize("environ", [{}, {"TF_VAR_azure_openai_api_key": ""}])
def test_azure_wants_a_key_of_azure(stack: Path, tmp_path: Path, environ: dict[str, str]) -> None:
    with (
        pytest.raises(RunnerError, match="set TF_VAR_azure_openai_api_key"),
        run(stack=stack, azure=True, environ=environ, secrets=tmp_path / "s.json"),
    ):
        pass


def test_another_address_takes_the_emulators_place(stack: Path, session: Session, tmp_path: Path) -> None:
    elsewhere = next(iter(session.emulators.values()))
    environ = {"TF_VAR_azure_openai_api_key": "not-that-emulators-key", "TF_VAR_gateway_key": "k"}
    with run(
        stack=stack,
        upstreams={"azure-openai": elsewhere.url},
        environ=environ,
        secrets=tmp_path / "s.json",
        litellm="loading",
    ) as other:
        assert other.emulators == {}
        assert other.key == "k"
        body = {"model": "gpt-5.3-codex", "input": "hi"}
        response = httpx.post(f"{other.base_url}/responses", json=body, headers={"x-gateway-key": "k"}, timeout=60)
    assert response.status_code == 502
    assert "upstream_authentication_failed" in response.text


def test_with_azure_the_endpoint_is_that_of_the_settings(stack: Path, tmp_path: Path) -> None:
    read = read_stack(stack)
    keys = {upstream: read.gateway.secrets[str(upstream.key_env)] for upstream in read.upstreams}
    environ = {"TF_VAR_gateway_key": "k", **{f"TF_VAR_{secret.variable}": "a" for secret in keys.values()}}
    with run(stack=stack, azure=True, environ=environ, secrets=tmp_path / "s.json", litellm="loading") as session:
        environment = Path(f"/proc/{session.gateway.popen.pid}/environ").read_text().split("\0")
    assert keys
    for upstream in keys:
        assert f"{upstream.endpoint_env}={read.gateway.env[upstream.endpoint_env]}" in environment
        assert f"{upstream.key_env}=a" in environment


def test_a_container_that_is_never_ready_is_told(monkeypatch: pytest.MonkeyPatch, session: Session) -> None:
    monkeypatch.setattr("local.runner.readiness._READY_S", 0.3)
    with pytest.raises(RunnerError, match="gateway was not ready within 0 s"):
        wait_until_ready(f"{session.host_url}/nothing", session.gateway)


def test_the_ports_of_one_run_differ() -> None:
    with reserved_ports(*[0] * 100) as ports:
        assert len(set(ports)) == 100


def test_a_port_on_which_nobody_listens_yet_is_not_given_away_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with reserved_ports(0) as (port,):
        monkeypatch.setattr("local.runner.ports._PORTS", range(port, port + 1))
        with pytest.raises(RunnerError, match=f"No port from {port} to {port} is free"), reserved_ports(0):
            pass
        with socket.create_server((HOST, port)):  # the program that it is for
            pass
    with pytest.raises(RunnerError, match="is free"), reserved_ports(port, 0):  # the same port for two programs
        pass
    with reserved_ports(0) as again:
        assert again == [port]
