"""Conversations stay on their region: Azure keeps responses, and seals reasoning, per resource."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import openai
import pytest
from openai.types.responses import Response
from pydantic import BaseModel

from local.runner.session import Session

from .conftest import Client
from .regions import Regions
from .surfaces import CODEX

TRANSLATED_CODEX = "translated-codex"
_SAID = {"role": "user", "content": "echo: first"}
_NEXT = {"role": "user", "content": "echo: second"}
_SEALED = {"store": False, "include": ["reasoning.encrypted_content"], "reasoning": {"effort": "medium"}}
_RETRIES = 3  # the attempts of the stack's settings, where there is one region only
_TOTAL_S = 8.0


def _ask(sdk: openai.OpenAI, fields: dict[str, Any], *, model: str, streamed: bool) -> Response:
    answer = sdk.responses.create(**{"model": model, **fields, "stream": streamed})
    if isinstance(answer, Response):
        return answer
    (completed,) = [event.response for event in answer if event.type == "response.completed"]
    assert isinstance(completed, Response)
    return completed


def _as_input(item: BaseModel) -> dict[str, Any]:
    """An item as a client sends it back; in the SDK's types a user's message is no output."""
    return item.model_dump(exclude_none=True, warnings=False)


def _by_id(sdk: openai.OpenAI, *, model: str, streamed: bool) -> dict[str, Any]:
    response = _ask(sdk, {"input": [_SAID]}, model=model, streamed=streamed)
    return {"previous_response_id": response.id, "input": [_NEXT]}


def _by_reasoning(sdk: openai.OpenAI, *, model: str, streamed: bool) -> dict[str, Any]:
    response = _ask(sdk, {"input": [_SAID], **_SEALED}, model=model, streamed=streamed)
    items = [_as_input(item) for item in response.output if item.type == "reasoning"]
    assert items[0]["encrypted_content"]
    return {"input": [_SAID, *items, _NEXT], **_SEALED}


def _by_compaction(sdk: openai.OpenAI, *, model: str, streamed: bool) -> dict[str, Any]:
    del streamed
    compacted = sdk.responses.compact(model=model, input=[{"role": "user", "content": "echo: first"}])
    return {"input": [*map(_as_input, compacted.output), _NEXT]}


@dataclass(frozen=True)
class Kind:
    """A way in which a turn builds on an earlier one, and how a region refuses what is not its own."""

    name: str
    begin: Callable[..., dict[str, Any]]
    unknown: dict[str, Any]
    refusal: str


BY_ID = Kind(
    "previous_response_id",
    _by_id,
    {"previous_response_id": f"resp_{'0' * 48}", "input": [_NEXT]},
    "previous_response_not_found",
)
BY_REASONING = Kind(
    "encrypted reasoning",
    _by_reasoning,
    {"input": [{"type": "reasoning", "summary": [], "encrypted_content": "gAAAAAnobodys"}, _NEXT]},
    "invalid_encrypted_content",
)
BY_COMPACTION = Kind(
    "compaction",
    _by_compaction,
    {"input": [{"type": "compaction", "encrypted_content": "gAAAAAnobodys"}, _NEXT]},
    "invalid_encrypted_content",
)
KINDS = (BY_ID, BY_REASONING, BY_COMPACTION)
of_every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
whole_and_streamed = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


def _begin_in(
    region: str, world: Regions, user: Client, kind: Kind, *, streamed: bool = False, model: str = CODEX
) -> dict[str, Any]:
    """Have the first turn answered by this region; return the second one."""
    for earlier in list(world.azures)[: list(world.azures).index(region)]:
        world.fail(earlier, "500")
    fields = kind.begin(user.sdk, model=model, streamed=streamed)
    assert user.line()["region"] == region
    world.clear()
    return fields


@pytest.fixture
def newcomer(replica: Session, user_of: Callable[[Session], Client], world: Regions) -> Client:
    """The user of another replica, or of this one after a restart: it remembers nothing."""
    del world
    return user_of(replica)


@whole_and_streamed
@of_every_kind
def test_a_conversation_stays_on_its_region(
    world: Regions,
    user: Client,
    kind: Kind,
    streamed: bool,  # noqa: FBT001
) -> None:
    fields = _begin_in("second", world, user, kind, streamed=streamed)
    for _ in range(2):
        answer = _ask(user.sdk, fields, model=CODEX, streamed=streamed)
        assert answer.output_text.strip() == "second"
        assert user.line()["region"] == "second"
    assert world.asked() == ["second", "second"]


@whole_and_streamed
@pytest.mark.parametrize("kind", [BY_ID, BY_REASONING], ids=lambda kind: kind.name)
def test_also_through_litellm(
    world: Regions,
    user: Client,
    kind: Kind,
    streamed: bool,  # noqa: FBT001
) -> None:
    fields = _begin_in("second", world, user, kind, streamed=streamed, model=TRANSLATED_CODEX)
    answer = _ask(user.sdk, fields, model=TRANSLATED_CODEX, streamed=streamed)
    assert answer.output_text.strip() == "second"
    assert world.asked() == ["second"]


@whole_and_streamed
@of_every_kind
def test_an_unknown_one_is_looked_for_in_order_and_then_known(
    world: Regions,
    user: Client,
    newcomer: Client,
    kind: Kind,
    streamed: bool,  # noqa: FBT001
) -> None:
    fields = _begin_in("third", world, user, kind)
    answer = _ask(newcomer.sdk, fields, model=CODEX, streamed=streamed)
    assert answer.output_text.strip() == "second"
    attempts = [(attempt["upstream"], attempt["status"]) for attempt in newcomer.line()["attempts"]]
    assert attempts == [("first", 400), ("second", 400), ("third", 200)]
    assert newcomer.line()["region"] == "third"
    _ask(newcomer.sdk, fields, model=CODEX, streamed=streamed)
    assert world.asked() == ["first", "second", "third", "third"]


@of_every_kind
def test_what_no_region_knows_is_refused_in_azures_words(world: Regions, user: Client, kind: Kind) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        _ask(user.sdk, kind.unknown, model=CODEX, streamed=False)
    assert refused.value.code == kind.refusal
    assert world.asked() == ["first", "second", "third"]
    assert user.line()["status"] == 400


@whole_and_streamed
@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (BY_ID, "500"),
        (BY_ID, "refused"),
        (BY_ID, "hang_before_headers"),
        (BY_REASONING, "500"),
        (BY_COMPACTION, "reset"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_when_its_region_cannot_answer_the_error_says_so(
    world: Regions,
    user: Client,
    kind: Kind,
    fault: str,
    streamed: bool,  # noqa: FBT001
) -> None:
    fields = _begin_in("second", world, user, kind)
    world.fail("second", fault)
    with pytest.raises(openai.InternalServerError) as failed:
        _ask(user.sdk, fields, model=CODEX, streamed=streamed)
    assert failed.value.status_code == 503
    assert "conversation" in str(failed.value)
    line = user.line()
    assert [attempt["upstream"] for attempt in line["attempts"]] == ["second"] * _RETRIES
    assert line["ms"] < _TOTAL_S * 1000
    assert set(world.asked()) <= {"second"}
    world.clear()
    assert _ask(user.sdk, fields, model=CODEX, streamed=streamed).output_text.strip() == "second"


@of_every_kind
def test_a_short_failure_of_its_region_is_invisible(world: Regions, user: Client, kind: Kind) -> None:
    fields = _begin_in("second", world, user, kind)
    world.fail("second", "500", count=_RETRIES - 1)
    assert _ask(user.sdk, fields, model=CODEX, streamed=False).output_text.strip() == "second"
    assert world.asked() == ["second"] * _RETRIES


@of_every_kind
def test_an_unknown_one_whose_region_may_be_the_failing_one(
    world: Regions, user: Client, newcomer: Client, kind: Kind
) -> None:
    """The refusals of the others are no answer: the failing region might know it."""
    fields = _begin_in("third", world, user, kind)
    world.fail("third", "500")
    with pytest.raises(openai.InternalServerError) as failed:
        _ask(newcomer.sdk, fields, model=CODEX, streamed=False)
    assert failed.value.status_code == 503
    assert "conversation" in str(failed.value)
    assert world.asked()[:3] == ["first", "second", "third"]
    world.clear()
    newcomer.log.wait_for_breakers()
    assert _ask(newcomer.sdk, fields, model=CODEX, streamed=False).output_text.strip() == "second"
