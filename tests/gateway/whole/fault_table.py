"""The faults of the emulated regions, and what each must lead to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .surfaces import ANSWER, SURFACES, TRANSLATED, Surface

LIMIT_S = 1.0  # first_event_s, idle_s and answer_s of the stack
_MIDDLE = {"after_events": 20}  # the announcements, a summary of reasoning, and some text

RegionFaults = Mapping[str, tuple[str, Mapping[str, object]]]
"""By region: a fault and its options, as the emulator's README lists them."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the client sees, and which regions are called, with the statuses in the log.

    `status` and `error` are those of the log's line. `timeouts`: how many attempts run into `LIMIT_S`.
    """

    client: str = ANSWER
    attempts: tuple[tuple[str, int], ...]
    status: int = 200
    error: str | None = None
    timeouts: int = 0

    @property
    def region(self) -> str | None:
        """The region that answered."""
        last, status = self.attempts[-1]
        return last if status < 500 and status != 429 else None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What fails, and what it must lead to.

    `streamed`: for streams, where they differ. `client`: by surface, what the client sees where it differs.
    """

    name: str
    regions: RegionFaults
    whole: Expected
    streamed: Expected | None = None
    client: Mapping[str, str] = field(default_factory=dict)
    through_litellm: bool = False
    embeddings: bool = True

    @property
    def surfaces(self) -> tuple[Surface, ...]:
        """The surfaces on which it is tested."""
        surfaces = (*SURFACES, *(TRANSLATED if self.through_litellm else ()))
        return tuple(surface for surface in surfaces if self.embeddings or surface.route != "embeddings")

    def expected(self, surface: Surface) -> Expected:
        """What it must lead to on this surface."""
        expected = self.streamed if surface.streamed and self.streamed else self.whole
        return replace(expected, client=self.client.get(surface.name, expected.client))


def _first(fault: str, **options: object) -> RegionFaults:
    return {"first": (fault, options)}


def _all(fault: str, **options: object) -> RegionFaults:
    return {"first": (fault, options), "second": (fault, options), "third": (fault, options)}


def _moves_on(status: int, *, timeouts: int = 0) -> Expected:
    return Expected(attempts=(("first", status), ("second", 200)), timeouts=timeouts)


def _exhausted(*statuses: int, timeouts: int = 0) -> Expected:
    return Expected(
        client="InternalServerError 503 upstream_unavailable",
        attempts=tuple(zip(("first", "second", "third"), statuses, strict=True)),
        status=503,
        error="upstream_unavailable",
        timeouts=timeouts,
    )


def _interrupted(*, timeouts: int = 0) -> Expected:
    return Expected(
        client="a part, then APIError upstream_interrupted",
        attempts=(("first", 200),),
        error="upstream_interrupted",
        timeouts=timeouts,
    )


FAULTS = (
    Fault(name="429", regions=_first("429"), whole=_moves_on(429)),
    Fault(name="429 with Retry-After", regions=_first("429", retry_after=30), whole=_moves_on(429)),
    Fault(name="500", regions=_first("500"), whole=_moves_on(500), through_litellm=True),
    Fault(name="503", regions=_first("503"), whole=_moves_on(503)),
    Fault(name="408", regions=_first("408"), whole=_moves_on(408)),
    Fault(
        name="hang before headers",
        regions=_first("hang_before_headers"),
        whole=_moves_on(504, timeouts=1),
        through_litellm=True,
    ),
    Fault(
        name="hang before the first event", regions=_first("hang_before_first_event"), whole=_moves_on(504, timeouts=1)
    ),
    Fault(name="slow first token", regions=_first("slow_first_token", delay_s=5), whole=_moves_on(504, timeouts=1)),
    Fault(
        name="slow first token, in time",
        regions=_first("slow_first_token", delay_s=0.3),
        whole=Expected(attempts=(("first", 200),)),
    ),
    Fault(name="connection refused", regions=_first("refused"), whole=_moves_on(502)),
    Fault(name="reset", regions=_first("reset"), whole=_moves_on(502), through_litellm=True),
    Fault(name="malformed JSON", regions=_first("malformed_json"), whole=_moves_on(502)),
    Fault(name="wrong content type", regions=_first("wrong_content_type"), whole=_moves_on(502)),
    Fault(name="end before the first event", regions=_first("cut_mid_stream", after_events=0), whole=_moves_on(502)),
    Fault(
        name="error event before the first",
        regions=_first("error_event", after_events=2),
        whole=_moves_on(500),
        streamed=_moves_on(502),
    ),
    Fault(
        name="cut mid-stream",
        regions=_first("cut_mid_stream", **_MIDDLE),
        whole=_moves_on(502),
        streamed=_interrupted(),
        through_litellm=True,
    ),
    Fault(
        name="stall mid-stream",
        regions=_first("stall_mid_stream", **_MIDDLE),
        whole=_moves_on(504, timeouts=1),
        streamed=_interrupted(timeouts=1),
    ),
    Fault(
        name="error event mid-stream",
        regions=_first("error_event", **_MIDDLE),
        whole=_moves_on(500),
        streamed=_interrupted(),
        client={
            "streamed responses": "a part, then APIError server_error",
            "streamed chat": "a part, then APIError",
        },
    ),
    Fault(
        name="malformed event mid-stream",
        regions=_first("malformed_json", **_MIDDLE),
        whole=_moves_on(502),
        streamed=_interrupted(),
    ),
    Fault(
        name="two regions down",
        regions={"first": ("500", {}), "second": ("reset", {})},
        whole=Expected(attempts=(("first", 500), ("second", 502), ("third", 200))),
    ),
    Fault(name="all regions: 500", regions=_all("500"), whole=_exhausted(500, 500, 500), through_litellm=True),
    Fault(name="all regions: connection refused", regions=_all("refused"), whole=_exhausted(502, 502, 502)),
    Fault(name="all regions: hang", regions=_all("hang_before_headers"), whole=_exhausted(504, 504, 504, timeouts=3)),
    Fault(
        name="all regions: 429 with Retry-After",
        regions=_all("429", retry_after=30),
        whole=Expected(
            client="RateLimitError 429 rate_limit_exceeded with Retry-After",
            attempts=(("first", 429), ("second", 429), ("third", 429)),
            status=429,
            error="rate_limit_exceeded",
        ),
        through_litellm=True,
    ),
    Fault(
        name="all regions: 429, 500, reset",
        regions={"first": ("429", {}), "second": ("500", {}), "third": ("reset", {})},
        whole=_exhausted(429, 500, 502),
        embeddings=False,  # they wait for the rate-limited region and ask all of them again
    ),
    Fault(
        name="all regions: 500, reset, hang",
        regions={"first": ("500", {}), "second": ("reset", {}), "third": ("hang_before_headers", {})},
        whole=_exhausted(500, 502, 504, timeouts=1),
    ),
)

# Further rows of the table, each with a test of its own.
RECOVERY = "a region is down for a while"
FLAPPING = "two regions take turns in failing"
LOADING = "LiteLLM still loads"
HUNG = "LiteLLM hangs"
KILLED = "LiteLLM is dead"
ALL_ROWS = [
    *((fault.name, surface.name) for fault in FAULTS for surface in fault.surfaces),
    *((name, surface.name) for name in (RECOVERY, FLAPPING) for surface in SURFACES),
    *((name, surface.name) for name in (LOADING, HUNG, KILLED) for surface in (*SURFACES, *TRANSLATED)),
]
