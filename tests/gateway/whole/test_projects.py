"""Projects: their limits, that one at its limit does not affect another, and the rotation of their keys."""

import json
import statistics
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from local.runner.session import Session, run

from .azure_regions import NO_TLS, AzureRegions, EmulatorControl, eventually
from .conftest import Client
from .raw_http import connect
from .surfaces import CHAT, CODEX, EMBEDDING, HI


def _sdk(client: Client, azure: AzureRegions, project: str) -> openai.OpenAI:
    return client.sdk.with_options(api_key=azure.session.keys[project][0])


def _rate_limits(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith("x-ratelimit-")}


@pytest.mark.litellm
def test_requests_per_minute_hold_on_every_surface(client: Client, azure: AzureRegions, first: EmulatorControl) -> None:
    sdk = _sdk(client, azure, "few-requests")
    answers: list[Any] = [
        sdk.responses.with_raw_response.create(model=CODEX, input="echo: hi"),
        sdk.chat.completions.with_raw_response.create(model=CODEX, messages=HI),  # counts once, also through LiteLLM
        sdk.chat.completions.with_raw_response.create(model=CHAT, messages=HI),
        sdk.embeddings.with_raw_response.create(model=EMBEDDING, input="hi"),
        sdk.chat.completions.with_raw_response.create(model=CHAT, messages=HI, stream=True),
    ]
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in answers] == ["4", "3", "2", "1", "0"]
    for answer in answers:
        assert set(_rate_limits(answer.headers)) == {
            f"x-ratelimit-{word}-requests" for word in ("limit", "remaining", "reset")
        }
        assert answer.headers["x-ratelimit-limit-requests"] == "5"
    for create in (
        lambda: sdk.responses.create(model=CODEX, input="hi"),
        lambda: sdk.responses.create(model=CODEX, input="hi", stream=True),
        lambda: sdk.chat.completions.create(model=CODEX, messages=HI),
        lambda: sdk.chat.completions.create(model=CHAT, messages=HI, stream=True),
        lambda: sdk.embeddings.create(model=EMBEDDING, input="hi"),
    ):
        with pytest.raises(openai.RateLimitError) as refused:
            create()
        assert (refused.value.code, refused.value.type) == ("rate_limit_exceeded", "requests")
        headers = refused.value.response.headers
        assert 1 <= int(headers["retry-after"]) <= 60
        assert 0 < int(headers["retry-after-ms"]) <= 60_000
        assert headers["x-ratelimit-remaining-requests"] == "0"
    assert len(first.requests()) == 5


def test_tokens_per_minute_count_the_tokens_of_a_stream(
    client: Client, azure: AzureRegions, first: EmulatorControl
) -> None:
    sdk = _sdk(client, azure, "few-tokens")
    with sdk.responses.with_streaming_response.create(model=CODEX, input="count to 2000", stream=True) as stream:
        assert 900 < int(stream.headers["x-ratelimit-remaining-tokens"]) < 1000
        stream.read()
    azure.log.line(client.ids[-1])  # the tokens are counted when the request has ended
    with pytest.raises(openai.RateLimitError) as refused:
        sdk.responses.create(model=CODEX, input="echo: hi")
    assert (refused.value.code, refused.value.type) == ("rate_limit_exceeded", "tokens")
    assert refused.value.response.headers["x-ratelimit-remaining-tokens"] == "0"
    assert len(first.requests()) == 1


def test_parallel_requests_are_limited_until_a_client_disconnects(
    client: Client, azure: AzureRegions, first: EmulatorControl
) -> None:
    azure.fail("first", "hang_before_headers")
    sdk = _sdk(client, azure, "small")
    body = json.dumps({"model": CODEX, "input": "hi"}).encode()
    head = f"POST /v1/responses HTTP/1.1\r\nHost: x\r\nX-Gateway-Key: {sdk.api_key}\r\nContent-Length: {len(body)}\r\n"
    names = [uuid.uuid4().hex for _ in range(2)]
    with ExitStack() as stack:
        for name in names:
            connection = stack.enter_context(connect(azure.session.host_url))
            connection.sendall(f"{head}X-Request-Id: {name}\r\n\r\n".encode() + body)
        assert eventually(lambda: len(first.requests()) == 2)
        with pytest.raises(openai.RateLimitError) as refused:
            sdk.responses.create(model=CODEX, input="hi")
        assert refused.value.response.headers["retry-after"] == "1"
    assert "x-ratelimit-remaining-parallel" not in refused.value.response.headers
    azure.log.lines_of(names, name="client_request_id")
    first.recover()
    assert sdk.responses.create(model=CODEX, input="echo: hi").output_text.strip() == "hi"


def test_a_project_at_its_limit_does_not_affect_another(client: Client, azure: AzureRegions) -> None:
    limited, other = _sdk(client, azure, "exhausted"), _sdk(client, azure, "other")
    client.ids.clear()

    def exhaust() -> int:
        refused = 0
        while refused < 20:
            try:
                limited.embeddings.create(model=EMBEDDING, input="hi")
            except openai.RateLimitError:
                refused += 1
        return refused

    seconds: list[float] = []
    with ThreadPoolExecutor() as pool:
        exhausting = [pool.submit(exhaust) for _ in range(4)]
        while not all(work.done() for work in exhausting):
            started = time.monotonic()
            answer = other.chat.completions.with_raw_response.create(model=CHAT, messages=HI)
            seconds.append(time.monotonic() - started)
            assert not _rate_limits(answer.headers)
    assert statistics.median(seconds) < 0.5
    lines = azure.log.lines_of(client.ids)
    assert [line["status"] for line in lines if line["project"] == "other"] == [200] * len(seconds)


def test_one_of_two_keys_is_valid_throughout_a_rotation(
    regions: Session, regions_stack: Path, regions_secrets: Path
) -> None:
    upstreams = {name: emulator.url for name, emulator in regions.emulators.items()}
    revisions = (
        {"gateway_key": "the-first-primary-key", "gateway_key_secondary": "the-first-secondary-key"},
        {"gateway_key": "the-second-primary-key", "gateway_key_secondary": "the-first-secondary-key"},
        {"gateway_key": "the-second-primary-key", "gateway_key_secondary": "the-second-secondary-key"},
    )
    candidates = {key for keys in revisions for key in keys.values()}
    valid: list[set[str]] = []
    for keys in revisions:
        environ = {f"TF_VAR_{name}": value for name, value in keys.items()}
        with run(
            stack=regions_stack, environ=environ, upstreams=upstreams, secrets=regions_secrets, litellm="absent"
        ) as session:
            valid.append({key for key in candidates if _accepts(session, key)})
    assert valid == [set(keys.values()) for keys in revisions]
    # Clients have a whole revision's time to change the key, and no step locks anybody out.
    assert valid[0] & valid[1]
    assert valid[1] & valid[2]


def _accepts(session: Session, key: str) -> bool:
    headers = {"authorization": f"Bearer {key}"}
    answer = httpx.get(f"{session.base_url}/models", headers=headers, trust_env=False, verify=NO_TLS)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200
