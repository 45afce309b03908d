"""What follows `/responses/{id}`: a stored response read, streamed, cancelled or deleted, and its input items.

Source: https://platform.openai.com/docs/api-reference/responses
"""

from collections.abc import Callable
from itertools import islice

from starlette.datastructures import QueryParams

from local.emulator import azure_errors, response_stream
from local.emulator.answers import Answer, whole
from local.emulator.json_codec import JsonObject
from local.emulator.response_store import ResponseStore

_INCLUDE = {"include", "include[]"}
_OF_READING = _INCLUDE | {"stream", "starting_after", "include_obfuscation"}
_OF_LISTING = _INCLUDE | {"limit", "order", "after"}
_DEFAULT_LIMIT, _MOST_ITEMS = 20, 100

StoredOperation = Callable[[str, QueryParams], Answer]


class StoredOperations:
    """Each takes the id and the query without `api-version`."""

    def __init__(self, store: ResponseStore) -> None:
        self._store = store

    def get(self, response_id: str, query: QueryParams) -> Answer:
        """AzureError unless it exists and, for a stream, is a background response."""
        _check(query, _OF_READING)
        if query.get("stream") != "true":
            return whole(self._store.get(response_id))
        if not self._store.get(response_id)["background"]:
            raise azure_errors.model_error(
                message="This response can't be streamed because it is not a background response.", param="stream"
            )
        response = self._store.end(response_id)
        padded = query.get("include_obfuscation") != "false"
        events = response_stream.events(response, padded=padded)
        first = int(query["starting_after"]) + 1 if "starting_after" in query else 0
        return Answer(events=islice(events, first, None), error_event=response_stream.error_event)

    def delete(self, response_id: str, query: QueryParams) -> Answer:
        _check(query, set())
        return whole(self._store.delete(response_id))

    def cancel(self, response_id: str, query: QueryParams) -> Answer:
        _check(query, set())
        return whole(self._store.cancel(response_id))

    def input_items(self, response_id: str, query: QueryParams) -> Answer:
        """The newest first, unless `order` is `asc`."""
        _check(query, _OF_LISTING)
        limit, order = query.get("limit", str(_DEFAULT_LIMIT)), query.get("order", "desc")
        if not limit.isdigit() or not 1 <= int(limit) <= _MOST_ITEMS:
            raise azure_errors.wrong_value(param="limit", value=limit, supported=f"1 to {_MOST_ITEMS}")
        if order not in ("asc", "desc"):
            raise azure_errors.wrong_value(param="order", value=order, supported="'asc' and 'desc'")
        items = self._store.input_items(response_id)[:: 1 if order == "asc" else -1]
        ids = [item["id"] for item in items]
        begin = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
        page = items[begin : begin + int(limit)]
        return whole(_list(page, has_more=begin + len(page) < len(items)))


def _list(items: list[JsonObject], *, has_more: bool) -> JsonObject:
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {"first_id": None, "last_id": None}
    return {"object": "list", "data": items, **ends, "has_more": has_more}


def _check(query: QueryParams, known: set[str]) -> None:
    for name in query:
        if name not in known:
            raise azure_errors.unknown(name)
