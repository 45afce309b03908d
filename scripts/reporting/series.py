"""From the records of a log to series of numbers over time. No HTML, no drawing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from scripts.reporting.log_lines import NO_PLACE, Log, Outcome, Request, Tokens
from scripts.reporting.periods import Period
from scripts.reporting.prices import Price

FailoverOutcome = Literal["answered by another region", "client left", "failed"]
Limit = Literal["the gateway's", "Azure's, not seen by the client", "Azure's, seen by the client"]
Unit = Literal["count", "dollars", "seconds", "percent"]
MAX_SERIES = 8
_AZURE_REFUSED = "rate_limit_exceeded"
"""Also while every region is left alone after a 429. A project's limit is named by its setting instead."""
_OTHERS = "others"
_UNKNOWN = "(unknown)"


@dataclass(frozen=True, kw_only=True)
class Series:
    """A number for each step of the period, None where there is nothing to measure; and the one of all of it."""

    name: str
    values: Sequence[float | None]
    whole: float | None


@dataclass(frozen=True, kw_only=True)
class Plot:
    """Series of one unit: stacked bars of amounts, or lines. `about` says what is counted."""

    title: str
    about: str
    shape: Literal["bars", "lines"]
    unit: Unit
    whole: str = "total"
    """What a series' number of the whole period is."""
    series: Sequence[Series]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see. A line at zero is something, a bar of zero is not."""
        values = [value for series in self.series for value in series.values if value is not None]
        return not (any(values) if self.shape == "bars" else values)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Of one project and model. `cost` in US dollars, None without a price."""

    project: str
    model: str
    requests: int
    tokens: Tokens
    cost: float | None


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Percentiles in seconds of the answered requests of one route and model."""

    route: str
    model: str
    streamed: bool
    requests: int
    first_byte_p50_s: float | None
    first_byte_p95_s: float | None
    p50_s: float | None
    p95_s: float | None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The numbers of the whole period. Without requests, shares and times are None."""

    requests: int
    availability: float | None
    tokens: Tokens
    estimated: int
    """Tokens of answers whose usage the gateway has estimated, at least in part."""
    cost: float | None
    without_price: Sequence[str]
    """Models that have tokens and no price."""
    failovers: int
    rescued: int
    """Requests that another region then answered."""
    first_byte_p95_s: float | None
    breakers_opened: int
    without_place: int
    """Requests for which LiteLLM had no place in time."""
    unauthenticated: int


class Numbers:
    """All numbers of a report. Requests of a project only: refused keys are counted apart, and are no use of it."""

    def __init__(self, log: Log, *, period: Period, prices: Mapping[str, Price]) -> None:
        self._log = log
        self._prices = prices
        self.period = period
        self._requests = [request for request in log.requests if request.project is not None]
        self.usage = self._usage()

    def summary(self) -> Summary:
        """Of the whole period."""
        failovers = [request for request in self._requests if request.failed_over]
        tokens = [request.tokens for request in self._requests if request.tokens]
        costs = [usage.cost for usage in self.usage if usage.cost is not None]
        return Summary(
            requests=len(self._requests),
            availability=_availability(self._requests),
            tokens=_sum(tokens),
            estimated=sum(each.input + each.output for each in tokens if each.estimated),
            cost=sum(costs) if costs else None,
            without_price=sorted(
                {
                    usage.model
                    for usage in self.usage
                    if usage.cost is None and (usage.tokens.input or usage.tokens.output)
                }
            ),
            failovers=len(failovers),
            rescued=sum(_failover_outcome(request) == "answered by another region" for request in failovers),
            first_byte_p95_s=percentile(_first_bytes(self._requests), 95),
            breakers_opened=sum(event.event == "breaker_opened" for event in self._log.events),
            without_place=sum(request.error == NO_PLACE for request in self._requests),
            unauthenticated=sum(event.count for event in self._log.events if event.event == "unauthenticated_requests"),
        )

    def traffic(self, target: float) -> Iterator[Plot]:
        """Requests and availability, with its target in percent; 0 is none."""
        yield Plot(
            title=f"Requests per {self.period.step_name}",
            about="By what the client got: an answer, a refusal (4xx), 429, a failure (5xx, or a stream that broke "
            "off); or it left before the end.",
            shape="bars",
            unit="count",
            series=self._amounts(lambda request: [(request.outcome, 1)], names=get_args(Outcome)),
        )
        availability = self._measure("availability", _availability)
        goal = Series(name="target", values=[target] * self.period.count, whole=target)
        yield Plot(
            title="Availability",
            about="Share of the requests that did not fail. Refusals, 429 and clients that left are no failures.",
            shape="lines",
            unit="percent",
            whole="all",
            series=[availability, *([goal] if target and availability.whole is not None else [])],
        )

    def usage_plots(self) -> Iterator[Plot]:
        """Tokens and cost."""
        per = f"per {self.period.step_name}"
        for group in ("project", "model"):
            yield Plot(
                title=f"Tokens by {group} {per}",
                about="Input and output; cached input and reasoning are parts of them.",
                shape="bars",
                unit="count",
                series=self._amounts(_by(group, _all_tokens)),
            )
        for group in ("project", "model"):
            yield Plot(
                title=f"Cost by {group} {per}",
                about="US dollars, of models with a price.",
                shape="bars",
                unit="dollars",
                series=self._amounts(_by(group, self._cost)),
            )

    def latency(self) -> Iterator[Plot]:
        """Of what was answered."""
        for title, about, times in (
            ("Time to the first byte", "Of answered requests, to the client.", _first_bytes),
            ("Time to the last byte", "Of answered requests. Long answers take long: compare like with like.", _times),
        ):
            yield Plot(
                title=title,
                about=about,
                shape="lines",
                unit="seconds",
                whole="all",
                series=self._percentiles("", times),
            )

    def latency_table(self) -> Sequence[Latency]:
        """By route, model and whether the answer is a stream."""
        groups = defaultdict[tuple[str, str, bool], list[Request]](list)
        for request in _answered(self._requests):
            groups[request.route, _group(request, "model"), request.stream].append(request)
        return [
            Latency(
                route=route,
                model=model,
                streamed=streamed,
                requests=len(requests),
                first_byte_p50_s=percentile(_first_bytes(requests), 50),
                first_byte_p95_s=percentile(_first_bytes(requests), 95),
                p50_s=percentile(_times(requests), 50),
                p95_s=percentile(_times(requests), 95),
            )
            for (route, model, streamed), requests in sorted(groups.items())
        ]

    def failures(self) -> Iterator[Plot]:
        """Of Azure, and what became of the requests."""
        per = f"per {self.period.step_name}"
        yield Plot(
            title=f"Failovers {per}",
            about="Requests of which a region failed and another one was called.",
            shape="bars",
            unit="count",
            series=self._amounts(
                lambda request: [(_failover_outcome(request), 1)] if request.failed_over else [],
                names=get_args(FailoverOutcome),
            ),
        )
        yield Plot(
            title=f"Failed calls of Azure by region {per}",
            about="Each call that failed, also if another region answered the request then.",
            shape="bars",
            unit="count",
            series=self._amounts(
                lambda request: [(attempt.upstream, 1) for attempt in request.attempts if attempt.failed]
            ),
        )
        yield Plot(
            title=f"429 of the gateway and of Azure {per}",
            about="The gateway refuses above a project's limits. A client sees Azure's 429 only if no other region "
            "answers, and the wait for Azure's quota of embeddings was too long.",
            shape="bars",
            unit="count",
            series=self._amounts(_limits, names=get_args(Limit)),
        )

    def translation(self, places: int) -> Iterator[Plot]:
        """The load of LiteLLM, which has so many places in a replica."""
        translated = [request for request in self._requests if request.is_translated]
        yield Plot(
            title="Translations at the same time",
            about=f"The most places of LiteLLM that were in use in one replica. There are {places} in each.",
            shape="lines",
            unit="count",
            whole="most",
            series=[self._measure("places in use", _most_places, requests=translated)],
        )
        yield Plot(
            title="What translation adds",
            about="To the time to the first byte: LiteLLM's share, and before it the wait for a place.",
            shape="lines",
            unit="seconds",
            whole="all",
            series=[
                *self._percentiles("LiteLLM's share, ", _translation_times, requests=translated),
                *self._percentiles("wait for a place, ", _queue_times, requests=translated, ranks=(95,)),
            ],
        )

    def _cost(self, request: Request) -> float:
        price = self._prices.get(request.model or "")
        return price.cost(request.tokens) if price and request.tokens else 0.0

    def _usage(self) -> Sequence[Usage]:
        groups = defaultdict[tuple[str, str], list[Request]](list)
        for request in self._requests:
            groups[_group(request, "project"), _group(request, "model")].append(request)
        return [
            Usage(
                project=project,
                model=model,
                requests=len(requests),
                tokens=_sum([request.tokens for request in requests if request.tokens]),
                cost=sum(map(self._cost, requests)) if model in self._prices else None,
            )
            for (project, model), requests in sorted(groups.items())
        ]

    def _amounts(
        self, parts: Callable[[Request], Iterable[tuple[str, float]]], *, names: Collection[str] = ()
    ) -> list[Series]:
        """Sums by name: those of `names`, else the largest ones and the rest as others."""
        sums = defaultdict[str, list[float]](lambda: [0.0] * self.period.count)
        for request in self._requests:
            step = self.period.step_of(request.time)
            for name, amount in parts(request):
                sums[name][step] += amount
        wholes = {name: sum(values) for name, values in sums.items()}
        ranked = sorted((name for name in sums if wholes[name]), key=lambda name: (-wholes[name], name))
        kept = names or (ranked if len(ranked) <= MAX_SERIES else ranked[: MAX_SERIES - 1])
        series = [Series(name=name, values=sums[name], whole=sum(sums[name])) for name in kept]
        if rest := [sums[name] for name in ranked if name not in kept]:
            values = [sum(step) for step in zip(*rest, strict=True)]
            series.append(Series(name=_OTHERS, values=values, whole=sum(values)))
        return series

    def _measure(
        self,
        name: str,
        measure: Callable[[Sequence[Request]], float | None],
        *,
        requests: Sequence[Request] | None = None,
    ) -> Series:
        """A measure of the requests of each step, and of all."""
        requests = self._requests if requests is None else requests
        steps: list[list[Request]] = [[] for _ in range(self.period.count)]
        for request in requests:
            steps[self.period.step_of(request.time)].append(request)
        return Series(name=name, values=list(map(measure, steps)), whole=measure(requests))

    def _percentiles(
        self,
        prefix: str,
        times: Callable[[Sequence[Request]], Sequence[float]],
        *,
        requests: Sequence[Request] | None = None,
        ranks: Sequence[int] = (50, 95),
    ) -> list[Series]:
        def measure(rank: int) -> Callable[[Sequence[Request]], float | None]:
            return lambda some: percentile(times(some), rank)

        return [self._measure(f"{prefix}p{rank}", measure(rank), requests=requests) for rank in ranks]


def percentile(values: Sequence[float], rank: int) -> float | None:
    """The smallest value that `rank` percent of all do not exceed (nearest rank), as KQL's `percentile`."""
    return sorted(values)[math.ceil(len(values) * rank / 100) - 1] if values else None


def _availability(requests: Sequence[Request]) -> float | None:
    """In percent, of the requests that got any response; as queries/availability.kql."""
    responses = [request for request in requests if request.status]
    failed = sum(request.outcome == "failed" for request in responses)
    return 100 * (1 - failed / len(responses)) if responses else None


def _answered(requests: Iterable[Request]) -> Iterator[Request]:
    return (request for request in requests if request.outcome == "answered")


def _first_bytes(requests: Sequence[Request]) -> list[float]:
    times = (request.first_byte_ms for request in _answered(requests))
    return [ms / 1000 for ms in times if ms is not None]


def _times(requests: Sequence[Request]) -> list[float]:
    return [request.ms / 1000 for request in _answered(requests)]


def _translation_times(requests: Sequence[Request]) -> list[float]:
    return [request.litellm_ms / 1000 for request in requests if request.litellm_ms is not None]


def _queue_times(requests: Sequence[Request]) -> list[float]:
    return [request.queued_ms / 1000 for request in requests]


def _most_places(requests: Sequence[Request]) -> float | None:
    return max((request.translations for request in requests if request.translations is not None), default=None)


def _sum(tokens: Iterable[Tokens]) -> Tokens:
    many = list(tokens)
    return Tokens.model_construct(  # a sum may be above what one request can have
        input=sum(each.input for each in many),
        output=sum(each.output for each in many),
        cached=sum(each.cached for each in many),
        reasoning=sum(each.reasoning for each in many),
    )


def _all_tokens(request: Request) -> int:
    return request.tokens.input + request.tokens.output if request.tokens else 0


def _group(request: Request, name: str) -> str:
    """A stored response has no model in its line."""
    return str(getattr(request, name) or _UNKNOWN)


def _by(name: str, amount: Callable[[Request], float]) -> Callable[[Request], list[tuple[str, float]]]:
    return lambda request: [(_group(request, name), amount(request))]


def _failover_outcome(request: Request) -> FailoverOutcome:
    outcomes: Mapping[Outcome, FailoverOutcome] = {"failed": "failed", "429": "failed", "client left": "client left"}
    return outcomes.get(request.outcome, "answered by another region")


def _limits(request: Request) -> Iterator[tuple[Limit, float]]:
    if request.error == _AZURE_REFUSED or any(attempt.status == 429 for attempt in request.attempts):
        yield "Azure's, seen by the client" if request.status == 429 else "Azure's, not seen by the client", 1
    elif request.status == 429:
        yield "the gateway's", 1
