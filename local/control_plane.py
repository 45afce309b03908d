"""What the control planes share: a test sets faults there and reads what was received."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from pydantic import BeforeValidator, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

NAME_OR_STATUS = BeforeValidator(lambda name: str(name) if isinstance(name, int) else name)
"""A fault's name, which may be a status as a number."""


class DataListener(Protocol):
    """The listener beside the control plane's own, which is closed and opened."""

    async def refuse(self, *, seconds: float | None) -> None: ...

    async def accept(self) -> None: ...


def control_plane(*routes: tuple[str, str, Callable[[Request], Awaitable[Response]]]) -> Starlette:
    """The app of these methods, paths and handlers. It has no key and belongs on loopback only."""
    return Starlette(
        routes=[Route(path, handler, methods=[method]) for method, path, handler in routes],
        exception_handlers={ValidationError: _invalid},
    )


async def _invalid(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=400)
