"""The requests that are measured, and where each of them goes on OpenAI's surface and on Azure's."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PROMPT = "Explain in two sentences what this function does and where it could fail."
_CODE = "def read(path: str) -> str:\n    with open(path) as file:\n        return file.read()\n" * 8
_TEXTS = 60  # what Roo Code puts into one batch of an index


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request. `azure_path`: None when Azure does not answer it, because it has to be translated.

    `ending`: what a whole answer contains.
    """

    name: str
    path: str
    azure_path: str | None
    deployment: str
    api_version: str
    body: bytes
    is_streamed: bool = False
    ending: bytes


def build_cases(models: Sequence[Mapping[str, Any]]) -> tuple[Case, ...]:
    """Build the requests for the first model of each kind that the gateway's configuration names."""
    codex, embeddings, chat = (
        next(model for model in models if model["kind"] == kind) for kind in ("responses", "embeddings", "chat")
    )
    return (
        _embeddings("embeddings, one text", embeddings, texts=PROMPT),
        _embeddings(f"embeddings, {_TEXTS} texts", embeddings, texts=_batch(0)),
        _responses("responses", codex),
        _responses("responses, streamed", codex, is_streamed=True),
        _chat("chat", chat),
        _chat("chat, streamed", chat, is_streamed=True),
        _chat("translated chat", codex),
        _chat("translated chat, streamed", codex, is_streamed=True),
    )


def named(cases: Sequence[Case], *names: str) -> tuple[Case, ...]:
    """Some of them, in this order."""
    by_name = {case.name: case for case in cases}
    return tuple(by_name[name] for name in names)


def batches(models: Sequence[Mapping[str, Any]], *, count: int) -> Iterator[Case]:
    """An index: batches of texts, none like another."""
    model = next(model for model in models if model["kind"] == "embeddings")
    for number in range(count):
        yield _embeddings(f"batch {number}", model, texts=_batch(number))


def tokens_of_batch() -> int:
    """What the emulated Azure counts for one: a token for four characters."""
    return sum(len(text) // 4 for text in _batch(0))


def _batch(number: int) -> list[str]:
    return [f"# file {number:04}, part {part:02}\n{_CODE}" for part in range(_TEXTS)]


def _embeddings(name: str, model: Mapping[str, Any], *, texts: str | list[str]) -> Case:
    """In base64, which the openai SDK and Roo Code ask for."""
    return Case(
        name=name,
        path="/v1/embeddings",
        azure_path=f"/openai/deployments/{model['deployment']}/embeddings?api-version={model['api_version']}",
        deployment=model["deployment"],
        api_version=model["api_version"],
        body=_body(model=model["name"], input=texts, encoding_format="base64"),
        ending=b'"usage"',
    )


def _responses(name: str, model: Mapping[str, Any], *, is_streamed: bool = False) -> Case:
    return Case(
        name=name,
        path="/v1/responses",
        azure_path=f"/openai/responses?api-version={model['api_version']}",
        deployment=model["deployment"],
        api_version=model["api_version"],
        body=_body(model=model["name"], input=PROMPT, stream=is_streamed, store=False),
        is_streamed=is_streamed,
        ending=b"response.completed" if is_streamed else b'"completed"',
    )


def _chat(name: str, model: Mapping[str, Any], *, is_streamed: bool = False) -> Case:
    straight = f"/openai/deployments/{model['deployment']}/chat/completions?api-version={model['api_version']}"
    return Case(
        name=name,
        path="/v1/chat/completions",
        azure_path=straight if model["kind"] == "chat" else None,
        deployment=model["deployment"],
        api_version=model["api_version"],
        body=_body(model=model["name"], messages=[{"role": "user", "content": PROMPT}], stream=is_streamed),
        is_streamed=is_streamed,
        ending=b"[DONE]" if is_streamed else b'"stop"',
    )


def _body(**fields: object) -> bytes:
    return json.dumps(fields).encode()
