"""Parallel translations are bounded; what waits has its turn, and no project takes all places from the others."""

import asyncio
import json

import pytest

from gateway.runtime.context import ModelRequest, Response, Surface, now
from gateway.runtime.litellm.translation_queue import TranslationQueue

from ..builders import build_request
from ..conftest import let_others_run

pytestmark = pytest.mark.anyio


class LiteLLM:
    """The next step: its answers are streams that stay open until the test closes them."""

    def __init__(self) -> None:
        self.projects: list[str] = []
        self.translations: list[int | None] = []
        self.closed = 0

    async def __call__(self, request: ModelRequest) -> Response:
        """Answer at once."""
        self.projects.append(request.project.name)
        self.translations.append(request.context.translations)

        def close() -> None:
            self.closed += 1

        return Response(status=200, body=b"", close=close)


@pytest.fixture
def step() -> LiteLLM:
    """What comes after the queue."""
    return LiteLLM()


def build_queue(step: LiteLLM, *, places: int, is_shared: bool = True, queue_s: float = 30.0) -> TranslationQueue:
    return TranslationQueue(next_step=step, places=places, queue_s=queue_s, is_shared=is_shared)


def ask(queue: TranslationQueue, project: str = "a", *, deadline: float = 1e9) -> asyncio.Task[Response]:
    return asyncio.create_task(queue(build_request({}, surface=Surface.CHAT, project=project, deadline=deadline)))


async def test_one_more_than_the_places_waits_until_an_answer_is_closed(step: LiteLLM) -> None:
    queue = build_queue(step, places=4, is_shared=False)
    first, *others = [ask(queue) for _ in range(5)]
    await let_others_run()
    assert len(step.projects) == 4
    (await first).close()
    await let_others_run()
    assert [asking.done() for asking in others] == [True] * 4
    assert (len(step.projects), step.closed) == (5, 1)
    assert step.translations[3:] == [4, 4]


async def test_within_a_project_the_first_to_come_is_the_first_to_go(step: LiteLLM) -> None:
    queue = build_queue(step, places=4, is_shared=False)
    open_ones = [await ask(queue) for _ in range(4)]
    waiting = [ask(queue) for _ in range(3)]
    for number, response in enumerate(open_ones[:3]):
        response.close()
        await let_others_run()
        assert [asking.done() for asking in waiting] == [True] * (number + 1) + [False] * (2 - number)


async def test_waiting_projects_take_turns(step: LiteLLM) -> None:
    queue = build_queue(step, places=4)
    open_ones = [await ask(queue, project) for project in ("a", "b", "c", "d")]
    waiting = [ask(queue, project) for project in ("a", "a", "a", "b", "b", "c")]
    for _ in waiting:
        await let_others_run()
        open_ones.pop(0).close()
        await let_others_run()
        open_ones += [await asking for asking in waiting if asking.done() and asking.result() not in open_ones]
    assert step.projects[4:] == ["a", "b", "c", "a", "b", "a"]


async def test_a_project_leaves_places_for_those_that_come_later(step: LiteLLM) -> None:
    queue = build_queue(step, places=100)
    for project, expected in (("a", 75), ("b", 19), ("c", 5), ("d", 1), ("e", 0)):
        for _ in range(100):
            ask(queue, project)
        await let_others_run()
        assert step.projects.count(project) == expected


async def test_with_one_project_it_gets_all_places(step: LiteLLM) -> None:
    queue = build_queue(step, places=4, is_shared=False)
    assert [(await ask(queue)).status for _ in range(4)] == [200] * 4


async def test_a_project_above_its_share_does_not_block_one_below(step: LiteLLM) -> None:
    queue = build_queue(step, places=4)
    greedy = [ask(queue, "a") for _ in range(10)]
    await let_others_run()
    assert (await ask(queue, "b")).status == 200
    assert [asking.done() for asking in greedy].count(True) == 3


async def test_the_wait_is_bounded_and_in_the_log(step: LiteLLM) -> None:
    queue = build_queue(step, places=4, queue_s=30.0)
    open_ones = [await ask(queue) for _ in range(3)]
    late = build_request({}, surface=Surface.CHAT, project="a")
    response = await queue(late)
    assert (response.status, response.error, response.headers["retry-after"]) == (503, "translation_overloaded", "5")
    assert isinstance(response.body, bytes)
    assert json.loads(response.body)["error"]["type"] == "server_error"
    assert now() == pytest.approx(30.0)
    assert late.context.queued_ms == pytest.approx(30_000)
    # What has given up takes no place that becomes free.
    open_ones.pop().close()
    assert (await ask(queue)).status == 200
    assert len(step.projects) == 4


async def test_no_request_waits_beyond_its_deadline(step: LiteLLM) -> None:
    queue = build_queue(step, places=4)
    open_ones = [await ask(queue) for _ in range(3)]
    assert (await ask(queue, deadline=5.0)).status == 503
    assert now() == pytest.approx(5.0)
    assert len(open_ones) == 3


async def test_without_a_wait_a_free_place_is_taken(step: LiteLLM) -> None:
    queue = build_queue(step, places=4, queue_s=0.0)
    assert [(await ask(queue)).status for _ in range(4)] == [200, 200, 200, 503]


async def test_a_client_that_leaves_while_it_waits_frees_its_turn(step: LiteLLM) -> None:
    queue = build_queue(step, places=4, is_shared=False)
    open_ones = [await ask(queue) for _ in range(4)]
    leaving, staying = ask(queue), ask(queue)
    await let_others_run()
    leaving.cancel()
    await let_others_run()
    open_ones.pop().close()
    assert (await staying).status == 200
    assert len(step.projects) == 5


async def test_one_that_has_left_costs_its_project_no_turn(step: LiteLLM) -> None:
    queue = build_queue(step, places=4)
    open_ones = [await ask(queue, project) for project in ("a", "b", "c", "d")]
    leaving, staying, other = ask(queue, "a"), ask(queue, "a"), ask(queue, "b")
    await let_others_run()
    leaving.cancel()
    await let_others_run()
    open_ones[3].close()
    await let_others_run()
    assert (staying.done(), other.done()) == (True, False)


@pytest.mark.parametrize("leaves_first", [True, False])
async def test_one_that_leaves_as_its_turn_comes_frees_the_place(step: LiteLLM, *, leaves_first: bool) -> None:
    queue = build_queue(step, places=4, is_shared=False)
    open_ones = [await ask(queue) for _ in range(4)]
    leaving, staying = ask(queue), ask(queue)
    await let_others_run()
    if leaves_first:
        leaving.cancel()
    open_ones.pop().close()
    leaving.cancel()
    assert (await staying).status == 200
    assert len(step.projects) == 5


async def test_a_failure_of_the_next_step_frees_the_place() -> None:
    async def fail(_: ModelRequest) -> Response:
        raise RuntimeError

    queue = TranslationQueue(next_step=fail, places=4, queue_s=0.0, is_shared=False)
    for _ in range(5):
        with pytest.raises(RuntimeError):
            await ask(queue)
