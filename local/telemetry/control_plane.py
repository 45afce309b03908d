"""The control plane: what was received, and faults."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.control_plane import DataListener, control_plane
from local.telemetry.faults import Fault
from local.telemetry.sink import Sink


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

    return control_plane(
        ("GET", "/received", received),
        ("DELETE", "/received", clear),
        ("POST", "/faults", add_fault),
        ("DELETE", "/faults", clear_faults),
    )
