"""A server that answers like a gateway, in the event loop of the test; a test may change its answers."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "a-key+of/the=project"
TEXT = {"type": "message", "content": [{"type": "output_text", "text": "Hello!"}]}
USAGE = {"input_tokens": 3, "output_tokens": 2}
RESPONSE: Mapping[str, Any] = {"status": "completed", "model": "gpt-5.3-codex", "output": [TEXT], "usage": USAGE}
CHAT: Mapping[str, Any] = {
    "model": "gpt-5.3-codex",
    "choices": [{"message": {"content": "Hello!"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2},
}
EMBEDDING: Mapping[str, Any] = {"model": "text-embedding-3-large", "data": [{"embedding": [1.0] + [0.0] * 3071}]}
MODELS: Mapping[str, Any] = {"data": [{"id": "gpt-5.3-codex"}, {"id": "text-embedding-3-large"}]}
EVENTS: tuple[Mapping[str, Any], ...] = (
    {"type": "response.created"},
    {"type": "response.in_progress"},
    {"type": "response.output_text.delta"},
    {"type": "response.output_text.delta"},
    {"type": "response.completed", "response": RESPONSE},
)


@dataclass(frozen=True, kw_only=True)
class Question:
    """A request; `key` is empty without one."""

    path: str
    key: str
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """`delay_s` before it; `is_cut` ends the connection before the announced length, `is_dropped` before the status."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    is_cut: bool = False
    is_dropped: bool = False


Change = Callable[[Question, Reply], Reply]


def as_json(content: object, *, status: int = 200) -> Reply:
    """A reply of this content."""
    return Reply(status=status, body=json.dumps(content).encode())


def error(status: int, code: str, message: str = "No.") -> Reply:
    """An OpenAI error."""
    return as_json({"error": {"message": message, "type": "t", "param": None, "code": code}}, status=status)


def stream(events: tuple[Mapping[str, Any], ...] = EVENTS) -> Reply:
    """Server-sent events, numbered unless they have numbers."""
    numbered = [{"sequence_number": number, **event} for number, event in enumerate(events)]
    return Reply(
        body="".join(f"data: {json.dumps(event)}\n\n" for event in numbered).encode(), media_type="text/event-stream"
    )


def answer(question: Question) -> Reply:
    """What the gateway of dev answers."""
    if question.key != KEY:
        return error(401, "invalid_api_key")
    if question.path == "/v1/models":
        return as_json(MODELS)
    if str(question.body["model"]).startswith("no-such-model"):
        return error(404, "model_not_found")
    if "stream" in question.body:
        return stream()
    contents = {"/v1/responses": RESPONSE, "/v1/chat/completions": CHAT, "/v1/embeddings": EMBEDDING}
    return as_json(contents[question.path])


class StubGateway:
    """`questions` are those that it got; `change` may replace its replies."""

    def __init__(self) -> None:
        self.questions: list[Question] = []
        self.change: Change = lambda _, reply: reply
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer any request."""
        content = await request.read()
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        question = Question(path=request.path, key=key, body=json.loads(content or b"{}"))
        self.questions.append(question)
        reply = self.change(question, answer(question))
        await asyncio.sleep(reply.delay_s)
        if reply.is_dropped:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        headers = {"content-type": reply.media_type, **reply.headers}
        response = web.StreamResponse(status=reply.status, headers=headers)
        response.content_length = len(reply.body) + (1 if reply.is_cut else 0)
        await response.prepare(request)
        await response.write(reply.body)
        if reply.is_cut:
            assert request.transport is not None
            request.transport.close()
        return response


@asynccontextmanager
async def listening(stub: StubGateway, *, port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Listen within the block; the origin."""
    runner = web.AppRunner(_app(stub), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls)
    await site.start()
    number = runner.addresses[0][1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{number}"
    finally:
        await runner.cleanup()


def _app(stub: StubGateway) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stub.handle)
    return app
