"""Projects beside each other: one at its limit is told so and disturbs nobody; keys change without an outage."""

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from local.runner.session import Session, run

from .regions import Azure, GatewayLog, eventually
from .stacks import stack_of
from .surfaces import CHAT, CODEX, EMBEDDING

_HI: Any = [{"role": "user", "content": "echo: hi"}]
_HAMMERING = 8


@pytest.fixture(scope="module")
def stack(synthesis_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stack_of("crowd", outdir=tmp_path_factory.mktemp("crowd.out"), environ=synthesis_environ)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secrets") / "secrets.json"


@pytest.fixture(scope="module")
def crowd(stack: Path, secrets: Path) -> Iterator[Session]:
    """A gateway for many projects."""
    with run(stack=stack, environ={}, secrets=secrets) as session:
        yield session


@pytest.fixture(scope="module")
def sdk(crowd: Session) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=crowd.base_url, api_key="none", max_retries=0, timeout=60) as sdk:
        yield sdk


@pytest.fixture(autouse=True)
def azure(crowd: Session) -> Iterator[Azure]:
    """The first region."""
    with httpx.Client(base_url=crowd.emulators["first"].control_url, trust_env=False) as control:
        azure = Azure(control)
        azure.clear()
        yield azure
        azure.clear()


def of(sdk: openai.OpenAI, crowd: Session, project: str) -> openai.OpenAI:
    """Become the client of this project."""
    return sdk.with_options(api_key=crowd.keys[project][0])


def _told(headers: Any) -> dict[str, str]:  # noqa: ANN401 - those of whatever httpx the SDK has
    return {name: value for name, value in headers.items() if name.startswith("x-ratelimit-")}


def test_requests_per_minute_hold_on_every_surface_and_are_told(
    crowd: Session, sdk: openai.OpenAI, azure: Azure
) -> None:
    client = of(sdk, crowd, "few-requests")
    answers: list[Any] = [
        client.responses.with_raw_response.create(model=CODEX, input="echo: hi"),
        client.chat.completions.with_raw_response.create(model=CODEX, messages=_HI),  # through LiteLLM, and once
        client.chat.completions.with_raw_response.create(model=CHAT, messages=_HI),
        client.embeddings.with_raw_response.create(model=EMBEDDING, input="hi"),
        client.chat.completions.with_raw_response.create(model=CHAT, messages=_HI, stream=True),
    ]
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in answers] == ["4", "3", "2", "1", "0"]
    for answer in answers:
        assert set(_told(answer.headers)) == {
            f"x-ratelimit-{word}-requests" for word in ("limit", "remaining", "reset")
        }
        assert answer.headers["x-ratelimit-limit-requests"] == "5"
    for ask in (
        lambda: client.responses.create(model=CODEX, input="hi"),
        lambda: client.responses.create(model=CODEX, input="hi", stream=True),
        lambda: client.chat.completions.create(model=CODEX, messages=_HI),
        lambda: client.chat.completions.create(model=CHAT, messages=_HI, stream=True),
        lambda: client.embeddings.create(model=EMBEDDING, input="hi"),
    ):
        with pytest.raises(openai.RateLimitError) as refused:
            ask()
        assert (refused.value.code, refused.value.type) == ("rate_limit_exceeded", "requests")
        headers = refused.value.response.headers
        assert 1 <= int(headers["retry-after"]) <= 60
        assert 0 < int(headers["retry-after-ms"]) <= 60_000
        assert headers["x-ratelimit-remaining-requests"] == "0"
    assert len(azure.requests()) == 5


def test_tokens_per_minute_count_what_a_stream_has_said(crowd: Session, sdk: openai.OpenAI, azure: Azure) -> None:
    client = of(sdk, crowd, "few-tokens")
    with client.responses.with_streaming_response.create(model=CODEX, input="count to 2000", stream=True) as stream:
        assert 900 < int(stream.headers["x-ratelimit-remaining-tokens"]) < 1000
        stream.read()

    def refusal() -> openai.RateLimitError | None:
        """The tokens are settled when the gateway has sent the last of it, just after we have read it."""
        try:
            client.responses.create(model=CODEX, input="echo: hi")
        except openai.RateLimitError as refused:
            return refused
        return None

    refused = eventually(refusal)
    assert refused is not None
    assert (refused.code, refused.type) == ("rate_limit_exceeded", "tokens")
    assert refused.response.headers["x-ratelimit-remaining-tokens"] == "0"
    assert len(azure.requests()) <= 2


def test_parallel_requests_are_bounded_and_a_client_that_leaves_makes_room(
    crowd: Session, sdk: openai.OpenAI, azure: Azure
) -> None:
    azure.fail("hang_before_headers", count=2)
    client = of(sdk, crowd, "few-places")
    impatient = client.with_options(timeout=6.0)
    with ThreadPoolExecutor() as pool:
        hanging = [pool.submit(impatient.responses.create, model=CODEX, input="hi") for _ in range(2)]
        assert eventually(lambda: len(azure.requests()) == 2)
        with pytest.raises(openai.RateLimitError) as refused:
            client.responses.create(model=CODEX, input="hi")
        assert refused.value.response.headers["retry-after"] == "1"
        assert _told(refused.value.response.headers) == {}
        for left in hanging:
            with pytest.raises(openai.APITimeoutError):
                left.result()

    def enters() -> bool:
        try:
            return bool(client.responses.create(model=CODEX, input="echo: hi").output_text)
        except openai.RateLimitError:
            return False

    assert eventually(enters)


def test_a_project_at_its_limit_neither_slows_another_nor_tells_it_of_its_limits(
    crowd: Session, sdk: openai.OpenAI
) -> None:
    limited, other = of(sdk, crowd, "few-requests"), of(sdk, crowd, "other")
    ends = time.monotonic() + 2.0
    log = GatewayLog(crowd.gateway.log)
    before = len(log.update().lines)

    def hammer() -> int:
        refused = 0
        while time.monotonic() < ends or refused <= 100 / _HAMMERING:
            try:
                limited.embeddings.create(model=EMBEDDING, input="hi")
            except openai.RateLimitError:
                refused += 1
        return refused

    seconds: list[float] = []
    with ThreadPoolExecutor(max_workers=_HAMMERING) as pool:
        hammering = [pool.submit(hammer) for _ in range(_HAMMERING)]
        while time.monotonic() < ends:
            started = time.monotonic()
            answer = other.chat.completions.with_raw_response.create(model=CHAT, messages=_HI)
            seconds.append(time.monotonic() - started)
            # They are Azure's own.
            assert _told(answer.headers)["x-ratelimit-limit-requests"] == "1000000"
        assert sum(work.result() for work in hammering) > 100
    assert statistics.median(seconds) < 0.5
    lines = log.update().lines[before:]
    assert {line["status"] for line in lines if line["project"] == "other"} == {200}


def test_keys_rotate_while_one_of_the_two_is_always_live(crowd: Session, stack: Path, secrets: Path) -> None:
    upstreams = {name: emulator.url for name, emulator in crowd.emulators.items()}
    revisions = (
        {"gateway_key": "the-first-primary-key", "gateway_key_secondary": "the-first-secondary-key"},
        {"gateway_key": "the-second-primary-key", "gateway_key_secondary": "the-first-secondary-key"},
        {"gateway_key": "the-second-primary-key", "gateway_key_secondary": "the-second-secondary-key"},
    )
    candidates = {key for keys in revisions for key in keys.values()}
    live: list[set[str]] = []
    for keys in revisions:
        environ = {f"TF_VAR_{name}": value for name, value in keys.items()}
        with run(stack=stack, environ=environ, upstreams=upstreams, secrets=secrets, wait="gateway") as session:
            live.append({key for key in candidates if _opens(session, key)})
    assert live == [set(keys.values()) for keys in revisions]
    # Clients have the time of a whole revision to change over, and none of the steps locks anybody out.
    assert live[0] & live[1]
    assert live[1] & live[2]


def _opens(session: Session, key: str) -> bool:
    answer = httpx.post(
        f"{session.base_url}/responses",
        json={"model": CODEX, "input": "echo: hi"},
        headers={"authorization": f"Bearer {key}"},
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code in (200, 401)
    return answer.status_code == 200
