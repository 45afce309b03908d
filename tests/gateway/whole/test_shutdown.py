"""SIGTERM: what is in flight finishes, what is new goes elsewhere, and the process ends by itself."""

import os
import signal
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
from .surfaces import CODEX

_HI: Any = [{"role": "user", "content": "echo: still here"}]
_LONG = 50_000
"""So many events of a stream are not in anybody's buffers before they are read."""


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
    ready = f"{session.host_url}/health/readiness"
    assert eventually(lambda: httpx.get(ready, trust_env=False).status_code == 503)


def test_a_streamed_answer_finishes_while_new_requests_go_elsewhere(regions_stack: Path, tmp_path: Path) -> None:
    with _replica(regions_stack, tmp_path, wait="gateway") as session, _sdk(session) as sdk:
        stream = iter(sdk.responses.create(model=CODEX, input=f"count to {_LONG}", stream=True))
        kinds = [next(stream).type]
        _terminate(session)
        liveness = httpx.get(f"{session.host_url}/health/liveness", trust_env=False)
        assert liveness.status_code == 200
        with pytest.raises(openai.InternalServerError) as refused:
            sdk.responses.create(model=CODEX, input="hi")
        assert (refused.value.status_code, refused.value.code) == (503, "shutting_down")
        assert refused.value.response.headers["retry-after"] == "1"
        assert refused.value.response.headers["connection"] == "close"
        assert session.gateway.popen.poll() is None
        kinds += [event.type for event in stream]
        assert kinds.count("response.output_text.delta") >= _LONG
        assert kinds[-1] == "response.completed"
        assert session.gateway.popen.wait(10) == 0
        with pytest.raises(openai.APIConnectionError):
            sdk.responses.create(model=CODEX, input="hi")
        lines = GatewayLog(session.gateway.log).update().lines
        assert [(line["status"], line["error"]) for line in lines] == [(503, "shutting_down"), (200, None)]


def test_a_translated_request_can_still_ask_azure(regions_stack: Path, tmp_path: Path) -> None:
    with (
        _replica(regions_stack, tmp_path, wait="all") as session,
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
        assert session.gateway.popen.wait(10) == 0
        assert len(azure.requests()) == 1
        line = GatewayLog(session.gateway.log).update().lines[-1]
        assert (line["status"], len(line["attempts"])) == (200, 1)


def test_both_containers_may_be_told_at_once_as_the_platform_does(regions_stack: Path, tmp_path: Path) -> None:
    with (
        _replica(regions_stack, tmp_path, wait="all") as session,
        _azure(session) as azure,
        _sdk(session) as sdk,
        ThreadPoolExecutor() as pool,
    ):
        sdk.chat.completions.create(model=CODEX, messages=_HI)
        azure.clear()
        azure.fail("slow_first_token", delay_s=0.7)
        asking = pool.submit(sdk.chat.completions.create, model=CODEX, messages=_HI)
        assert eventually(azure.requests)
        tell_litellm(session, signal.SIGTERM)
        _terminate(session)
        assert not asking.done()
        assert asking.result().choices[0].message.content == "still here"
        assert session.gateway.popen.wait(10) == 0


def test_nothing_in_flight_ends_at_once_whoever_is_still_connected(regions_stack: Path, tmp_path: Path) -> None:
    with (
        _replica(regions_stack, tmp_path, wait="gateway") as session,
        httpx.Client(base_url=session.host_url, trust_env=False) as idle,
    ):
        assert idle.get("/health/readiness").status_code == 200
        os.kill(session.gateway.popen.pid, signal.SIGTERM)
        assert session.gateway.popen.wait(2) == 0
        assert "Traceback" not in session.output()
