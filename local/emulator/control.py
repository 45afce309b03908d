"""The control plane: faults, quota and what was received. It has no key: loopback only."""

import json
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.emulator.faults import Fault
from local.emulator.plane import DataPlane
from local.emulator.quota import Limits

_Model = TypeVar("_Model", bound=BaseModel)


class Door(Protocol):
    """The listener of the data plane, which can be closed and opened while the control plane lives."""

    async def refuse(self, *, seconds: float | None) -> None: ...

    async def accept(self) -> None: ...


def control_app(*, plane: DataPlane, listener: Door) -> Starlette:
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
        return JSONResponse([fault.model_dump(exclude_none=True) for fault in plane.faults.standing])

    async def requests(_: Request) -> Response:
        # In ASCII: a request may hold half a surrogate pair, which UTF-8 cannot carry.
        return Response(json.dumps(plane.records.as_json()), media_type="application/json")

    async def forget_requests(_: Request) -> Response:
        plane.records.clear()
        return JSONResponse([])

    async def set_quota(request: Request) -> Response:
        plane.quota.set(await _read(request, Limits))
        return JSONResponse(plane.quota.limits.model_dump())

    routes: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
        ("GET", "/health", health),
        ("POST", "/faults", add_fault),
        ("DELETE", "/faults", clear_faults),
        ("GET", "/requests", requests),
        ("DELETE", "/requests", forget_requests),
        ("PUT", "/quota", set_quota),
    ]
    return Starlette(
        routes=[Route(path, endpoint, methods=[method]) for method, path, endpoint in routes],
        exception_handlers={ValidationError: _explain},
    )


async def _read(request: Request, model: type[_Model]) -> _Model:
    return model.model_validate_json(await request.body())


async def _explain(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=400)
