"""Faults that a test requested, and to which request each of them applies."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from local.control_plane import NAME_OR_STATUS

Surface = Literal["responses", "embeddings", "chat", "other"]
Kind = Literal[
    "429", "500", "503", "408", "hang_before_headers", "hang_before_first_event", "slow_first_token", "refused",
    "reset", "malformed_json", "wrong_content_type", "cut_mid_stream", "stall_mid_stream", "error_event",
]  # fmt: skip
Seconds = Annotated[float, Field(ge=0, le=3600)]


class Fault(BaseModel):
    """A fault as the control plane takes it. `count`: to how many requests it applies; -1: to all, until it is removed.

    `match`: only to requests whose body contains this text. `after_events`: the number of events sent before it.
    `delay_s`: how long it waits; without it a hang lasts until the client disconnects.
    `refused` closes the port to all clients: `count`, `surface` and `match` have no effect.
    """

    model_config = ConfigDict(extra="forbid")

    fault: Annotated[Kind, NAME_OR_STATUS]
    count: Annotated[int, Field(ge=-1)] = 1
    surface: Literal["responses", "embeddings", "chat", "any"] = "any"
    retry_after: Seconds | None = None
    retry_after_ms: Annotated[int, Field(ge=0)] | None = None
    delay_s: Seconds | None = None
    after_events: Annotated[int, Field(ge=0)] | None = None
    match: str | None = None

    @property
    def retry_headers(self) -> dict[str, str]:
        headers = {}
        if self.retry_after is not None:
            headers["Retry-After"] = f"{self.retry_after:g}"
        if self.retry_after_ms is not None:
            headers["retry-after-ms"] = str(self.retry_after_ms)
        return headers


class Faults:
    """The pending faults, oldest first; the first that matches applies to a request."""

    def __init__(self) -> None:
        self._pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._pending.append(fault)

    def clear(self) -> None:
        self._pending.clear()

    @property
    def pending(self) -> tuple[Fault, ...]:
        return tuple(self._pending)

    def take(self, *, surface: Surface, body: bytes) -> Fault | None:
        for fault in self._pending:
            if fault.surface not in ("any", surface):
                continue
            if fault.match is not None and fault.match.encode() not in body:
                continue
            self._use(fault)
            return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.count > 0:
            fault.count -= 1
        if fault.count == 0:
            self._pending.remove(fault)
