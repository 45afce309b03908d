"""The table of faults: what the regions are told to do wrong, and what has to come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .surfaces import SURFACES, TRANSLATED, Surface

LIMIT_S = 1.0  # first_event_s, idle_s and answer_s of the stack
_MIDDLE = {"after_events": 8}  # two announcements, the first real events, and four pieces of text

Orders = Mapping[str, tuple[str, Mapping[str, object]]]
"""What each region is told: a fault and its options, as the emulator's README has them."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the client sees, which regions are asked and how the log calls their answers, and what else it says.

    `hangs`: how many limits of time have to run out on the way.
    """

    client: str = "the answer"
    asked: tuple[tuple[str, int], ...]
    status: int = 200
    error: str | None = None
    hangs: int = 0

    @property
    def region(self) -> str | None:
        """The region that answered."""
        last, status = self.asked[-1]
        return last if status < 500 and status != 429 else None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What fails, and what has to come of it.

    `streamed`: where streams fare otherwise; `azures_words`: what the client sees where Azure's own error reaches it.
    """

    name: str
    orders: Orders
    whole: Expected
    streamed: Expected | None = None
    azures_words: Mapping[str, str] = field(default_factory=dict)
    through_litellm: bool = False
    embeddings: bool = True

    def expected(self, surface: Surface) -> Expected:
        """What has to come of it on this surface."""
        expected = self.streamed if surface.streamed and self.streamed else self.whole
        return replace(expected, client=self.azures_words.get(surface.name, expected.client))


def _first(fault: str, **options: object) -> Orders:
    return {"first": (fault, options)}


def _all(fault: str, **options: object) -> Orders:
    return {"first": (fault, options), "second": (fault, options), "third": (fault, options)}


def _moves_on(status: int, *, hangs: int = 0) -> Expected:
    return Expected(asked=(("first", status), ("second", 200)), hangs=hangs)


def _exhausted(*statuses: int, hangs: int = 0) -> Expected:
    return Expected(
        client="InternalServerError 503 upstream_unavailable",
        asked=tuple(zip(("first", "second", "third"), statuses, strict=True)),
        status=503,
        error="upstream_unavailable",
        hangs=hangs,
    )


def _interrupted(*, hangs: int = 0) -> Expected:
    return Expected(
        client="a part, then APIError upstream_interrupted",
        asked=(("first", 200),),
        error="upstream_interrupted",
        hangs=hangs,
    )


FAULTS = (
    Fault(name="429", orders=_first("429"), whole=_moves_on(429)),
    Fault(name="429 with Retry-After", orders=_first("429", retry_after=30), whole=_moves_on(429)),
    Fault(name="500", orders=_first("500"), whole=_moves_on(500), through_litellm=True),
    Fault(name="503", orders=_first("503"), whole=_moves_on(503)),
    Fault(name="408", orders=_first("408"), whole=_moves_on(408)),
    Fault(
        name="hang before headers",
        orders=_first("hang_before_headers"),
        whole=_moves_on(504, hangs=1),
        through_litellm=True,
    ),
    Fault(name="hang before the first event", orders=_first("hang_before_first_event"), whole=_moves_on(504, hangs=1)),
    Fault(name="slow first token", orders=_first("slow_first_token", delay_s=5), whole=_moves_on(504, hangs=1)),
    Fault(
        name="slow first token, in time",
        orders=_first("slow_first_token", delay_s=0.3),
        whole=Expected(asked=(("first", 200),)),
    ),
    Fault(name="connection refused", orders=_first("refused"), whole=_moves_on(502)),
    Fault(name="reset", orders=_first("reset"), whole=_moves_on(502), through_litellm=True),
    Fault(name="malformed JSON", orders=_first("malformed_json"), whole=_moves_on(502)),
    Fault(name="wrong content type", orders=_first("wrong_content_type"), whole=_moves_on(502)),
    Fault(name="end before the first event", orders=_first("cut_mid_stream", after_events=0), whole=_moves_on(502)),
    Fault(
        name="error event before the first",
        orders=_first("error_event", after_events=2),
        whole=_moves_on(500),
        streamed=_moves_on(502),
    ),
    Fault(
        name="cut mid-stream",
        orders=_first("cut_mid_stream", **_MIDDLE),
        whole=_moves_on(502),
        streamed=_interrupted(),
        through_litellm=True,
    ),
    Fault(
        name="stall mid-stream",
        orders=_first("stall_mid_stream", **_MIDDLE),
        whole=_moves_on(504, hangs=1),
        streamed=_interrupted(hangs=1),
    ),
    Fault(
        name="error event mid-stream",
        orders=_first("error_event", **_MIDDLE),
        whole=_moves_on(500),
        streamed=_interrupted(),
        azures_words={
            "streamed responses": "a part, then APIError server_error",
            "streamed chat": "a part, then APIError",
        },
    ),
    Fault(
        name="malformed event mid-stream",
        orders=_first("malformed_json", **_MIDDLE),
        whole=_moves_on(502),
        streamed=_interrupted(),
    ),
    Fault(
        name="two regions down",
        orders={"first": ("500", {}), "second": ("reset", {})},
        whole=Expected(asked=(("first", 500), ("second", 502), ("third", 200))),
    ),
    Fault(name="all regions: 500", orders=_all("500"), whole=_exhausted(500, 500, 500), through_litellm=True),
    Fault(name="all regions: connection refused", orders=_all("refused"), whole=_exhausted(502, 502, 502)),
    Fault(name="all regions: hang", orders=_all("hang_before_headers"), whole=_exhausted(504, 504, 504, hangs=3)),
    Fault(
        name="all regions: 429 with Retry-After",
        orders=_all("429", retry_after=30),
        whole=Expected(
            client="RateLimitError 429 rate_limit_exceeded with Retry-After",
            asked=(("first", 429), ("second", 429), ("third", 429)),
            status=429,
            error="rate_limit_exceeded",
        ),
        through_litellm=True,
    ),
    Fault(
        name="all regions: 429, 500, reset",
        orders={"first": ("429", {}), "second": ("500", {}), "third": ("reset", {})},
        whole=_exhausted(429, 500, 502),
        embeddings=False,  # they wait for the one that has asked for it, and ask all of them again and again
    ),
    Fault(
        name="all regions: 500, reset, hang",
        orders={"first": ("500", {}), "second": ("reset", {}), "third": ("hang_before_headers", {})},
        whole=_exhausted(500, 502, 504, hangs=1),
    ),
)

MATRIX = [
    (fault, surface)
    for fault in FAULTS
    for surface in (*SURFACES, *(TRANSLATED if fault.through_litellm else ()))
    if fault.embeddings or surface.route != "embeddings"
]

# Further rows of the table, each with a test of its own.
RECOVERY = "a region is down for a while"
FLAPPING = "two regions take turns in failing"
LOADING = "LiteLLM still loads"
HUNG = "LiteLLM hangs"
KILLED = "LiteLLM is dead"
ALL_ROWS = [
    *((fault.name, surface.name) for fault, surface in MATRIX),
    *((name, surface.name) for name in (RECOVERY, FLAPPING) for surface in SURFACES),
    *((name, surface.name) for name in (LOADING, HUNG, KILLED) for surface in (*SURFACES, *TRANSLATED)),
]
