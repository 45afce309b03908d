"""Faults that a test requested, and what the sink answers because of them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from local.control_plane import NAME_OR_STATUS

Kind = Literal["down", "slow", "206", "307", "308", "400", "401", "402", "403", "429", "439", "500", "503"]
Seconds = Annotated[float, Field(ge=0, le=3600)]


class Fault(BaseModel):
    """A fault as the control port takes it. `count`: to how many requests it applies; -1: to all.

    `down` closes the port for `delay_s`, or until the faults are removed. `slow` answers after `delay_s`. `206` rejects
    every second item with `item_status`. Redirects lead to the same server.
    """

    model_config = ConfigDict(extra="forbid")

    fault: Annotated[Kind, NAME_OR_STATUS]
    count: Annotated[int, Field(ge=-1)] = 1
    delay_s: Seconds | None = None
    retry_after: Seconds | None = None
    item_status: Annotated[int, Field(ge=400, le=599)] = 500


class Faults:
    """The pending faults, oldest first."""

    def __init__(self) -> None:
        self._pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._pending.append(fault)

    def clear(self) -> None:
        self._pending.clear()

    def take(self) -> Fault | None:
        """Return the fault of the next request."""
        if not self._pending:
            return None
        fault = self._pending[0]
        if fault.count > 0:
            fault.count -= 1
        if fault.count == 0:
            self._pending.pop(0)
        return fault
