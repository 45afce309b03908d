"""Faults of timing and of the connection, as points in the sending of an answer."""

from dataclasses import dataclass

from local.emulator.answers import Answer
from local.emulator.faults import Fault

_SLOW_S = 5.0


@dataclass(frozen=True, kw_only=True)
class SendingFaults:
    """Waits are in seconds, None: for ever. `pause_at` and `cut_at`: the number of parts sent before."""

    headers_after_s: float | None = 0.0
    reset: bool = False
    pause_at: int | None = None
    pause_s: float | None = None
    cut_at: int | None = None


def sending_faults(answer: Answer, *, fault: Fault | None) -> SendingFaults:
    """An answer that is not streamed is sent in two halves, so that it has a middle, too."""
    if fault is None:
        return SendingFaults()
    streamed = answer.events is not None
    middle = 1
    if streamed:
        middle = answer.opening + 2 if fault.after_events is None else fault.after_events
    match fault.fault:
        case "hang_before_headers":
            return SendingFaults(headers_after_s=fault.delay_s)
        case "hang_before_first_event":
            return SendingFaults(pause_at=0, pause_s=fault.delay_s)
        case "slow_first_token":
            delay_s = _SLOW_S if fault.delay_s is None else fault.delay_s
            if not streamed:
                return SendingFaults(headers_after_s=delay_s)
            first = answer.opening if fault.after_events is None else fault.after_events
            return SendingFaults(pause_at=first, pause_s=delay_s)
        case "stall_mid_stream":
            return SendingFaults(pause_at=middle, pause_s=fault.delay_s)
        case "cut_mid_stream":
            return SendingFaults(headers_after_s=fault.delay_s or 0.0, cut_at=middle)
        case kind:
            return SendingFaults(headers_after_s=fault.delay_s or 0.0, reset=kind == "reset")
