"""Request bodies share a limited memory."""

import asyncio
import json
from dataclasses import replace

import pytest

from gateway.runtime.admission.memory_budget import MemoryBudget
from gateway.runtime.configuration import Configuration
from gateway.runtime.errors import RefusedError

from ..builders import CODEX
from ..conftest import BEARER, FakeUpstream, hang, json_answer, let_others_run, open_gateway_for

pytestmark = pytest.mark.anyio


def test_a_request_that_exceeds_what_is_free_is_refused_and_memory_is_released() -> None:
    budget = MemoryBudget(10, projects=1)
    with budget.share("a") as first:
        first(6)
        with budget.share("a") as second:
            second(3)
            with pytest.raises(RefusedError) as refused:
                second(2)
        assert (refused.value.response.status, refused.value.response.headers["retry-after"]) == (503, "1")
        first(4)
    with budget.share("a") as third:
        third(10)


def test_one_of_several_projects_gets_at_most_half() -> None:
    budget = MemoryBudget(10, projects=2)
    with budget.share("a") as first, budget.share("a") as second, budget.share("b") as other:
        first(4)
        with pytest.raises(RefusedError):
            second(2)
        other(6)
    with budget.share("a") as alone:
        alone(10)


def test_a_request_that_can_never_fit_is_too_large() -> None:
    with MemoryBudget(10, projects=1).share("a") as take, pytest.raises(RefusedError) as refused:
        take(11)
    assert refused.value.response.status == 413


async def test_long_bodies_use_the_memory_until_they_are_answered(
    configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream
) -> None:
    azure.answers(hang)
    limits = configuration.limits.model_copy(update={"max_body_bytes": 1000})
    configuration = replace(configuration, projects=configuration.projects[:1])
    body = {"model": CODEX, "input": "x" * 700}  # beside its marks, each of which counts as a hundred bytes
    async with open_gateway_for(replace(configuration, limits=limits), [azure], litellm) as client:

        async def ask() -> int:
            return (await client.post("/v1/responses", json=body, headers=BEARER)).status

        active = [asyncio.create_task(ask()) for _ in range(4)]
        await let_others_run()
        assert len(azure.requests) == 4
        assert await ask() == 503
        azure.answers(json_answer())
        await asyncio.gather(*active)
        assert await ask() == 200


@pytest.mark.parametrize(("values", "status"), [(499_000, 200), (501_000, 413)])
async def test_a_body_of_many_values_would_fill_the_memory(
    configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream, values: int, status: int
) -> None:
    azure.answers(json_answer())
    limits = configuration.limits.model_copy(update={"max_body_bytes": 16_777_216})
    body = json.dumps({"model": CODEX, "input": [1] * values}, separators=(",", ":"))
    async with open_gateway_for(replace(configuration, limits=limits), [azure], litellm) as client:
        headers = BEARER | {"content-type": "application/json"}
        assert (await client.post("/v1/responses", data=body, headers=headers)).status == status
