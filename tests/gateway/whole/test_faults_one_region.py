"""The only region fails: it is tried again, a few times."""

from collections.abc import Callable

import openai
import pytest

from .conftest import Azure

CODEX = "gpt-5.3-codex"
EMBEDDING = "text-embedding-3-large"
Surface = Callable[[openai.OpenAI], str]


def respond(client: openai.OpenAI) -> str:
    return client.responses.create(model=CODEX, input="echo: ok").output_text


def respond_streamed(client: openai.OpenAI) -> str:
    events = client.responses.create(model=CODEX, input="echo: ok", stream=True)
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def chat(client: openai.OpenAI) -> str:
    completion = client.chat.completions.create(model=CODEX, messages=[{"role": "user", "content": "echo: ok"}])
    return completion.choices[0].message.content or ""


def chat_streamed(client: openai.OpenAI) -> str:
    chunks = client.chat.completions.create(
        model=CODEX, messages=[{"role": "user", "content": "echo: ok"}], stream=True
    )
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def embed(client: openai.OpenAI) -> str:
    client.embeddings.create(model=EMBEDDING, input="x")
    return "ok"


SURFACES = [respond, respond_streamed, chat, chat_streamed, embed]


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("fault", ["429", "500", "503", "408", "reset"])
def test_one_failure_is_invisible(client: openai.OpenAI, azure: Azure, fault: str, surface: Surface) -> None:
    azure.fail(fault)
    assert surface(client).strip() == "ok"
    assert len(azure.requests()) == 2


@pytest.mark.parametrize("surface", SURFACES)
def test_a_short_retry_after_is_waited_for(client: openai.OpenAI, azure: Azure, surface: Surface) -> None:
    azure.fail("429", retry_after_ms=300)
    assert surface(client).strip() == "ok"
    first, second = azure.requests()
    assert second["at"] - first["at"] >= 0.3


@pytest.mark.parametrize("surface", SURFACES[:-1])
def test_a_rate_limit_that_lasts_is_a_429(client: openai.OpenAI, azure: Azure, surface: Surface) -> None:
    """Embeddings would wait much longer: they queue."""
    azure.fail("429", count=-1)
    with pytest.raises(openai.RateLimitError) as limited:
        surface(client)
    assert int(limited.value.response.headers["retry-after"]) > 0
    assert len(azure.requests()) == 3


@pytest.mark.parametrize("surface", SURFACES)
def test_a_failure_that_lasts_is_a_503_after_three_attempts(
    client: openai.OpenAI, azure: Azure, surface: Surface
) -> None:
    azure.fail("500", count=-1)
    with pytest.raises(openai.InternalServerError) as failed:
        surface(client)
    assert failed.value.status_code == 503
    assert len(azure.requests()) == 3


@pytest.mark.parametrize("surface", [respond_streamed, chat_streamed])
@pytest.mark.parametrize("fault", ["cut_mid_stream", "error_event"])
def test_a_stream_that_breaks_never_looks_finished(
    client: openai.OpenAI, azure: Azure, fault: str, surface: Surface
) -> None:
    azure.fail(fault, after_events=6)
    with pytest.raises(openai.APIError):
        surface(client)
    assert len(azure.requests()) == 1
