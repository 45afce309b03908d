"""Tokens of the log, of the metrics and of the emulated Azure agree exactly; a failover is seen in the trace."""

import json
import os
import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from gateway.runtime.context import Tokens
from gateway.runtime.token_usage import read_tokens
from local.runner.session import Session, run
from tests.shared import shared_folder

from .azure_regions import NO_TLS, AzureRegions, EmulatorControl, GatewayLog
from .stacks import stack_in, synthesize_environment

CODEX, CHAT, EMBEDDING = "gpt-5.3-codex", "chat", "text-embedding-3-large"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
_END_S = 30.0
_PARALLEL = 12
_TYPES = ("prompt", "completion", "cached", "reasoning", "total")

Call = Callable[["Gateway"], None]
Sums = Mapping[tuple[str, ...], Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A running gateway with telemetry, the regions behind it, and what the sink has received."""

    session: Session
    azure: AzureRegions
    http: httpx.Client
    sink: httpx.Client
    keys: tuple[str, ...] = field(repr=False)

    def post(self, path: str, body: Mapping[str, object], *, key: int = 0) -> httpx.Response:
        """Read the whole answer."""
        headers = {"authorization": f"Bearer {self.keys[key % len(self.keys)]}"}
        return self.http.post(f"/v1/{path}", json=body, headers=headers)

    def leave(self, path: str, body: Mapping[str, object]) -> None:
        """Read the first part of an answer."""
        headers = {"authorization": f"Bearer {self.keys[0]}"}
        with self.http.stream("POST", f"/v1/{path}", json=body, headers=headers) as response:
            assert response.status_code == 200
            for part in response.iter_bytes():
                if b"1" in part:
                    return

    def end(self) -> list[dict[str, Any]]:
        """End the gateway, which sends what is left; return all items, which are valid."""
        os.kill(self.session.gateway.popen.pid, signal.SIGTERM)
        assert self.session.gateway.popen.wait(_END_S) == 0
        received = self.sink.get("/received").raise_for_status().json()
        assert received["rejected"] == []
        items: list[dict[str, Any]] = received["items"]
        sent = json.dumps(items)
        for secret in ("count to", "limited", "cut me", "127.0.0.1", "authorization", *self.keys):
            assert secret not in sent
        return items


@pytest.fixture(scope="module")
def stack(synthesis_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stack of tests/gateway/environments/telemetry.toml."""
    synthesize = partial(synthesize_environment, "telemetry", environ=synthesis_environ)
    return stack_in(shared_folder(tmp_path_factory, "telemetry.out", synthesize), "telemetry")


@pytest.fixture
def run_gateway(stack: Path, tmp_path: Path) -> Callable[..., Any]:
    """Runs a gateway of its own."""

    @contextmanager
    def run_with(litellm: Literal["ready", "absent"]) -> Iterator[Gateway]:
        with (
            ExitStack() as opened,
            run(stack=stack, environ={}, secrets=tmp_path / "secrets.json", litellm=litellm) as session,
        ):

            def client(url: str) -> httpx.Client:
                limits = httpx.Limits(max_connections=_PARALLEL)
                return opened.enter_context(
                    httpx.Client(base_url=url, trust_env=False, verify=NO_TLS, timeout=60, limits=limits)
                )

            assert session.telemetry is not None
            regions = {
                name: EmulatorControl(client(emulator.control_url)) for name, emulator in session.emulators.items()
            }
            yield Gateway(
                session=session,
                azure=AzureRegions(session=session, regions=regions, log=GatewayLog(session.gateway.log)),
                http=client(session.host_url),
                sink=client(session.telemetry.control_url),
                keys=tuple(key for keys in session.keys.values() for key in keys),
            )

    return run_with


def _chat(text: str, *, model: str = CHAT, **fields: object) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def _post(path: str, *, key: int = 0, **body: object) -> Call:
    return lambda gateway: _ignore(gateway.post(path, body, key=key))


def _leave(path: str, **body: object) -> Call:
    return lambda gateway: gateway.leave(path, body)


def _ignore(_: httpx.Response) -> None:
    """The log and the record tell what became of it."""


_WITH_USAGE: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
_LONG = "count to 2000, pace 50"
_STRAIGHT: tuple[Call, ...] = (
    _post("responses", model=CODEX, input="count to 9"),
    _post("responses", model=CODEX, input="count to 30", stream=True, reasoning={"effort": "low"}, key=1),
    _post("embeddings", model=EMBEDDING, input=["one", "twenty two"], key=2),
    _post("chat/completions", **_chat("count to 5")),
    _post("chat/completions", **_chat("count to 6", stream=True), key=3),
    _post("chat/completions", **_chat("count to 7", **_WITH_USAGE)),
    _post("responses", model=CODEX, input="echo: limited", stream=True),
    _post("embeddings", model=EMBEDDING, input="limited"),
    _post("chat/completions", **_chat("echo: limited")),
    _post("responses", model=CODEX, input="count to 20, then fail", stream=True),
    _post("responses", model=CODEX, input="count to 4, then fail"),
    _post("responses", model=CODEX, input="count to 50, cut me", stream=True),
    _post("chat/completions", **_chat("count to 50, cut me", stream=True)),
    _post("responses", model=CODEX, input="content filter"),
    _post("responses", model="unknown", input="hi"),
    _leave("responses", model=CODEX, input=_LONG, stream=True),
    _leave("chat/completions", **_chat(_LONG, stream=True)),
)
_TRANSLATED: tuple[Call, ...] = (
    _post("chat/completions", **_chat("count to 5", model=CODEX)),
    _post("chat/completions", **_chat("count to 8", stream=True, model=CODEX)),
    _post("chat/completions", **_chat("echo: limited", **_WITH_USAGE, model=CODEX)),
    _leave("chat/completions", **_chat(_LONG, stream=True, model=CODEX)),
)


def _work(gateway: Gateway, calls: tuple[Call, ...], *, count: int) -> list[dict[str, Any]]:
    """Make so many requests, some of which fail in regions; return their lines of the log."""
    before = len(gateway.azure.log.lines)
    for name, region in gateway.azure.regions.items():
        region.fail("cut_mid_stream", count=-1, match="cut me")
        if name == "first":
            region.fail("429", count=-1, match="limited")
    with ThreadPoolExecutor(_PARALLEL) as pool:
        for done in [pool.submit(calls[number % len(calls)], gateway) for number in range(count)]:
            done.result()
    lines = gateway.azure.log.lines_after(before, count=count)
    assert len(lines) == count
    return lines


def _of_lines(lines: list[dict[str, Any]]) -> Sums:
    sums: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for line in lines:
        if tokens := line["tokens"]:
            names = (line["deployment"], line["project"], line["region"] or "none", str(line["stream"]).lower())
            key = (*names, str(tokens["estimated"]).lower())
            total = tokens["input"] + tokens["output"]
            counts = (tokens["input"], tokens["output"], tokens["cached"], tokens["reasoning"], total)
            sums[key].update({kind: number for kind, number in zip(_TYPES, counts, strict=True) if number})
    return {key: dict(counts) for key, counts in sums.items()}


def _of_metrics(items: list[dict[str, Any]]) -> Sums:
    sums: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for point, dimensions in _points(items, "gateway.tokens"):
        names = ("deployment", "project", "region", "streaming", "estimated")
        sums[tuple(dimensions[name] for name in names)][dimensions["type"]] += point["value"]
    return {key: dict(counts) for key, counts in sums.items()}


def _points(items: list[dict[str, Any]], name: str) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    for item in items:
        if item["data"]["baseType"] == "MetricData":
            (point,) = item["data"]["baseData"]["metrics"]
            if point["name"] == name:
                yield point, item["data"]["baseData"]["properties"]


def _of_azure(azure: AzureRegions) -> dict[str, Tokens]:
    """What the regions have reported, by deployment."""
    sums: dict[str, Tokens] = {}
    for request in azure.requests():
        if tokens := read_tokens({"usage": request["usage"]}):
            _, _, path = request["path"].partition("/deployments/")
            deployment = path.partition("/")[0] or request["body"]["model"]
            sums[deployment] = tokens.plus(sums.get(deployment))
    return sums


def _reported(lines: list[dict[str, Any]]) -> dict[str, Tokens]:
    """What the log says that Azure has reported, by deployment."""
    sums: dict[str, Tokens] = {}
    for line in lines:
        if line["tokens"] and not line["tokens"]["estimated"]:
            sums[line["deployment"]] = Tokens(**line["tokens"]).plus(sums.get(line["deployment"]))
    return sums


def _assert_agreement(gateway: Gateway, lines: list[dict[str, Any]], items: list[dict[str, Any]]) -> None:
    assert _reported(lines) == _of_azure(gateway.azure)
    assert _of_metrics(items) == _of_lines(lines)
    assert sum(point["count"] for point, _ in _points(items, "gateway.requests")) == len(lines)
    assert sum(point["count"] for point, _ in _points(items, "gateway.latency")) == len(lines)
    without_first_byte = sum(line["first_byte_ms"] is None for line in lines)
    assert sum(point["count"] for point, _ in _points(items, "gateway.first_byte")) == len(lines) - without_first_byte
    kinds = Counter(item["data"]["baseType"] for item in items)
    assert kinds["RequestData"] == len(lines)
    assert kinds["RemoteDependencyData"] == sum(len(line["attempts"]) for line in lines)
    # Each kind of failure has happened.
    estimated = [line for line in lines if line["tokens"] and line["tokens"]["estimated"]]
    assert {line["error"] for line in estimated} == {"client_closed", "upstream_interrupted"}
    assert any(attempt["status"] == 429 for line in lines for attempt in line["attempts"])
    assert {line["key"] for line in lines} == {"primary", "secondary"}
    assert len({line["project"] for line in lines}) == 2


def _respond(gateway: Gateway, *, traceparent: str = "") -> dict[str, Any]:
    """Return the log's line."""
    headers = {"traceparent": traceparent, "authorization": f"Bearer {gateway.keys[0]}"}
    answer = gateway.http.post("/v1/responses", json={"model": CODEX, "input": "echo: hi"}, headers=headers)
    assert answer.json()["status"] == "completed"
    return gateway.azure.log.line(answer.headers["x-request-id"])


def test_a_region_that_fails_once_is_seen_in_traces_and_metrics(run_gateway: Callable[..., Any]) -> None:
    with run_gateway("absent") as gateway:
        gateway.azure.regions["first"].fail("429", retry_after=2)
        lines = [_respond(gateway, traceparent=f"00-{TRACE}-{SPAN}-00"), _respond(gateway)]
        gateway.azure.log.wait_for_breakers()
        lines.append(_respond(gateway))
        assert gateway.azure.regions_asked() == ["first", "second", "second", "first"]
        assert [line["region"] for line in lines] == ["second", "second", "first"]
        items = gateway.end()
    counts = {dimensions["region"]: point["count"] for point, dimensions in _points(items, "gateway.requests")}
    assert counts == {"first": 1, "second": 2}
    trace = [item for item in items if item["tags"].get("ai.operation.id") == TRACE]
    request, failed, answered = (item["data"]["baseData"] for item in trace)
    assert trace[0]["tags"]["ai.operation.parentId"] == SPAN
    assert request["properties"]["request_id"] == lines[0]["request_id"]
    assert (request["responseCode"], request["success"], request["properties"]["region"]) == ("200", True, "second")
    assert (failed["target"], failed["resultCode"], failed["success"]) == ("first", "429", False)
    assert (answered["target"], answered["resultCode"], answered["success"]) == ("second", "200", True)
    assert {item["tags"]["ai.operation.parentId"] for item in trace[1:]} == {request["id"]}
    others = [item["data"]["baseData"] for item in items if item["data"]["baseType"] == "RemoteDependencyData"]
    assert [(call["target"], call["resultCode"]) for call in others[2:]] == [("second", "200"), ("first", "200")]


def test_all_tokens_agree(run_gateway: Callable[..., Any]) -> None:
    with run_gateway("absent") as gateway:
        lines = _work(gateway, _STRAIGHT, count=3 * len(_STRAIGHT))
        _assert_agreement(gateway, lines, gateway.end())


@pytest.mark.full
@pytest.mark.litellm
def test_tokens_of_a_thousand_requests_agree(run_gateway: Callable[..., Any]) -> None:
    with run_gateway("ready") as gateway:
        lines = _work(gateway, (*_STRAIGHT, *_TRANSLATED), count=1000)
        translated = [line for line in lines if line["translations"]]
        assert {bool(line["tokens"]["estimated"]) for line in translated if line["tokens"]} == {False, True}
        _assert_agreement(gateway, lines, gateway.end())


def test_requests_go_on_when_the_endpoint_is_down(run_gateway: Callable[..., Any]) -> None:
    with run_gateway("absent") as gateway:
        gateway.sink.post("/faults", json={"fault": "down"}).raise_for_status()
        answers = [gateway.post("responses", {"model": CODEX, "input": "echo: hi"}).status_code for _ in range(5)]
        assert answers == [200] * 5
        assert gateway.end() == []
        log = gateway.azure.log.update()
        assert [line["status"] for line in log.lines] == [200] * 5
        dropped = [event for event in log.events if event["event"] == "telemetry_dropped"]
        # Two items of each trace, and eight metrics but for reasoning, of which there is none.
        assert sum(event["count"] for event in dropped) == 5 * 2 + 7
        assert {event["reason"] for event in dropped} == {"ClientConnectorError"}
