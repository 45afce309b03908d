"""What a client does, on every surface of the gateway, and what it sees of the answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import openai

CODEX = "gpt-5.3-codex"
CHAT = "gpt-4o-mini"
EMBEDDING = "text-embedding-3-large"
DIMENSION = 3072
PROMPT = "count to 20"
TEXT = " ".join(map(str, range(1, 21)))
PARAMETERS: dict[str, object] = {
    "type": "object",
    "properties": {"path": {"type": "string"}},
    "required": ["path"],
    "additionalProperties": False,
}
"""Of a tool that reads a file."""

Speak = Callable[[openai.OpenAI, str, str, list[str]], bool]
"""Asks a model something, collects what is said, and returns whether the answer says that it is whole."""


@dataclass(frozen=True, kw_only=True)
class Surface:
    """One way to ask one model; `route` is its name in the log."""

    name: str
    model: str
    route: str
    speak: Speak
    streamed: bool = False

    @property
    def translated(self) -> bool:
        """Does LiteLLM stand between the gateway's two sides?"""
        return self.model.startswith("translated-") or (self.model == CODEX and self.route == "chat/completions")

    def body(self, prompt: str = PROMPT) -> dict[str, Any]:
        """The request as it is sent, for clients that speak plain HTTP."""
        said: dict[str, Any] = {"input": [prompt] if self.route == "embeddings" else prompt}
        if self.route == "chat/completions":
            said = {"messages": [{"role": "user", "content": prompt}]}
        return {"model": self.model, **said, **({"stream": True} if self.streamed else {})}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the client saw of one request: in words, after how many seconds, and an error's message."""

    what: str
    seconds: float
    message: str = ""


def ask(client: openai.OpenAI, surface: Surface, *, prompt: str = PROMPT) -> Seen:
    """Ask as the SDK's user would, and put into words what became of it."""
    said: list[str] = []
    started = time.monotonic()
    message = ""
    try:
        whole = surface.speak(client, surface.model, prompt, said)
        what = "the answer" if whole and "".join(said).strip() == TEXT else f"a silent loss after {said}"
    except openai.OpenAIError as error:
        what = ("a part, then " if "".join(said) else "") + _in_words(error)
        message = str(error)
    return Seen(what=what, seconds=time.monotonic() - started, message=message)


def _in_words(error: openai.OpenAIError) -> str:
    words = [type(error).__name__]
    if isinstance(error, openai.APIError) and error.code:
        words.append(str(error.code))
    if isinstance(error, openai.APIStatusError):
        words.insert(1, str(error.status_code))
        # Where it is not due by contract it depends on what is left of the breakers' time.
        if isinstance(error, openai.RateLimitError) and "retry-after" in error.response.headers:
            words.append("with Retry-After")
    return " ".join(words)


def _respond(client: openai.OpenAI, model: str, prompt: str, said: list[str]) -> bool:
    response = client.responses.create(model=model, input=prompt)
    said.append(response.output_text)
    return response.status == "completed"


def _respond_streamed(client: openai.OpenAI, model: str, prompt: str, said: list[str]) -> bool:
    whole = False
    for event in client.responses.create(model=model, input=prompt, stream=True):
        if event.type == "response.output_text.delta":
            said.append(event.delta)
        whole = event.type == "response.completed"
    return whole


def _chat(client: openai.OpenAI, model: str, prompt: str, said: list[str]) -> bool:
    completion = client.chat.completions.create(model=model, messages=[{"role": "user", "content": prompt}])
    (choice,) = completion.choices
    said.append(choice.message.content or "")
    return choice.finish_reason == "stop"


def _chat_streamed(client: openai.OpenAI, model: str, prompt: str, said: list[str]) -> bool:
    whole = False
    for chunk in client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": prompt}],
        stream=True,
        stream_options={"include_usage": True},
    ):
        for choice in chunk.choices:
            said.append(choice.delta.content or "")
            whole = whole or choice.finish_reason == "stop"
    return whole


def _embed(client: openai.OpenAI, model: str, prompt: str, said: list[str]) -> bool:
    response = client.embeddings.create(model=model, input=[prompt, "another"])
    said.append(TEXT)
    return [len(item.embedding) for item in response.data] == [DIMENSION, DIMENSION]


RESPONSES = Surface(name="responses", model=CODEX, route="responses", speak=_respond)
RESPONSES_STREAMED = Surface(
    name="streamed responses", model=CODEX, route="responses", speak=_respond_streamed, streamed=True
)
CODEX_CHAT = Surface(name="translated chat", model=CODEX, route="chat/completions", speak=_chat)
CODEX_CHAT_STREAMED = Surface(
    name="streamed translated chat", model=CODEX, route="chat/completions", speak=_chat_streamed, streamed=True
)
PLAIN_CHAT = Surface(name="chat", model=CHAT, route="chat/completions", speak=_chat)
PLAIN_CHAT_STREAMED = Surface(
    name="streamed chat", model=CHAT, route="chat/completions", speak=_chat_streamed, streamed=True
)
EMBEDDINGS = Surface(name="embeddings", model=EMBEDDING, route="embeddings", speak=_embed)

SURFACES = (
    RESPONSES,
    RESPONSES_STREAMED,
    CODEX_CHAT,
    CODEX_CHAT_STREAMED,
    PLAIN_CHAT,
    PLAIN_CHAT_STREAMED,
    EMBEDDINGS,
)
# Models whose settings say `translate = true`: LiteLLM stands before every surface of theirs.
TRANSLATED = (
    Surface(name="responses through LiteLLM", model="translated-codex", route="responses", speak=_respond),
    Surface(
        name="streamed responses through LiteLLM",
        model="translated-codex",
        route="responses",
        speak=_respond_streamed,
        streamed=True,
    ),
    Surface(name="chat through LiteLLM", model="translated-chat", route="chat/completions", speak=_chat),
    Surface(
        name="streamed chat through LiteLLM",
        model="translated-chat",
        route="chat/completions",
        speak=_chat_streamed,
        streamed=True,
    ),
    Surface(name="embeddings through LiteLLM", model="translated-embeddings", route="embeddings", speak=_embed),
)
