"""The gateway without a key: the real azure-identity, an identity endpoint, and emulators that verify its tokens."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from local.runner.session import Session, run

from .azure_regions import NO_TLS, AzureRegions, IdentityControl, eventually
from .conftest import Client, Clients, call_all, open_stack
from .stacks import stack_in, synthesize_environment
from .surfaces import ALL_SURFACES, ANSWER, BODIES, CODEX

_TOKENS = {"announced_s": 2.0, "lifetime_s": 4.0}
"""Those of most tests: the gateway asks for a new one every second, and a request may take a second to Azure."""
_WAIT_S = 5.0
"""How long requests wait for a token, from the moment on at which there is none."""
_TRAFFIC_S = 5.0
_CLIENTS = 4
_OPEN_S = 10.0
"""The default of `circuit_breaker.open_s`."""


@pytest.mark.litellm
@pytest.mark.parametrize("authentication", ["identity"], indirect=True)
def test_every_surface_takes_the_token_in_every_region(
    azure: AzureRegions, clients: Clients, assert_nothing_leaked: Callable[[], None]
) -> None:
    for fail in ((), ("first",), ("first", "second")):
        azure.clear()
        for region in fail:
            azure.fail(region, "500")
        assert {result.text for result in call_all(clients, ALL_SURFACES).values()} == {ANSWER}
        sdk = clients["responses"].sdk.copy(set_default_query={})
        response = sdk.responses.create(model=CODEX, input="echo: hi", background=True)
        assert eventually(partial(_is_completed, sdk, response.id))
        assert [item.type for item in sdk.responses.input_items.list(response.id)] == ["message"]
        sdk.responses.delete(response.id)
        assert sdk.responses.input_tokens.count(model=CODEX, input="one two").input_tokens > 0
        received = azure.requests()
        assert {request["region"] for request in received} == {*fail, ("first", "second", "third")[len(fail)]}
        for request in received:
            assert request["headers"]["authorization"].startswith("Bearer eyJ")
            assert "api-key" not in request["headers"]
            assert request["status"] in (200, 500)
    assert_nothing_leaked()
    _assert_litellm_has_no_identity(azure.session)


def _is_completed(sdk: openai.OpenAI, response_id: str) -> bool:
    return sdk.responses.retrieve(response_id).status == "completed"


def _assert_litellm_has_no_identity(session: Session) -> None:
    environ = {
        name: Path(f"/proc/{process.popen.pid}/environ").read_bytes() for name, process in session.containers.items()
    }
    for variable in (b"IDENTITY_HEADER=", b"IDENTITY_ENDPOINT=", b"AZURE_CLIENT_ID="):
        assert variable in environ["gateway"]
        assert variable not in environ["litellm"]


@dataclass(frozen=True, kw_only=True)
class Keyless:
    """A gateway without LiteLLM, and what it calls."""

    azure: AzureRegions
    identity: IdentityControl
    http: httpx.Client

    def post(self, path: str = "responses") -> httpx.Response:
        """Send a short request."""
        return self.http.post(f"/v1/{path}", json=BODIES[path])

    def events(self, name: str) -> list[dict[str, Any]]:
        """The events of this name so far."""
        return [event for event in self.azure.log.update().events if event["event"] == name]


@contextmanager
def _run(client_of: Callable[[Session], Client], stack: Path, secrets: Path, **behaviour: object) -> Iterator[Keyless]:
    with ExitStack() as opened:
        session = opened.enter_context(
            run(stack=stack, environ={}, secrets=secrets, litellm="absent", identity_behaviour=behaviour)
        )
        assert session.identity is not None
        headers = {"authorization": f"Bearer {session.key}"}
        yield Keyless(
            azure=opened.enter_context(open_stack(session, client_of)).azure,
            identity=IdentityControl(
                opened.enter_context(
                    httpx.Client(base_url=session.identity.control_url, trust_env=False, verify=NO_TLS)
                )
            ),
            http=opened.enter_context(
                httpx.Client(base_url=session.host_url, headers=headers, timeout=60, trust_env=False, verify=NO_TLS)
            ),
        )


@pytest.fixture(scope="module")
def _short_lived(
    client_of: Callable[[Session], Client], keyless_regions_stack: Path, regions_secrets: Path
) -> Iterator[Keyless]:
    with _run(client_of, keyless_regions_stack, regions_secrets, **_TOKENS) as keyless:
        yield keyless


@pytest.fixture
def short_lived(_short_lived: Keyless) -> Iterator[Keyless]:
    """A gateway whose tokens live for seconds."""
    _short_lived.azure.clear()
    yield _short_lived
    _short_lived.identity.behave(**_TOKENS)
    assert eventually(lambda: _short_lived.post().status_code == 200)


def test_tokens_expire_in_the_middle_of_traffic_and_no_request_fails(short_lived: Keyless) -> None:
    end, started = time.monotonic() + _TRAFFIC_S, time.time()

    def send() -> set[int]:
        statuses = set()
        while time.monotonic() < end:
            statuses |= {short_lived.post(path).status_code for path in ("responses", "embeddings")}
            time.sleep(0.01)
        return statuses

    with ThreadPoolExecutor(_CLIENTS) as pool:
        assert {status for sent in pool.map(lambda _: send(), range(_CLIENTS)) for status in sent} == {200}
    tokens = {request["headers"]["authorization"] for request in short_lived.azure.requests()}
    assert len(tokens) >= _TRAFFIC_S // _TOKENS["announced_s"]
    assert [event for event in short_lived.events("managed_identity_failed") if _at(event) > started] == []


def _at(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


@pytest.mark.parametrize(
    ("fault", "reason", "status"),
    [
        ("down", "ServiceRequestError", None),
        ("400", "ClientAuthenticationError", 400),
        ("500", "ClientAuthenticationError", 500),
    ],
)
def test_a_short_failure_of_the_endpoint_fails_no_request(
    short_lived: Keyless, fault: str, reason: str, status: int | None
) -> None:
    before = len(short_lived.events("managed_identity_failed"))
    short_lived.identity.behave(**_TOKENS, fault=fault)

    def failures() -> list[tuple[str, int | None]]:
        return [(event["reason"], event["status"]) for event in short_lived.events("managed_identity_failed")[before:]]

    assert eventually(lambda: (reason, status) in failures())
    short_lived.identity.behave(**_TOKENS)
    assert {short_lived.post().status_code for _ in range(20)} == {200}
    # The first call may have been under way when the port was closed.
    assert set(failures()[1:]) <= {(reason, status)}


@pytest.mark.parametrize(
    ("behaviour", "event", "fields"),
    [
        ({"has_role": False}, "role_missing", {"role": "Cognitive Services OpenAI User"}),
        ({"audience": "https://vault.azure.net"}, "upstream_authentication_failed", {"status": 401, "code": None}),
        (
            {"tenant_id": "another"},
            "upstream_authentication_failed",
            {"status": 400, "code": "Tenant provided in token does not match resource token"},
        ),
    ],
)
def test_what_the_identity_lacks_is_told_to_the_operator(
    short_lived: Keyless, behaviour: dict[str, object], event: str, fields: dict[str, object]
) -> None:
    before, opened = len(short_lived.events(event)), short_lived.events("breaker_opened")
    short_lived.identity.behave(**_TOKENS, **behaviour)
    assert eventually(lambda: short_lived.post().status_code == 502)
    for path in BODIES.keys() - {"chat/completions"}:
        response = short_lived.post(path)
        assert (response.status_code, response.json()["error"]["code"]) == (502, "upstream_authentication_failed")
        assert "role" not in response.text.lower()
    (found,) = short_lived.events(event)[before:]
    assert found.items() >= {"upstream": "first", **fields}.items()
    assert set(short_lived.azure.regions_asked()) == {"first"}
    assert short_lived.events("breaker_opened") == opened


@pytest.mark.full
@pytest.mark.parametrize("fault", ["down", "slow", "400", "500"])
def test_a_long_failure_of_the_endpoint_is_a_503_that_ends_with_it(short_lived: Keyless, fault: str) -> None:
    short_lived.identity.behave(**_TOKENS, fault=fault, delay_s=12)
    assert eventually(lambda: short_lived.post().status_code == 503)
    opened = short_lived.events("breaker_opened")
    time.sleep(_WAIT_S)
    _assert_unavailable(short_lived, within_s=0.5)
    assert short_lived.events("breaker_opened") == opened


def _assert_unavailable(keyless: Keyless, *, within_s: float) -> None:
    started = time.monotonic()
    response = keyless.post()
    assert time.monotonic() - started < within_s
    assert (response.status_code, response.json()["error"]["code"]) == (503, "managed_identity_unavailable")
    assert 1 <= int(response.headers["retry-after"]) <= 30


@pytest.mark.full
@pytest.mark.parametrize("fault", ["down", "slow", "400", "500"])
def test_an_endpoint_that_fails_at_the_start_recovers_without_a_restart(
    client_of: Callable[[Session], Client], keyless_regions_stack: Path, regions_secrets: Path, fault: str
) -> None:
    with _run(client_of, keyless_regions_stack, regions_secrets, fault=fault, delay_s=12) as keyless:
        _assert_unavailable(keyless, within_s=_WAIT_S + 1)
        time.sleep(_WAIT_S)
        _assert_unavailable(keyless, within_s=0.5)
        assert keyless.azure.requests() == []
        keyless.identity.behave()
        assert eventually(lambda: keyless.post().status_code == 200)
        assert len(keyless.events("managed_identity_failed")) <= 8


def test_an_endpoint_that_comes_up_after_the_gateway_fails_no_request(
    client_of: Callable[[Session], Client], keyless_regions_stack: Path, regions_secrets: Path
) -> None:
    with (
        _run(client_of, keyless_regions_stack, regions_secrets, fault="down") as keyless,
        ThreadPoolExecutor(1) as pool,
    ):
        waiting = pool.submit(keyless.post)
        assert eventually(lambda: keyless.events("managed_identity_failed"))
        keyless.identity.behave()
        assert waiting.result().status_code == 200


def test_a_token_that_azure_rejects_is_replaced_within_the_request(
    client_of: Callable[[Session], Client], keyless_regions_stack: Path, regions_secrets: Path
) -> None:
    with _run(client_of, keyless_regions_stack, regions_secrets, lifetime_s=1, announced_s=3600) as keyless:
        assert eventually(keyless.identity.requests)
        time.sleep(1.1)  # no request before: a rejected token is replaced twice a minute at most
        keyless.identity.behave()
        response = keyless.post()
        assert response.status_code == 200
        assert [request["status"] for request in keyless.azure.requests()] == [401, 200]
        (attempt,) = keyless.azure.log.line(response.headers["x-request-id"])["attempts"]
        assert (attempt["upstream"], attempt["status"]) == ("first", 200)


@pytest.fixture
def keyless_stack(synthesis_environ: dict[str, str], tmp_path: Path) -> Path:
    """The stack of tests/gateway/environments/keyless.toml."""
    synthesize_environment("keyless", tmp_path, environ=synthesis_environ)
    return stack_in(tmp_path, "keyless")


@pytest.mark.full
def test_a_region_that_is_rate_limited_once_is_left_alone_for_ten_seconds(
    client_of: Callable[[Session], Client], keyless_stack: Path, tmp_path: Path
) -> None:
    with _run(client_of, keyless_stack, tmp_path / "secrets.json") as keyless:
        first, second = list(keyless.azure.regions)[:2]
        keyless.azure.regions[first].fail("429")

        def send() -> list[tuple[str, int]]:
            response = keyless.post()
            assert response.status_code == 200
            line = keyless.azure.log.line(response.headers["x-request-id"])
            return [(attempt["upstream"], attempt["status"]) for attempt in line["attempts"]]

        started = time.monotonic()
        assert send() == [(first, 429), (second, 200)]
        while time.monotonic() < started + _OPEN_S - 1:
            assert send() == [(second, 200)]
            time.sleep(1)
        time.sleep(started + _OPEN_S + 0.5 - time.monotonic())
        assert send() == [(first, 200)]
        received = keyless.azure.requests()
        of_first = [request for request in received if request["region"] == first]
        assert [request["status"] for request in of_first] == [429, 200]
        assert of_first[1]["at"] - of_first[0]["at"] >= _OPEN_S
        events = [event for event in keyless.azure.log.events if event["event"].startswith("breaker")]
        assert [(event["event"], event["region"]) for event in events] == [
            ("breaker_opened", first),
            ("breaker_closed", first),
        ]
        assert events[0]["seconds"] == _OPEN_S
