"""Application Insights: a sink that checks what the gateway sends, and keeps it."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from local.runner.services import serve

CONNECTION_STRING_OF = "${nonsensitive(azurerm_application_insights.gateway.connection_string)}"
"""How a stack refers to the connection string."""


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """The connection string for the gateway, and the address of the sink's control port."""

    connection_string: str
    control_url: str


@contextmanager
def run_telemetry(*, env: Mapping[str, str]) -> Iterator[Telemetry]:
    """Run the sink; `env` is what it verifies tokens with."""
    with serve("telemetry", "local.telemetry", env=env) as addresses:
        yield Telemetry(
            connection_string=f"InstrumentationKey={uuid.uuid4()};IngestionEndpoint={addresses['port']}/",
            control_url=addresses["control_port"],
        )
