"""Conversations stay on their region: Azure keeps responses, and encrypts reasoning, per resource."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import openai
import pytest
from openai.types.responses import Response
from pydantic import BaseModel

from local.runner.session import Session

from .azure_regions import AzureRegions
from .conftest import Client
from .surfaces import CODEX, TRANSLATED_CODEX

_FIRST = {"role": "user", "content": "echo: first"}
_ANSWER = {"role": "assistant", "content": "first"}
_SECOND = {"role": "user", "content": "echo: second"}
_ENCRYPTED = {"store": False, "include": ["reasoning.encrypted_content"], "reasoning": {"effort": "medium"}}
_ATTEMPTS = 3  # retries.attempts of the stack, where only one region can answer
_TOTAL_S = 8.0


def _respond(sdk: openai.OpenAI, fields: dict[str, Any], *, model: str = CODEX, streamed: bool = False) -> Response:
    answer = sdk.responses.create(**{"model": model, **fields, "stream": streamed})
    if isinstance(answer, Response):
        return answer
    (completed,) = [event.response for event in answer if event.type == "response.completed"]
    assert isinstance(completed, Response)
    return completed


def _as_input(item: BaseModel) -> dict[str, Any]:
    """An item as a client sends it back; in the SDK's types a user's message is no output."""
    return item.model_dump(exclude_none=True, warnings=False)


def _by_id(sdk: openai.OpenAI, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    response = _respond(sdk, {"input": [_FIRST]}, **options)
    return {"previous_response_id": response.id, "input": [_SECOND]}


def _by_reasoning(sdk: openai.OpenAI, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    response = _respond(sdk, {"input": [_FIRST], **_ENCRYPTED}, **options)
    items = [_as_input(item) for item in response.output]
    assert items[0]["encrypted_content"]
    return {"input": [_FIRST, *items, _SECOND], **_ENCRYPTED}


def _by_compaction(sdk: openai.OpenAI, *, model: str = CODEX, **_: Any) -> dict[str, Any]:  # noqa: ANN401
    compacted = sdk.responses.compact(model=model, input=[{"role": "user", "content": "echo: first"}])
    return {"input": [*map(_as_input, compacted.output), _SECOND]}


@dataclass(frozen=True)
class Kind:
    """How a turn refers to an earlier one, and how a region refuses a reference that it does not know."""

    name: str
    begin: Callable[..., dict[str, Any]]
    unknown: dict[str, Any]
    refusal: str
    status: int = 400


BY_ID = Kind(
    "previous_response_id",
    _by_id,
    {"previous_response_id": f"resp_{'0' * 48}", "input": [_SECOND]},
    "previous_response_not_found",
    404,
)
BY_REASONING = Kind(
    "encrypted reasoning",
    _by_reasoning,
    {"input": [{"type": "reasoning", "summary": [], "encrypted_content": "gAAAAAnobodys"}, _ANSWER, _SECOND]},
    "invalid_encrypted_content",
)
BY_COMPACTION = Kind(
    "compaction",
    _by_compaction,
    {"input": [{"type": "compaction", "encrypted_content": "gAAAAAnobodys"}, _SECOND]},
    "invalid_encrypted_content",
)
by_kind = pytest.mark.parametrize("kind", [BY_ID, BY_REASONING, BY_COMPACTION], ids=lambda kind: kind.name)
whole_and_streamed = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


def _begin_in(region: str, azure: AzureRegions, client: Client, kind: Kind, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Have the first turn answered by this region; return the second one."""
    for earlier in list(azure.regions)[: list(azure.regions).index(region)]:
        azure.fail(earlier, "500")
    fields = kind.begin(client.sdk, **options)
    assert client.line()["region"] == region
    azure.clear()
    return fields


@pytest.fixture
def restarted(replica: Session, client_of: Callable[[Session], Client], azure: AzureRegions) -> Client:
    """A client of another replica: like a restarted one, it does not know the conversations."""
    del azure
    return client_of(replica)


@whole_and_streamed
@by_kind
def test_a_conversation_stays_on_its_region(
    azure: AzureRegions,
    client: Client,
    kind: Kind,
    streamed: bool,  # noqa: FBT001
) -> None:
    fields = _begin_in("second", azure, client, kind, streamed=streamed)
    for _ in range(2):
        assert _respond(client.sdk, fields, streamed=streamed).output_text.strip() == "second"
        assert client.line()["region"] == "second"
    assert azure.regions_asked() == ["second", "second"]


@pytest.mark.litellm
@whole_and_streamed
@pytest.mark.parametrize("kind", [BY_ID, BY_REASONING], ids=lambda kind: kind.name)
def test_a_translated_conversation_does_too(
    azure: AzureRegions,
    client: Client,
    kind: Kind,
    streamed: bool,  # noqa: FBT001
) -> None:
    fields = _begin_in("second", azure, client, kind, streamed=streamed, model=TRANSLATED_CODEX)
    answer = _respond(client.sdk, fields, model=TRANSLATED_CODEX, streamed=streamed)
    assert answer.output_text.strip() == "second"
    assert azure.regions_asked() == ["second"]


@by_kind
def test_the_region_of_an_unknown_one_is_searched_for_once(
    azure: AzureRegions, client: Client, restarted: Client, kind: Kind
) -> None:
    fields = _begin_in("third", azure, client, kind)
    assert _respond(restarted.sdk, fields).output_text.strip() == "second"
    asked = [("first", kind.status), ("second", kind.status), ("third", 200)]
    attempts = [(attempt["upstream"], attempt["status"]) for attempt in restarted.line()["attempts"]]
    assert attempts == asked + ([("third", 200)] if kind is BY_ID else [])  # an owner is asked for before
    assert restarted.line()["region"] == "third"
    _respond(restarted.sdk, fields, streamed=True)
    assert azure.regions_asked() == [upstream for upstream, _ in [*attempts, ("third", 200)]]


@by_kind
def test_one_that_no_region_knows_is_refused_as_by_azure(azure: AzureRegions, client: Client, kind: Kind) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        _respond(client.sdk, kind.unknown)
    assert refused.value.code == kind.refusal
    assert azure.regions_asked() == ["first", "second", "third"]
    assert client.line()["status"] == 400


@pytest.mark.parametrize(
    ("kind", "fault", "streamed"),
    [
        (BY_ID, "hang_before_headers", False),
        (BY_ID, "refused", True),
        (BY_REASONING, "500", True),
        (BY_COMPACTION, "reset", False),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_when_its_region_cannot_answer_the_error_says_so(
    azure: AzureRegions,
    client: Client,
    kind: Kind,
    fault: str,
    streamed: bool,  # noqa: FBT001
) -> None:
    fields = _begin_in("second", azure, client, kind)
    azure.fail("second", fault)
    with pytest.raises(openai.InternalServerError) as failed:
        _respond(client.sdk, fields, streamed=streamed)
    assert failed.value.status_code == 503
    assert "conversation" in str(failed.value)
    line = client.line()
    assert [attempt["upstream"] for attempt in line["attempts"]] == ["second"] * _ATTEMPTS
    assert line["ms"] < _TOTAL_S * 1000
    assert set(azure.regions_asked()) <= {"second"}
    azure.clear()
    assert _respond(client.sdk, fields, streamed=streamed).output_text.strip() == "second"


@by_kind
def test_a_short_failure_of_its_region_is_invisible(azure: AzureRegions, client: Client, kind: Kind) -> None:
    fields = _begin_in("second", azure, client, kind)
    azure.fail("second", "500", count=_ATTEMPTS - 1)
    assert _respond(client.sdk, fields).output_text.strip() == "second"
    assert azure.regions_asked() == ["second"] * _ATTEMPTS


def test_an_unknown_one_may_belong_to_a_failing_region(azure: AzureRegions, client: Client, restarted: Client) -> None:
    """The refusals of the other regions are no answer."""
    fields = _begin_in("third", azure, client, BY_ID)
    azure.fail("third", "500")
    with pytest.raises(openai.InternalServerError) as failed:
        _respond(restarted.sdk, fields)
    assert failed.value.status_code == 503
    assert "conversation" in str(failed.value)
    assert azure.regions_asked()[:3] == ["first", "second", "third"]
    azure.clear()
    restarted.log.wait_for_breakers()
    assert _respond(restarted.sdk, fields).output_text.strip() == "second"
