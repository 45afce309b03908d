"""Azure's refusals: Resource Manager and Key Vault have the same form, Blob Storage has one of its own."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class AzureError(Exception):
    """A refusal with Azure's code, on which clients decide, and its message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


def not_found(what: str) -> AzureError:
    return AzureError(404, "ResourceNotFound", f"The Resource '{what}' was not found.")


async def answer_error(_: Request, error: Exception) -> Response:
    """For an app's `exception_handlers`."""
    if not isinstance(error, AzureError):
        raise error
    headers = {"x-ms-error-code": error.code}
    return JSONResponse({"error": {"code": error.code, "message": error.message}}, error.status, headers)
