"""What is sent to Application Insights about requests: metrics each minute, and a part of the requests as traces."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp

from ..access_log import LogEvent
from ..configuration import Configuration
from ..context import RequestContext
from ..upstream.managed_identity import ManagedIdentity
from .envelopes import EnvelopeBuilder
from .exporter import MAX_QUEUED, Exporter
from .ingestion import Ingestion, parse_connection_string
from .metrics import Metrics
from .trace_context import is_sampled

_MINUTE_S = 60.0
_SHARE_OF_GRACE_PERIOD = 0.03


class Telemetry:
    """Gets each request at its end."""

    def __init__(self, *, builder: EnvelopeBuilder, exporter: Exporter, sampling_percent: float) -> None:
        self._builder = builder
        self._exporter = exporter
        self._sampling_percent = sampling_percent
        self._metrics = Metrics()
        self._begun = datetime.now(UTC)

    def record(self, context: RequestContext) -> None:
        """Count a request, and send it if its trace is sampled."""
        self._metrics.add(context)
        trace = context.trace
        if trace and is_sampled(trace.trace_id, self._sampling_percent):
            self._exporter.add(self._builder.trace(context, trace))

    def end_minute(self) -> None:
        """Send the metrics."""
        begun, self._begun = self._begun, datetime.now(UTC)
        metrics = (self._builder.metric(*metric, begun=begun) for metric in self._metrics.take())
        self._exporter.add(metrics, limit=2 * MAX_QUEUED)

    async def run(self) -> None:
        """End each minute, until it is cancelled."""
        while True:
            await asyncio.sleep(_MINUTE_S)
            self.end_minute()


@asynccontextmanager
async def open_telemetry(configuration: Configuration, *, log_event: LogEvent) -> AsyncIterator[Telemetry | None]:
    """Open the telemetry of this replica; None: there is no Application Insights."""
    settings = configuration.telemetry
    if settings is None:
        yield None
        return
    connection = parse_connection_string(settings.connection_string)
    identity = ManagedIdentity(client_id=configuration.azure_client_id, scope=connection.scope, log_event=log_event)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        ingestion = Ingestion(endpoint=connection.ingestion_endpoint, session=session, token=identity.token)
        exporter = Exporter(send=ingestion.send, log_event=log_event)
        builder = EnvelopeBuilder(
            instrumentation_key=connection.instrumentation_key,
            app=settings.app,
            replica=socket.gethostname(),
            sampling_percent=settings.sampling_percent,
        )
        telemetry = Telemetry(builder=builder, exporter=exporter, sampling_percent=settings.sampling_percent)
        minutes = asyncio.create_task(telemetry.run())
        try:
            yield telemetry
        finally:
            minutes.cancel()
            telemetry.end_minute()
            await exporter.close(within_s=configuration.timeouts.total_s * _SHARE_OF_GRACE_PERIOD)
            await identity.close()
