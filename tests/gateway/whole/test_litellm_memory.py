"""LiteLLM uses too much memory: it is restarted, chat waits for it, and what does not need it still works."""

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from local.runner.session import Session, run

from .azure_regions import eventually, litellm_pid
from .conftest import Client
from .stacks import changed
from .surfaces import ANSWER, CODEX, CODEX_CHAT, SURFACES

pytestmark = [
    pytest.mark.litellm,
    pytest.mark.full,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what the supervisor reads"),
]
_MAX_MB = 430
"""Loaded, LiteLLM has about 350."""
_LARGE = "x" * 6_000_000  # Azure refuses it, after LiteLLM has translated it


@pytest.fixture
def small_replica(regions: Session, regions_stack: Path, regions_secrets: Path, tmp_path: Path) -> Iterator[Session]:
    """A replica whose LiteLLM may use little more memory than it needs."""
    waits = ("headers_s", "first_event_s", "idle_s", "answer_s", "embeddings_s", "body_s", "litellm_s")
    stack = changed(
        regions_stack,
        file=tmp_path / "cdk.tf.json",
        variables={"LITELLM_MAX_BYTES": str(_MAX_MB * 2**20)},
        timeouts={**dict.fromkeys(waits, 60), "litellm_start_s": 90, "total_s": 100},
    )
    upstreams = {name: emulator.url for name, emulator in regions.emulators.items()}
    with run(stack=stack, environ={}, upstreams=upstreams, secrets=regions_secrets) as session:
        yield session


def _restarts(session: Session) -> list[dict[str, Any]]:
    return [json.loads(line) for line in session.litellm_output().splitlines() if "litellm_restarted" in line]


def test_it_is_restarted_and_chat_waits_for_it(small_replica: Session, client_of: Callable[[Session], Client]) -> None:
    client, first = client_of(small_replica), litellm_pid(small_replica)
    slow: Any = [{"role": "user", "content": "count to 500, pace 5"}]
    stream = client.sdk.chat.completions.create(model=CODEX, messages=slow, stream=True)
    next(iter(stream))

    def send_large() -> int:
        body = {"model": CODEX, "messages": [{"role": "user", "content": _LARGE}]}
        headers = {"authorization": f"Bearer {small_replica.key}"}
        url = f"{small_replica.base_url}/chat/completions"
        return httpx.post(url, json=body, headers=headers, timeout=120, trust_env=False).status_code

    def stops_listening() -> bool:
        try:
            httpx.get(f"{small_replica.litellm_url}/health/liveliness", trust_env=False, timeout=5)
        except httpx.TransportError:
            return True
        return False

    with ThreadPoolExecutor() as pool:
        large = [pool.submit(send_large) for _ in range(4)]
        assert eventually(stops_listening, within_s=60)
        chat = pool.submit(client.call, CODEX_CHAT)
        assert client.call(SURFACES[0]).text == ANSWER
        assert not _restarts(small_replica)  # it still waits for the stream
        with pytest.raises(openai.APIError, match="stopped before its response was complete"):
            list(stream)
        assert chat.result().text == ANSWER
        assert {asking.result() for asking in large} <= {400, 502, 503}
    (line,) = _restarts(small_replica)
    assert line["megabytes"] >= _MAX_MB
    assert line["was_killed"]
    assert litellm_pid(small_replica) != first
