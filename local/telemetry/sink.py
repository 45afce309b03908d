"""The Track API: checks authentication and format, keeps what is valid, and answers as Azure does."""

import asyncio
import gzip
import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.telemetry.faults import Fault, Faults
from local.telemetry.item_format import check_item

_MAX_ITEMS = 100_000
_MAX_BODY_BYTES = 4 * 2**20
_MAX_ITEM_BYTES = 64 * 2**10
_SLOW_S = 5.0
PATH = "/v2.1/track"

CheckToken = Callable[[Mapping[str, str]], tuple[int, str] | None]
"""Returns status and message of a refusal of the authentication in these headers, or None."""


class Sink:
    """What it received: `items` are valid, `rejected` tells what was wrong, `statuses` has the answers in order."""

    def __init__(self, *, check_token: CheckToken) -> None:
        self._check_token = check_token
        self.faults = Faults()
        self.items: list[dict[str, Any]] = []
        self.rejected: list[dict[str, Any]] = []
        self.statuses: list[int] = []

    def app(self) -> Starlette:
        return Starlette(routes=[Route(PATH, self._track, methods=["POST"])])

    def clear(self) -> None:
        for kept in (self.items, self.rejected, self.statuses):
            kept.clear()

    async def _track(self, request: Request) -> Response:
        body, fault = await request.body(), self.faults.take()
        response = await self._answer(request, body, fault)
        self.statuses.append(response.status_code)
        return response

    async def _answer(self, request: Request, body: bytes, fault: Fault | None) -> Response:
        if refused := self._check_token(request.headers):
            self.rejected.append({"error": refused[1]})
            return _refusal(*refused)
        if fault and fault.fault == "slow":
            await asyncio.sleep(_SLOW_S if fault.delay_s is None else fault.delay_s)
        elif fault and fault.fault != "206":
            return _fault(fault)
        try:
            items = _read(request.headers, body)
        except ValueError as error:
            self.rejected.append({"error": str(error)})
            return _refusal(400, str(error))
        return self._take(items, fault if fault and fault.fault == "206" else None)

    def _take(self, items: list[Any], fault: Fault | None) -> Response:
        errors = []
        for index, item in enumerate(items):
            if fault and index % 2:
                errors.append({"index": index, "statusCode": fault.item_status, "message": "as requested"})
            elif wrong := _check(item):
                errors.append({"index": index, "statusCode": 400, "message": wrong})
                self.rejected.append({"error": wrong, "item": item})
            else:
                self.items.append(item)
        del self.items[:-_MAX_ITEMS]
        status = 200 if not errors else 206 if len(errors) < len(items) else 400
        return JSONResponse(
            {"itemsReceived": len(items), "itemsAccepted": len(items) - len(errors), "errors": errors}, status
        )


def _check(item: object) -> str | None:
    size = len(json.dumps(item))
    return check_item(item) if size <= _MAX_ITEM_BYTES else f"the item has {size} bytes; at most {_MAX_ITEM_BYTES}"


def _read(headers: Mapping[str, str], body: bytes) -> list[Any]:
    if headers.get("content-type") != "application/json":
        raise ValueError("the content-type must be application/json")
    if headers.get("content-encoding") == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError) as error:
            raise ValueError("the body is not gzip") from error
    if len(body) > _MAX_BODY_BYTES:
        raise ValueError(f"the body has {len(body)} bytes; at most {_MAX_BODY_BYTES}")
    items = json.loads(body)
    if not isinstance(items, list) or not items:
        raise ValueError("the body must be a list of items")
    return items


def _fault(fault: Fault) -> Response:
    status = int(fault.fault)
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    if status in (307, 308):
        headers["Location"] = f"{PATH}?redirected"
    return _refusal(status, "as requested", headers)


def _refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    body = {"itemsReceived": 0, "itemsAccepted": 0, "errors": [{"index": 0, "statusCode": status, "message": message}]}
    return JSONResponse(body, status, headers)
