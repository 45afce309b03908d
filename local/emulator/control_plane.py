"""The control plane: faults, quota and the received requests."""

import json
from typing import TypeVar

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.control_plane import DataListener, control_plane
from local.emulator.data_plane import DataPlane
from local.emulator.faults import Fault
from local.emulator.quota import Limits

_Model = TypeVar("_Model", bound=BaseModel)


def control_plane_app(*, plane: DataPlane, listener: DataListener) -> Starlette:
    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def add_fault(request: Request) -> Response:
        fault = await _read(request, Fault)
        if fault.fault == "refused":
            await listener.refuse(seconds=fault.delay_s)
        else:
            plane.faults.add(fault)
        return _faults()

    async def clear_faults(_: Request) -> Response:
        plane.faults.clear()
        await listener.accept()
        return _faults()

    def _faults() -> Response:
        return JSONResponse([fault.model_dump(exclude_none=True) for fault in plane.faults.pending])

    async def requests(_: Request) -> Response:
        # ASCII: a request may contain half a surrogate pair, which UTF-8 cannot encode.
        return Response(json.dumps(plane.requests.as_json()), media_type="application/json")

    async def clear_requests(_: Request) -> Response:
        plane.requests.clear()
        return JSONResponse([])

    async def set_quota(request: Request) -> Response:
        plane.quota.set(await _read(request, Limits))
        return JSONResponse(plane.quota.limits.model_dump())

    return control_plane(
        ("GET", "/health", health),
        ("POST", "/faults", add_fault),
        ("DELETE", "/faults", clear_faults),
        ("GET", "/requests", requests),
        ("DELETE", "/requests", clear_requests),
        ("PUT", "/quota", set_quota),
    )


async def _read(request: Request, model: type[_Model]) -> _Model:
    return model.model_validate_json(await request.body())
