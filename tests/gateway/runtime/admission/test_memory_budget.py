"""Bodies share the memory that there is."""

import asyncio
import json
from dataclasses import replace

import pytest

from gateway.runtime.admission.memory_budget import MemoryBudget
from gateway.runtime.configuration import Configuration
from gateway.runtime.errors import RefusedError

from ..builders import CODEX
from ..conftest import BEARER, FakeUpstream, hang, json_answer, open_gateway_for

pytestmark = pytest.mark.anyio


def test_who_asks_for_more_than_is_left_is_told_to_come_again_and_room_comes_back() -> None:
    room = MemoryBudget(10, projects=1)
    with room.share("a") as first:
        first(6)
        with room.share("a") as second:
            second(3)
            with pytest.raises(RefusedError) as refused:
                second(2)
        assert (refused.value.response.status, refused.value.response.headers["retry-after"]) == (503, "1")
        first(4)
    with room.share("a") as third:
        third(10)


def test_beside_others_a_project_has_no_more_than_half() -> None:
    room = MemoryBudget(10, projects=2)
    with room.share("a") as first, room.share("a") as second, room.share("b") as other:
        first(4)
        with pytest.raises(RefusedError):
            second(2)
        other(6)
    with room.share("a") as alone:
        alone(10)


def test_what_there_is_never_room_for_is_too_large() -> None:
    with MemoryBudget(10, projects=1).share("a") as take, pytest.raises(RefusedError) as refused:
        take(11)
    assert refused.value.response.status == 413


async def test_long_bodies_in_flight_leave_no_room_for_another_until_they_are_answered(
    configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream
) -> None:
    azure.answers(hang)
    limits = replace(configuration.limits, max_body_bytes=1000)
    configuration = replace(configuration, projects=configuration.projects[:1])
    body = {"model": CODEX, "input": "x" * 700}  # beside its marks, each of which counts as a hundred bytes
    async with open_gateway_for(replace(configuration, limits=limits), [azure], litellm) as client:

        async def ask() -> int:
            return (await client.post("/v1/responses", json=body, headers=BEARER)).status

        held = [asyncio.create_task(ask()) for _ in range(4)]
        async with asyncio.timeout(30):
            while len(azure.requests) < len(held):  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.01)
        assert await ask() == 503
        azure.answers(json_answer())
        await asyncio.gather(*held)
        assert await ask() == 200


@pytest.mark.parametrize(("values", "status"), [(499_000, 200), (501_000, 413)])
async def test_a_body_of_many_values_would_fill_the_memory(
    configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream, values: int, status: int
) -> None:
    azure.answers(json_answer())
    limits = replace(configuration.limits, max_body_bytes=16_777_216)
    body = json.dumps({"model": CODEX, "input": [1] * values}, separators=(",", ":"))
    async with open_gateway_for(replace(configuration, limits=limits), [azure], litellm) as client:
        headers = BEARER | {"content-type": "application/json"}
        assert (await client.post("/v1/responses", data=body, headers=headers)).status == status
