"""The control port: what was received, and faults. It has no key and listens on loopback only."""

from typing import Protocol

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.telemetry.faults import Fault
from local.telemetry.sink import Sink


class DataListener(Protocol):
    """The listener of the sink, which is closed and opened."""

    async def refuse(self, *, seconds: float | None) -> None: ...

    async def accept(self) -> None: ...


def control_plane_app(*, sink: Sink, listener: DataListener) -> Starlette:
    async def received(_: Request) -> Response:
        return JSONResponse({"items": sink.items, "rejected": sink.rejected, "statuses": sink.statuses})

    async def clear(_: Request) -> Response:
        sink.clear()
        return JSONResponse({})

    async def add_fault(request: Request) -> Response:
        fault = Fault.model_validate_json(await request.body())
        if fault.fault == "down":
            await listener.refuse(seconds=fault.delay_s)
        else:
            sink.faults.add(fault)
        return JSONResponse({})

    async def clear_faults(_: Request) -> Response:
        sink.faults.clear()
        await listener.accept()
        return JSONResponse({})

    return Starlette(
        routes=[
            Route("/received", received, methods=["GET"]),
            Route("/received", clear, methods=["DELETE"]),
            Route("/faults", add_fault, methods=["POST"]),
            Route("/faults", clear_faults, methods=["DELETE"]),
        ],
        exception_handlers={ValidationError: _invalid},
    )


async def _invalid(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=400)
