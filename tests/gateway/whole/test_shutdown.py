"""SIGTERM: requests in flight finish, new ones are refused, and the process ends by itself."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import httpx
import openai
import pytest

from local.runner.session import Session, run

from .azure_regions import (
    NO_TLS,
    AzureRegions,
    EmulatorControl,
    GatewayLog,
    eventually,
    has_unread_data,
    signal_litellm,
)
from .stacks import changed
from .surfaces import CODEX, HI

_SLOW_S = 6.0
"""How long Azure takes for the answer that is in flight until both containers have got SIGTERM."""
_END_S = 30.0
_LONG = 20_000
"""So many events of a stream fit in no buffer: most are sent after SIGTERM."""

Run = Callable[..., AbstractContextManager[Session]]


@pytest.fixture
def run_replica(
    regions: Session, regions_stack: Path, regions_secrets: Path, azure: AzureRegions, tmp_path: Path
) -> Run:
    """Runs a replica that the test may end, with time enough for requests in flight on a busy machine."""
    del azure
    waits = ("headers_s", "first_event_s", "idle_s", "answer_s", "embeddings_s", "litellm_s", "litellm_start_s")
    timeouts = {"total_s": 100, **dict.fromkeys(waits, 30)}
    return partial(
        run,
        stack=changed(regions_stack, file=tmp_path / "cdk.tf.json", timeouts=timeouts),
        environ={},
        upstreams={name: emulator.url for name, emulator in regions.emulators.items()},
        secrets=regions_secrets,
    )


def _sdk(session: Session) -> openai.OpenAI:
    http = openai.DefaultHttpxClient(trust_env=False, verify=NO_TLS)
    return openai.OpenAI(base_url=session.base_url, api_key=session.key, max_retries=0, timeout=60, http_client=http)


def _terminate(session: Session) -> None:
    os.kill(session.gateway.popen.pid, signal.SIGTERM)
    assert eventually(lambda: _status(session, "readiness") == 503)


def _status(session: Session, probe: str) -> int:
    """The status of a probe on a connection of its own."""
    url = f"{session.host_url}/health/{probe}"
    return httpx.get(url, trust_env=False, verify=NO_TLS, timeout=60).status_code


def test_a_stream_finishes_while_new_requests_are_refused(run_replica: Run) -> None:
    with run_replica(litellm="absent") as session, _sdk(session) as sdk:
        log = GatewayLog(session.gateway.log)
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
        assert [(line["status"], line["error"]) for line in log.update().lines] == [(503, "shutting_down"), (200, None)]


@pytest.mark.litellm
def test_translated_requests_finish_when_both_containers_are_told_to_end(
    run_replica: Run, azure: AzureRegions, first: EmulatorControl
) -> None:
    """One has reached Azure, another only LiteLLM, which still has to call the gateway."""
    with run_replica() as session, _sdk(session) as sdk, ThreadPoolExecutor() as pool:

        def chat(model: str) -> str | None:
            return sdk.chat.completions.create(model=model, messages=HI).choices[0].message.content

        log = GatewayLog(session.gateway.log)
        assert chat(CODEX) == "hi"  # LiteLLM and the gateway keep these connections
        azure.clear()
        first.fail("slow_first_token", delay_s=_SLOW_S)
        at_azure = pool.submit(chat, "codex-chat")
        assert eventually(first.requests)
        signal_litellm(session, signal.SIGSTOP)
        at_litellm = pool.submit(chat, CODEX)
        assert eventually(partial(has_unread_data, session.litellm_url))
        _terminate(session)
        assert len(first.requests()) == 1
        signal_litellm(session, signal.SIGCONT)
        assert at_litellm.result() == "hi"
        signal_litellm(session, signal.SIGTERM)
        assert not at_azure.done()
        assert at_azure.result() == "hi"
        assert session.gateway.popen.wait(_END_S) == 0
        assert len(first.requests()) == 2
        assert [(line["status"], len(line["attempts"])) for line in log.update().lines] == [(200, 1)] * 3


def test_an_idle_connection_does_not_delay_the_end(run_replica: Run) -> None:
    with (
        run_replica(litellm="absent") as session,
        httpx.Client(base_url=session.host_url, trust_env=False, verify=NO_TLS) as idle,
    ):
        assert idle.get("/health/readiness").status_code == 200
        os.kill(session.gateway.popen.pid, signal.SIGTERM)
        assert session.gateway.popen.wait(_END_S) == 0
        assert "Traceback" not in session.output()
