"""Every surface of the gateway, as clients use it: what is sent, and what the `openai` SDK makes of the answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import openai
import pytest

CODEX = "gpt-5.3-codex"
CHAT = "gpt-4o-mini"
EMBEDDING = "text-embedding-3-large"
TRANSLATED_CODEX = "translated-codex"
TRANSLATED_CHAT = "translated-chat"
UNKNOWN_TO_LITELLM = "coder"
"""The name of a codex model that LiteLLM's list of models does not have."""
DIMENSION = 3072
CANARY = "c4n4ry"
"""A word of requests and answers that must not be printed."""
TEXT = f"{CANARY} {' '.join(map(str, range(1, 21)))}"
PROMPT = f"echo: {TEXT}"
ANSWER = "the answer"
PARAMETERS: dict[str, object] = {
    "type": "object",
    "properties": {"path": {"type": "string"}},
    "required": ["path"],
    "additionalProperties": False,
}
"""Of a tool that reads a file."""

HI: Any = [{"role": "user", "content": "echo: hi"}]
"""The messages of a short chat."""
BODIES: dict[str, dict[str, Any]] = {
    "responses": {"model": CODEX, "input": "echo: hi"},
    "responses/compact": {"model": CODEX, "input": "echo: hi"},
    "chat/completions": {"model": CODEX, "messages": HI},
    "embeddings": {"model": EMBEDDING, "input": "hi"},
}
"""Short requests, by the path after `/v1/`."""
AZURE_BODIES: dict[str, dict[str, Any]] = {
    "responses": {"model": CODEX, "input": "echo: hi"},
    "responses/compact": {"model": CODEX, "input": "echo: hi"},
    f"deployments/{CODEX}/chat/completions": {"messages": HI},
    f"deployments/{CHAT}/chat/completions": {"messages": HI},
    f"deployments/{EMBEDDING}/embeddings": {"input": "hi"},
}
"""Short requests, by Azure's path after `/openai/`."""

Call = Callable[[openai.OpenAI, str, str, list[str]], bool]
"""Sends a prompt to a model, collects the text of the answer, and returns whether the answer is complete."""


@dataclass(frozen=True, kw_only=True)
class Surface:
    """One API of one model. `route` is its name in the log.

    Each surface has a model of its own: breakers are per model, so that all surfaces can be called at once.
    """

    name: str
    model: str
    route: str
    call: Call
    streamed: bool = False
    litellm: bool = False
    """LiteLLM translates this surface."""

    def body(self, prompt: str = PROMPT) -> dict[str, Any]:
        """The request for plain HTTP clients."""
        content: dict[str, Any] = {"input": [prompt] if self.route == "embeddings" else prompt}
        if self.route == "chat/completions":
            content = {"messages": [{"role": "user", "content": prompt}]}
        return {"model": self.model, **content, **({"stream": True} if self.streamed else {})}


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the client got: in words, after how many seconds."""

    text: str
    seconds: float


def call(client: openai.OpenAI, surface: Surface) -> Result:
    """Call the surface and describe the outcome."""
    received: list[str] = []
    started = time.monotonic()
    try:
        complete = surface.call(client, surface.model, PROMPT, received)
        text = ANSWER if complete and "".join(received).strip() == TEXT else f"a silent loss after {received}"
    except openai.OpenAIError as error:
        text = ("a part, then " if "".join(received) else "") + _describe(error)
    return Result(text=text, seconds=time.monotonic() - started)


def _describe(error: openai.OpenAIError) -> str:
    words = [type(error).__name__]
    if isinstance(error, openai.APIError) and error.code:
        words.append(str(error.code))
    if isinstance(error, openai.APIStatusError):
        words.insert(1, str(error.status_code))
        # Elsewhere it depends on what is left of the breakers' time.
        if isinstance(error, openai.RateLimitError) and "retry-after" in error.response.headers:
            words.append("with Retry-After")
    return " ".join(words)


def _respond(client: openai.OpenAI, model: str, prompt: str, received: list[str]) -> bool:
    response = client.responses.create(model=model, input=prompt)
    received.append(response.output_text)
    return response.status == "completed"


def _respond_streamed(client: openai.OpenAI, model: str, prompt: str, received: list[str]) -> bool:
    complete = False
    for event in client.responses.create(model=model, input=prompt, stream=True):
        if event.type == "response.output_text.delta":
            received.append(event.delta)
        complete = event.type == "response.completed"
    return complete


def _chat(client: openai.OpenAI, model: str, prompt: str, received: list[str]) -> bool:
    completion = client.chat.completions.create(model=model, messages=[{"role": "user", "content": prompt}])
    (choice,) = completion.choices
    received.append(choice.message.content or "")
    return choice.finish_reason == "stop"


def _chat_streamed(client: openai.OpenAI, model: str, prompt: str, received: list[str]) -> bool:
    complete = False
    for chunk in client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": prompt}],
        stream=True,
        stream_options={"include_usage": True},
    ):
        for choice in chunk.choices:
            received.append(choice.delta.content or "")
            complete = complete or choice.finish_reason == "stop"
    return complete


def _embed(client: openai.OpenAI, model: str, prompt: str, received: list[str]) -> bool:
    response = client.embeddings.create(model=model, input=[prompt, "another"])
    received.append(TEXT)
    return [len(item.embedding) for item in response.data] == [DIMENSION, DIMENSION]


def _surface(name: str, model: str, route: str, call: Call, *, litellm: bool = False) -> Surface:
    return Surface(
        name=name, model=model, route=route, call=call, streamed=name.startswith("streamed"), litellm=litellm
    )


CODEX_CHAT = _surface("translated chat", "codex-chat", "chat/completions", _chat, litellm=True)
SURFACES = (
    _surface("responses", CODEX, "responses", _respond),
    _surface("streamed responses", "codex-streamed", "responses", _respond_streamed),
    CODEX_CHAT,
    _surface("streamed translated chat", "codex-chat-streamed", "chat/completions", _chat_streamed, litellm=True),
    _surface("chat", CHAT, "chat/completions", _chat),
    _surface("streamed chat", "chat-streamed", "chat/completions", _chat_streamed),
    _surface("embeddings", EMBEDDING, "embeddings", _embed),
)
# Models whose settings say `translate = true`: LiteLLM translates all their surfaces.
TRANSLATED = (
    _surface("responses through LiteLLM", TRANSLATED_CODEX, "responses", _respond, litellm=True),
    _surface(
        "streamed responses through LiteLLM",
        "translated-codex-streamed",
        "responses",
        _respond_streamed,
        litellm=True,
    ),
    _surface("chat through LiteLLM", TRANSLATED_CHAT, "chat/completions", _chat, litellm=True),
    _surface(
        "streamed chat through LiteLLM", "translated-chat-streamed", "chat/completions", _chat_streamed, litellm=True
    ),
    _surface("embeddings through LiteLLM", "translated-embeddings", "embeddings", _embed, litellm=True),
)
ALL_SURFACES = (*SURFACES, *TRANSLATED)


def by_surface(*surfaces: Surface) -> pytest.MarkDecorator:
    """Run a test once for each surface; those that LiteLLM translates have its mark."""
    return pytest.mark.parametrize(
        "surface",
        [
            pytest.param(surface, id=surface.name, marks=[pytest.mark.litellm] if surface.litellm else [])
            for surface in surfaces
        ],
    )
