"""The control port of the identity endpoint. It has no key and listens on loopback only."""

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.emulator.listener import Listener
from local.identity.endpoint import Behaviour, IdentityEndpoint, Issuer


def control_app(*, endpoint: IdentityEndpoint, issuer: Issuer, listener: Listener) -> Starlette:
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

    async def invalid(_: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, status_code=400)

    return Starlette(
        routes=[
            Route("/behaviour", behave, methods=["PUT"]),
            Route("/requests", requests, methods=["GET"]),
            Route("/requests", clear_requests, methods=["DELETE"]),
        ],
        exception_handlers={ValidationError: invalid},
    )
