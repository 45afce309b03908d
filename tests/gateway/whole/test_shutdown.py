"""SIGTERM: what is in flight finishes, what is new goes elsewhere, and the process ends by itself."""

import os
import signal
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
import openai
import pytest

from local.runner.session import Session, run

from .regions import Azure, GatewayLog, eventually, tell_litellm
from .stacks import stack_of
from .surfaces import CODEX

_HI: Any = [{"role": "user", "content": "echo: still here"}]
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading certificates takes a quarter of a second per client
_SLOW_S = 4.0
"""How long an answer takes that is in flight while both containers are told to end."""
_END_S = 30.0
_LONG = 50_000
"""So many events of a stream are not in anybody's buffers before they are read."""


@pytest.fixture(scope="module")
def stack(synthesis_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The regions' stack, but with time enough for what is in flight, also on a machine that does other things."""
    waits = ("first_event_s", "idle_s", "answer_s", "litellm_s", "litellm_start_s")
    patience = {"timeouts__total_s": 100, **{f"timeouts__{name}": 30 for name in waits}}
    return stack_of("regions", outdir=tmp_path_factory.mktemp("patient.out"), environ=synthesis_environ, **patience)


@contextmanager
def _replica(stack: Path, folder: Path, *, wait: Literal["all", "gateway"]) -> Iterator[Session]:
    """A gateway that this test may end."""
    with run(stack=stack, environ={}, secrets=folder / "secrets.json", wait=wait) as session:
        yield session


@contextmanager
def _azure(session: Session) -> Iterator[Azure]:
    with httpx.Client(base_url=session.emulators["first"].control_url, trust_env=False) as control:
        yield Azure(control)


def _sdk(session: Session) -> openai.OpenAI:
    return openai.OpenAI(base_url=session.base_url, api_key=session.key, max_retries=0, timeout=60)


def _terminate(session: Session) -> None:
    os.kill(session.gateway.popen.pid, signal.SIGTERM)
    assert eventually(lambda: _status(session, "readiness") == 503)


def _status(session: Session, probe: str) -> int:
    """What the probe gets on a connection of its own."""
    url = f"{session.host_url}/health/{probe}"
    return httpx.get(url, trust_env=False, verify=_NO_TLS, timeout=60).status_code


def test_a_streamed_answer_finishes_while_new_requests_go_elsewhere(stack: Path, tmp_path: Path) -> None:
    with _replica(stack, tmp_path, wait="gateway") as session, _sdk(session) as sdk:
        stream = iter(sdk.responses.create(model=CODEX, input=f"count to {_LONG}", stream=True))
        kinds = [next(stream).type]
        _terminate(session)
        assert _status(session, "liveness") == 200
        with pytest.raises(openai.InternalServerError) as refused:
            sdk.responses.create(model=CODEX, input="hi")
        assert (refused.value.status_code, refused.value.code) == (503, "shutting_down")
        assert refused.value.response.headers["retry-after"] == "1"
        assert refused.value.response.headers["connection"] == "close"
        assert session.gateway.popen.poll() is None
        kinds += [event.type for event in stream]
        assert kinds.count("response.output_text.delta") >= _LONG
        assert kinds[-1] == "response.completed"
        assert session.gateway.popen.wait(_END_S) == 0
        with pytest.raises(openai.APIConnectionError):
            sdk.responses.create(model=CODEX, input="hi")
        lines = GatewayLog(session.gateway.log).update().lines
        assert [(line["status"], line["error"]) for line in lines] == [(503, "shutting_down"), (200, None)]


def test_a_translated_request_can_still_ask_azure(stack: Path, tmp_path: Path) -> None:
    with (
        _replica(stack, tmp_path, wait="all") as session,
        _azure(session) as azure,
        _sdk(session) as sdk,
        ThreadPoolExecutor() as pool,
    ):
        sdk.chat.completions.create(model=CODEX, messages=_HI)  # LiteLLM and the gateway keep these connections
        azure.clear()
        tell_litellm(session, signal.SIGSTOP)
        asking = pool.submit(sdk.chat.completions.create, model=CODEX, messages=_HI)
        assert not eventually(asking.done, within_s=0.3)
        _terminate(session)
        assert azure.requests() == []
        tell_litellm(session, signal.SIGCONT)
        assert asking.result().choices[0].message.content == "still here"
        assert session.gateway.popen.wait(_END_S) == 0
        assert len(azure.requests()) == 1
        line = GatewayLog(session.gateway.log).update().lines[-1]
        assert (line["status"], len(line["attempts"])) == (200, 1)


def test_both_containers_may_be_told_at_once_as_the_platform_does(stack: Path, tmp_path: Path) -> None:
    with (
        _replica(stack, tmp_path, wait="all") as session,
        _azure(session) as azure,
        _sdk(session) as sdk,
        ThreadPoolExecutor() as pool,
    ):
        sdk.chat.completions.create(model=CODEX, messages=_HI)
        azure.clear()
        azure.fail("slow_first_token", delay_s=_SLOW_S)
        asking = pool.submit(sdk.chat.completions.create, model=CODEX, messages=_HI)
        assert eventually(azure.requests)
        tell_litellm(session, signal.SIGTERM)
        _terminate(session)
        assert not asking.done()
        assert asking.result().choices[0].message.content == "still here"
        assert session.gateway.popen.wait(_END_S) == 0


def test_nothing_in_flight_ends_at_once_whoever_is_still_connected(stack: Path, tmp_path: Path) -> None:
    with (
        _replica(stack, tmp_path, wait="gateway") as session,
        httpx.Client(base_url=session.host_url, trust_env=False) as idle,
    ):
        assert idle.get("/health/readiness").status_code == 200
        os.kill(session.gateway.popen.pid, signal.SIGTERM)
        assert session.gateway.popen.wait(_END_S) == 0
        assert "Traceback" not in session.output()
