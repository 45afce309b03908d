"""The control plane: how the endpoint behaves, and what was asked of it."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.control_plane import DataListener, control_plane
from local.identity.endpoint import Behaviour, IdentityEndpoint, Issuer


def control_plane_app(*, endpoint: IdentityEndpoint, issuer: Issuer, listener: DataListener) -> Starlette:
    async def behave(request: Request) -> Response:
        behaviour = Behaviour.model_validate_json(await request.body() or b"{}")
        issuer.behave(behaviour)
        if behaviour.fault == "down":
            await listener.refuse(seconds=None)
        else:
            await listener.accept()
        return JSONResponse(behaviour.model_dump())

    async def requests(_: Request) -> Response:
        return JSONResponse(endpoint.requests)

    async def clear_requests(_: Request) -> Response:
        endpoint.requests.clear()
        return JSONResponse([])

    return control_plane(
        ("PUT", "/behaviour", behave),
        ("GET", "/requests", requests),
        ("DELETE", "/requests", clear_requests),
    )
