"""The embedding queue: no request lost, none above Azure's quota, projects in turn.

Azure is the emulator's quota, once per region, in virtual time.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any

import pytest

from gateway.runtime.configuration import Model
from gateway.runtime.context import Attempt, ModelRequest, Response, Tokens, now
from gateway.runtime.rate_limits.embedding_queue import EmbeddingQueue
from local.emulator.azure_errors import AzureError
from local.emulator.quota import Limits, Quota
from tests import virtual_time

from ..builders import REGIONS, build_model, build_request

TEXT = "x" * 400  # 100 tokens


class Azure:
    """The next step, like failover: calls the preferred region, then the others, until one has quota."""

    def __init__(self, *regions: str, requests: int | None = None, tokens: int | None = None) -> None:
        self.quotas = {region: Quota(clock=now) for region in regions}
        for quota in self.quotas.values():
            quota.set(Limits(requests_per_minute=requests, tokens_per_minute=tokens))
        self.latency_s = 0.5
        self.scale = 1.0
        self.down: set[str] = set()
        """Nobody listens there."""
        self.rests: dict[str, float] = {}
        """When they will be asked again."""
        self.served: list[tuple[float, str, str]] = []
        self.too_many = 0

    async def __call__(self, call: ModelRequest) -> Response:
        answer = Response(status=503, body=b"")
        for region in sorted(self.quotas, key=lambda region: (region != call.preferred_region, region)):
            if self.region_pause_s(call.model, region):
                continue
            await asyncio.sleep(0.01)  # the way to Azure
            answer = self._take(region, call)
            call.context.attempts.append(Attempt(region=region, status=answer.status))
            if answer.status == 200:
                self.served.append((now(), region, call.project.name))
                call.context.region = region
                await asyncio.sleep(self.latency_s)
                call.context.tokens = Tokens(input=self.cost(call))
                break
            self.rests[region] = now() + float(answer.headers.get("retry-after-ms", 10_000)) / 1000
        pause_s = min(self.region_pause_s(call.model, region) for region in self.quotas)
        return replace(answer, headers={"retry-after-ms": str(pause_s * 1000)})

    def region_pause_s(self, _: Model, region: str) -> float:
        """As the breaker of the region says."""
        return max(0.0, self.rests.get(region, 0.0) - now())

    def cost(self, call: ModelRequest) -> int:
        return int(len(str(call.fields["input"])) // 4 * self.scale)

    def _take(self, region: str, call: ModelRequest) -> Response:
        if region in self.down:
            return Response(status=503, body=b"down")
        try:
            self.quotas[region].take(operation="embeddings", deployment="d", api_version="v", tokens=self.cost(call))
        except AzureError as error:
            self.too_many += 1
            return Response(status=429, body=b"azure", headers=error.headers)
        return Response(status=200, body=b"{}")

    @property
    def by_region(self) -> Mapping[str, int]:
        return Counter(region for _, region, _ in self.served)


def queue_for(azure: Azure, model: Model, **options: Any) -> EmbeddingQueue:  # noqa: ANN401
    return EmbeddingQueue(
        **{"next_step": azure, "models": {model.name: model}, "queue_s": 200.0, "clock": now, **options}
    )


async def send_batches(
    queue: EmbeddingQueue, model: Model, *, batches: int, parallel: int, project: str = "default"
) -> list[Response]:
    """So many clients at once, one batch after the other."""
    left = iter(range(batches))

    async def client() -> list[Response]:
        return [await queue(build_request({"input": TEXT}, model=model, project=project)) for _ in left]

    answers = await asyncio.gather(*(client() for _ in range(parallel)))
    return [answer for some in answers for answer in some]


def run(work: Coroutine[Any, Any, list[Response]]) -> tuple[Counter[int], float]:
    """What the answers were, and how long it took."""

    async def timed() -> tuple[Counter[int], float]:
        answers = await work
        return Counter(answer.status for answer in answers), now()

    return virtual_time.run(timed())


@pytest.mark.parametrize("parallel", [10, 50])
@pytest.mark.parametrize(("requests", "tokens"), [(100, None), (None, 10_000), (100, 10_000)])
def test_an_indexing_run_completes_within_the_quota_and_in_its_time(
    parallel: int, requests: int | None, tokens: int | None
) -> None:
    azure = Azure(*REGIONS, requests=requests, tokens=tokens)
    model = build_model(regions=REGIONS, requests_per_minute=requests, tokens_per_minute=tokens)
    statuses, seconds = run(send_batches(queue_for(azure, model), model, batches=600, parallel=parallel))
    assert statuses == {200: 600}
    assert azure.too_many == 0
    assert azure.by_region == {"first": 200, "second": 200, "third": 200}
    assert 60.0 <= seconds < 60.0 * 1.15 + 600 / parallel * azure.latency_s


"""600 batches are two minutes' worth of what the regions take: the second half begins after one."""


def test_regions_fill_by_priority_and_equal_ones_evenly() -> None:
    azure = Azure(*REGIONS, requests=30)
    model = build_model(regions=REGIONS, requests_per_minute=30)
    first, second, third = model.upstreams
    equal = replace(model, upstreams=(first, second, replace(third, priority=second.priority)))
    run(send_batches(queue_for(azure, equal), equal, batches=50, parallel=5))
    assert azure.by_region == {"first": 30, "second": 10, "third": 10}


def test_without_a_known_quota_nothing_is_paced_or_preferred() -> None:
    azure = Azure("first")
    seen: list[str | None] = []

    async def step(call: ModelRequest) -> Response:
        seen.append(call.preferred_region)
        return await azure(call)

    model = build_model()
    statuses, seconds = run(send_batches(queue_for(azure, model, next_step=step), model, batches=100, parallel=100))
    assert statuses == {200: 100}
    assert seconds < 1
    assert seen == [None] * 100


def test_without_a_known_quota_a_run_completes_by_waiting_as_azure_says() -> None:
    azure = Azure("first", requests=50)
    model = build_model()
    statuses, seconds = run(send_batches(queue_for(azure, model), model, batches=150, parallel=20))
    assert statuses == {200: 150}
    assert 120 <= seconds < 140


def test_a_quota_that_is_smaller_than_declared_only_costs_time() -> None:
    azure = Azure("first", requests=50)
    model = build_model(requests_per_minute=80)
    statuses, seconds = run(send_batches(queue_for(azure, model), model, batches=150, parallel=20))
    assert statuses == {200: 150}
    assert seconds < 200


def test_the_queue_learns_that_texts_cost_more_than_estimated() -> None:
    azure = Azure("first", tokens=20_000)
    azure.scale = 1.6
    model = build_model(tokens_per_minute=20_000)
    statuses, _ = run(send_batches(queue_for(azure, model), model, batches=375, parallel=10))
    assert statuses == {200: 375}
    assert azure.too_many <= 10


def test_texts_that_cost_less_than_estimated_use_the_whole_quota() -> None:
    azure = Azure("first", tokens=20_000)
    azure.scale = 0.5
    model = build_model(tokens_per_minute=20_000)
    statuses, seconds = run(send_batches(queue_for(azure, model), model, batches=800, parallel=10))
    assert statuses == {200: 800}
    assert seconds < 60.0 * 1.15 + 40


def test_projects_take_turns_however_many_requests_one_has() -> None:
    azure = Azure("first", requests=10)
    model = build_model(requests_per_minute=10)

    async def both() -> list[Response]:
        queue = queue_for(azure, model, queue_s=400.0)
        large = asyncio.create_task(send_batches(queue, model, batches=40, parallel=40, project="large"))
        await asyncio.sleep(1)
        small = await send_batches(queue, model, batches=5, parallel=5, project="small")
        return small + await large

    statuses, _ = run(both())
    assert statuses == {200: 45}
    second_minute = [project for _, _, project in azure.served[10:20]]
    assert Counter(second_minute) == {"large": 5, "small": 5}


def test_within_a_project_the_first_to_come_is_the_first_to_go() -> None:
    azure = Azure("first", requests=2)
    model = build_model(requests_per_minute=2)
    order: list[int] = []

    async def ask(queue: EmbeddingQueue, number: int) -> Response:
        answer = await queue(build_request(model=model))
        order.append(number)
        return answer

    async def work() -> list[Response]:
        queue = queue_for(azure, model)
        return await asyncio.gather(*(ask(queue, number) for number in range(8)))

    run(work())
    assert order == list(range(8))


def test_the_wait_is_bounded_and_the_refusal_says_when_there_is_room() -> None:
    azure = Azure("first", requests=1)
    model = build_model(requests_per_minute=1)

    async def work() -> tuple[Response, float, float]:
        queue = queue_for(azure, model, queue_s=20.0)
        await queue(build_request(model=model))
        late = build_request(model=model)
        answer = await queue(late)
        return answer, now(), late.context.queued_ms

    answer, seconds, queued_ms = virtual_time.run(work())
    assert answer.status == 429
    assert answer.error == "rate_limit_exceeded"
    assert seconds == pytest.approx(20.51)
    assert queued_ms == pytest.approx(20_000)
    # A minute and the margin after the first one left.
    assert answer.headers["retry-after"] == "41"
    assert json.loads(answer.body if isinstance(answer.body, bytes) else b"")["error"]["type"] == "requests"


def test_no_request_waits_beyond_its_deadline() -> None:
    azure = Azure("first", requests=1)
    model = build_model(requests_per_minute=1)

    async def work() -> tuple[Response, float]:
        queue = queue_for(azure, model)
        await queue(build_request(model=model))
        return await queue(build_request(model=model, deadline=5.0)), now()

    answer, seconds = virtual_time.run(work())
    assert answer.status == 429
    assert seconds == pytest.approx(5.0)


def test_quota_that_is_free_in_the_last_moment_is_used() -> None:
    azure = Azure("first", requests=1)
    azure.latency_s = 0.49
    model = build_model(requests_per_minute=1)
    # The quota is free 60.25 s after the second call; its time in the queue ends in the same turn of the event loop.
    queue_s = 60.25 + 5e-10

    async def work() -> list[Response]:
        queue = queue_for(azure, model, queue_s=queue_s)
        return [await queue(build_request(model=model)) for _ in range(2)]

    statuses, _ = run(work())
    assert statuses == {200: 2}


def test_a_429_whose_wait_is_too_long_goes_out_at_once_as_azure_said_it() -> None:
    azure = Azure("first", requests=1)
    model = build_model()

    async def work() -> tuple[Response, float]:
        queue = queue_for(azure, model, queue_s=30.0)
        await queue(build_request(model=model))
        return await queue(build_request(model=model)), now()

    answer, seconds = virtual_time.run(work())
    assert (answer.status, answer.body) == (429, b"azure")
    assert seconds < 1


@pytest.mark.parametrize(
    ("headers", "pause_s"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"Retry-After": "3"}, 3.0),
        ({"retry-after-ms": "0"}, 0.05),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.05),
        ({"retry-after": "soon"}, 1.0),
        ({}, 1.0),
    ],
)
def test_azures_own_429_is_waited_for(headers: Mapping[str, str], pause_s: float) -> None:
    closed: list[float] = []
    answers = iter([Response(status=429, body=b"", headers=headers, close=lambda: closed.append(now()))])

    async def step(_: ModelRequest) -> Response:
        return next(answers, Response(status=200, body=b"whole"))

    async def work() -> tuple[Response, float]:
        model = build_model()
        return await EmbeddingQueue(next_step=step, models={model.name: model}, queue_s=60.0, clock=now)(
            build_request(model=model)
        ), now()

    answer, seconds = virtual_time.run(work())
    assert answer.body == b"whole"
    assert seconds == pytest.approx(pause_s)
    assert closed == [0.0]


def test_the_request_of_a_client_that_has_left_is_removed() -> None:
    azure = Azure("first", requests=1)
    model = build_model(requests_per_minute=1)

    async def work() -> list[Response]:
        queue = queue_for(azure, model)
        await queue(build_request(model=model))
        leaving = asyncio.create_task(queue(build_request(model=model, project="leaving")))
        staying = asyncio.create_task(queue(build_request(model=model, project="staying")))
        await asyncio.sleep(1)
        leaving.cancel()
        return [await staying]

    statuses, seconds = run(work())
    assert statuses == {200: 1}
    assert seconds < 65
    assert [project for _, _, project in azure.served] == ["default", "staying"]


def test_quota_of_a_client_that_leaves_goes_to_the_next() -> None:
    azure = Azure("first", requests=1)
    model = build_model(requests_per_minute=1)

    async def step(call: ModelRequest) -> Response:
        if call.project.name == "holding":
            await asyncio.sleep(1000)
        return await azure(call)

    async def work() -> list[Response]:
        queue = queue_for(azure, model, next_step=step)
        names = ("holding", "leaving", "staying")
        holding, leaving, staying = (
            asyncio.create_task(queue(build_request(model=model, project=name))) for name in names
        )
        await asyncio.sleep(1)
        holding.cancel()
        await asyncio.sleep(0)  # reserves the quota for `leaving`, which has not continued yet
        leaving.cancel()
        return [await staying]

    statuses, seconds = run(work())
    assert statuses == {200: 1}
    assert seconds < 2
    assert [project for _, _, project in azure.served] == ["staying"]


def test_a_client_that_leaves_before_azure_was_asked_has_used_nothing() -> None:
    async def hang(_: ModelRequest) -> Response:
        await asyncio.sleep(1000)
        raise AssertionError

    model = build_model(requests_per_minute=1)

    async def work() -> float:
        queue = EmbeddingQueue(next_step=hang, models={model.name: model}, queue_s=60.0, clock=now)
        leaving = asyncio.create_task(queue(build_request(model=model)))
        await asyncio.sleep(1)
        leaving.cancel()
        next_one = asyncio.create_task(queue(call := build_request(model=model)))
        await asyncio.sleep(1)
        next_one.cancel()
        return call.context.queued_ms

    assert virtual_time.run(work()) == 0


def test_a_large_batch_is_not_overtaken_forever_by_small_ones() -> None:
    azure = Azure("first", tokens=1000)
    model = build_model(tokens_per_minute=1000)

    async def work() -> list[Response]:
        queue = queue_for(azure, model)
        small = asyncio.create_task(send_batches(queue, model, batches=30, parallel=10, project="small"))
        await asyncio.sleep(0.1)
        large = await queue(build_request({"input": "x" * 4000}, model=model, project="large"))
        assert now() < 130
        return [large, *await small]

    statuses, _ = run(work())
    assert statuses == {200: 31}


def test_a_region_that_is_down_costs_no_batch_and_overfills_the_others_once_at_most() -> None:
    azure = Azure(*REGIONS, requests=50)
    azure.down = {"first"}
    model = build_model(regions=REGIONS, requests_per_minute=50)
    queue = queue_for(azure, model, region_pause_s=azure.region_pause_s)
    parallel = 20
    statuses, seconds = run(send_batches(queue, model, batches=300, parallel=parallel))
    assert statuses == {200: 300}
    assert 120 < seconds < 140
    assert azure.too_many <= parallel


def test_a_region_that_comes_back_is_filled_again() -> None:
    azure = Azure(*REGIONS, requests=50)
    azure.down = {"first"}
    model = build_model(regions=REGIONS, requests_per_minute=50)

    async def work() -> list[Response]:
        asyncio.get_running_loop().call_later(30.0, azure.down.clear)
        return await send_batches(
            queue_for(azure, model, region_pause_s=azure.region_pause_s), model, batches=150, parallel=10
        )

    statuses, seconds = run(work())
    assert statuses == {200: 150}
    # What failed there is counted as if Azure had counted it.
    assert 30 <= azure.by_region["first"] <= 50
    assert 30 < seconds < 70


def test_a_region_that_failed_gets_one_call_at_a_time() -> None:
    azure = Azure("first", "second", requests=100)
    azure.down = {"first"}
    model = build_model(regions=("first", "second"), requests_per_minute=100)
    preferred: list[tuple[float, str | None]] = []

    async def step(call: ModelRequest) -> Response:
        preferred.append((now(), call.preferred_region))
        return await azure(call)

    async def work() -> list[Response]:
        queue = queue_for(azure, model, next_step=step, region_pause_s=azure.region_pause_s)
        await queue(build_request(model=model))
        await asyncio.sleep(20.0)  # the rest of `first` is over
        return await send_batches(queue, model, batches=10, parallel=10)

    run(work())
    assert [region for _, region in preferred[1:]] == ["first", *["second"] * 9]


def test_with_one_region_down_and_another_rate_limited_the_latter_is_waited_for() -> None:
    azure = Azure("first", "second", requests=5)
    azure.down = {"first"}
    model = build_model(regions=("first", "second"), requests_per_minute=20)  # less than the settings say
    statuses, seconds = run(
        send_batches(queue_for(azure, model, region_pause_s=azure.region_pause_s), model, batches=10, parallel=10)
    )
    assert statuses == {200: 10}
    assert 60 < seconds < 90


def test_when_every_region_has_failed_the_next_step_decides_at_once() -> None:
    azure = Azure(*REGIONS, requests=50)
    azure.down = set(REGIONS)
    model = build_model(regions=REGIONS, requests_per_minute=50)
    statuses, seconds = run(
        send_batches(queue_for(azure, model, region_pause_s=azure.region_pause_s), model, batches=40, parallel=20)
    )
    assert statuses == {503: 40}
    assert seconds < 1


def test_the_retry_after_is_a_minute_when_it_depends_on_running_calls() -> None:
    answers = iter([Response(status=429, body=b"", headers={"retry-after": "1"})])

    async def step(call: ModelRequest) -> Response:
        if answer := next(answers, None):
            call.context.attempts.append(Attempt(region="first", status=429))
            return answer
        await asyncio.sleep(1000)
        raise AssertionError

    model = build_model(requests_per_minute=50)

    async def work() -> Response:
        queue = EmbeddingQueue(next_step=step, models={model.name: model}, queue_s=10.0, clock=now)
        hanging = asyncio.create_task(queue(build_request(model=model)))
        await asyncio.sleep(5)
        answer = await queue(build_request(model=model))
        hanging.cancel()
        return answer

    answer = virtual_time.run(work())
    assert (answer.status, answer.headers["retry-after"]) == (429, "60")


def test_running_calls_block_the_only_region_after_a_429() -> None:
    """After Azure's 429 a single call finds out whether the pause was long enough."""
    azure = Azure("first", requests=3)
    model = build_model(requests_per_minute=50)
    statuses, _ = run(send_batches(queue_for(azure, model), model, batches=6, parallel=6))
    assert statuses == {200: 6}
    assert azure.too_many <= 6


def test_a_call_that_moved_on_is_counted_where_it_went() -> None:
    azure = Azure("first", "second", requests=5)
    azure.down = {"first"}
    model = build_model(regions=("first", "second"), requests_per_minute=5)
    statuses, seconds = run(send_batches(queue_for(azure, model), model, batches=10, parallel=1))
    assert statuses == {200: 10}
    assert 60 < seconds < 70
    assert azure.too_many <= 6  # a trial of the first region whenever it has rested, and nowhere else to go


def test_names_of_one_deployment_share_its_quota() -> None:
    azure = Azure("first", requests=10)
    model = build_model(requests_per_minute=10)
    alias = replace(model, name="alias", translate=True)

    async def work() -> list[Response]:
        queue = queue_for(azure, model, models={"alias": alias, model.name: model})
        one, other = await asyncio.gather(
            send_batches(queue, model, batches=10, parallel=5), send_batches(queue, alias, batches=10, parallel=5)
        )
        return one + other

    statuses, _ = run(work())
    assert statuses == {200: 20}
    assert azure.too_many == 0


def test_an_answer_that_tells_no_usage_leaves_the_guess() -> None:
    async def step(call: ModelRequest) -> Response:
        call.context.attempts.append(Attempt(region="first"))
        return Response(status=200, body=b"{}")

    model = build_model(tokens_per_minute=150)

    async def work() -> float:
        queue = EmbeddingQueue(next_step=step, models={model.name: model}, queue_s=100.0, clock=now)
        for _ in range(2):
            await queue(build_request({"input": TEXT}, model=model))
        return now()

    assert virtual_time.run(work()) == pytest.approx(60.25)


def test_attempts_in_an_unknown_region_do_no_harm() -> None:
    async def step(call: ModelRequest) -> Response:
        call.context.attempts.append(Attempt(region="third"))
        return Response(status=200, body=b"{}")

    model = build_model(requests_per_minute=1)

    async def work() -> list[Response]:
        queue = EmbeddingQueue(next_step=step, models={model.name: model}, queue_s=100.0, clock=now)
        return [await queue(build_request(model=model)) for _ in range(3)]

    statuses, seconds = run(work())
    assert (statuses, seconds) == ({200: 3}, 0.0)
