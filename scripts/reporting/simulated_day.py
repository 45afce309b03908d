"""Lines of a day that never was: what a report looks like before there is a log. Always the same.

Three teams at work. In the morning the first region is rate limited, at noon it is down, and in the afternoon LiteLLM
is at its limit.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY = datetime(2026, 11, 30, tzinfo=UTC)
REGIONS = ("swedencentral", "eastus2", "southafricanorth")
PROJECTS = {"search": 5, "mobile": 3, "platform": 2}
CODEX, EMBEDDINGS = "gpt-5.3-codex", "text-embedding-3-large"
PLACES = 100
_REQUESTS_PER_MINUTE = 6.0
_RATE_LIMITED = (9.0, 10.5)
_DOWN = (12.5, 12.9)
_BUSY = (14.5, 16.0)
_HOUR_OF_MOST = 13.5


@dataclass(frozen=True)
class _Route:
    name: str
    model: str
    share: int


_ROUTES = (_Route("responses", CODEX, 45), _Route("chat/completions", CODEX, 35), _Route("embeddings", EMBEDDINGS, 20))


def lines() -> Iterator[str]:
    """The log of the day, in order."""
    chance = random.Random(12)  # noqa: S311 - nothing secret
    number = 0
    for minute in range(24 * 60):
        hour = minute / 60
        expected = _REQUESTS_PER_MINUTE * _load(hour) + 0.15
        for second in sorted(chance.uniform(0, 60) for _ in range(round(chance.gauss(expected, expected**0.5)))):
            number += 1
            yield json.dumps(_request(chance, number, DAY + timedelta(minutes=minute, seconds=second), hour))
        if minute in {int(60 * _RATE_LIMITED[0]), int(60 * _DOWN[0])}:
            opened = {
                "event": "breaker_opened",
                "region": REGIONS[0],
                "model": CODEX,
                "seconds": 10.0,
                "reason": "status",
            }
            yield json.dumps({"time": _written(DAY + timedelta(minutes=minute + 1)), **opened})


def _request(chance: random.Random, number: int, time: datetime, hour: float) -> Mapping[str, object]:
    (route,) = chance.choices(_ROUTES, [route.share for route in _ROUTES])
    (project,) = chance.choices([*PROJECTS], [*PROJECTS.values()])
    is_codex, is_translated = route.model == CODEX, route.name == "chat/completions"
    stream = is_codex and chance.random() < 0.9
    attempts = _attempts(chance, hour)
    status, error = 200, None
    busy = _within(hour, _BUSY) and is_translated
    places = round(min(PLACES, max(1, chance.gauss(PLACES - 3, 4) if busy else chance.gauss(14, 5) * _load(hour))))
    queued = chance.uniform(0, 4000) if busy and places >= PLACES - 2 else 0.0
    if busy and chance.random() < 0.03:
        status, error, attempts = 503, "translation_overloaded", []
    elif project == "mobile" and chance.random() < 0.02:
        status, error, attempts = 429, "tokens_per_minute", []
    elif attempts[-1].get("reason"):
        status, error = (429, "rate_limit_exceeded") if attempts[-1]["status"] == 429 else (503, "upstream_unavailable")
    elif chance.random() < 0.006:
        status, attempts = 400, [{**attempts[-1], "status": 400}]
    elif stream and chance.random() < 0.012:
        error = chance.choice(["client_closed", "client_closed", "upstream_interrupted"])
    first_byte = sum(float(str(attempt["ms"])) for attempt in attempts) + queued + 2
    litellm = chance.lognormvariate(3.2, 0.5) * (4 if busy else 1) if is_translated and attempts else None
    last_byte = first_byte + (litellm or 0) + (chance.lognormvariate(8.6, 0.8) if is_codex and status == 200 else 3)
    return {
        "time": _written(time + timedelta(milliseconds=last_byte)),
        "request_id": f"simulated-{number}",
        "client_request_id": None,
        "client_address": None,
        "project": project,
        "route": route.name,
        "model": route.model,
        "deployment": route.model,
        "key": "primary",
        "stream": stream,
        "status": status,
        "ms": round(last_byte, 1),
        "first_byte_ms": round(first_byte + (litellm or 0), 1),
        "tokens": _tokens(chance, is_codex=is_codex, estimated=error is not None) if status == 200 else None,
        "region": attempts[-1]["upstream"] if attempts and not attempts[-1].get("reason") else None,
        "attempts": attempts,
        "queued_ms": round(queued, 1),
        "litellm_ms": litellm and round(litellm, 1),
        "translations": places if is_translated and attempts else None,
        "merged_events": 0,
        "dropped_fields": 0,
        "error": error,
    }


def _attempts(chance: random.Random, hour: float) -> Sequence[Mapping[str, object]]:
    """Calls of regions by priority, until one answers."""
    made: list[Mapping[str, object]] = []
    for region in REGIONS:
        is_first = region == REGIONS[0]
        if is_first and _within(hour, _RATE_LIMITED) and chance.random() < 0.35:
            made.append({"upstream": region, "status": 429, "reason": "status", "ms": round(chance.uniform(20, 80), 1)})
        elif is_first and _within(hour, _DOWN) and chance.random() < 0.8:
            made.append(
                {
                    "upstream": region,
                    "status": 502,
                    "reason": "ClientConnectorError",
                    "ms": round(chance.uniform(1, 9), 1),
                }
            )
        elif chance.random() < (0.03 if made else 0.002):
            made.append(
                {"upstream": region, "status": 503, "reason": "status", "ms": round(chance.uniform(50, 900), 1)}
            )
        else:
            return [*made, {"upstream": region, "status": 200, "ms": round(chance.lognormvariate(6.6, 0.6), 1)}]
    return made


def _tokens(chance: random.Random, *, is_codex: bool, estimated: bool) -> Mapping[str, object]:
    if not is_codex:
        return {"input": chance.randint(2_000, 30_000), "output": 0, "cached": 0, "reasoning": 0, "estimated": False}
    read, written = round(chance.lognormvariate(9.7, 0.7)), round(chance.lognormvariate(6.6, 0.8))
    cached = 0 if estimated else round(read * chance.betavariate(6, 3))
    reasoning = 0 if estimated else round(written * chance.uniform(0.1, 0.6))
    return {"input": read, "output": written, "cached": cached, "reasoning": reasoning, "estimated": estimated}


def _load(hour: float) -> float:
    """From 0 to 1."""
    return math.exp(-(((hour - _HOUR_OF_MOST) / 3.5) ** 2))


def _within(hour: float, period: tuple[float, float]) -> bool:
    return period[0] <= hour < period[1]


def _written(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
