"""When Container Apps waits for a container, restarts it, and sends it requests.

https://learn.microsoft.com/azure/container-apps/health-probes
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Probe:
    """An HTTP GET of `path`; times in seconds."""

    path: str
    port: int
    initial_delay_s: int
    period_s: int
    timeout_s: int
    failure_threshold: int


@dataclass(frozen=True, kw_only=True)
class Probes:
    """The three questions: has it started, does it live, may it have requests?"""

    startup: Probe
    liveness: Probe
    readiness: Probe


def build_probes(*, port: int, live: str, ready: str, start_s: int) -> Probes:
    """Probes that give a container `start_s` seconds to start; the platform's own default would be a few."""
    period_s = 5
    return Probes(
        startup=Probe(
            path=live,
            port=port,
            initial_delay_s=1,
            period_s=period_s,
            timeout_s=3,
            failure_threshold=-(-start_s // period_s),
        ),
        # A busy event loop is slow, not dead: a minute of silence restarts the container.
        liveness=Probe(path=live, port=port, initial_delay_s=0, period_s=15, timeout_s=10, failure_threshold=4),
        readiness=Probe(path=ready, port=port, initial_delay_s=0, period_s=5, timeout_s=5, failure_threshold=3),
    )
