"""Stored responses (`store`), limited in number: the oldest are removed first.

A background response goes on each time it is fetched: `queued` when created, then `in_progress`, then finished.
"""

from collections import OrderedDict
from collections.abc import Sequence

from local.emulator import azure_errors
from local.emulator.json_codec import JsonObject
from local.emulator.response_object import unfinished

_MAX_RESPONSES = 2000
_MAX_ID_LENGTH = 64


class ResponseStore:
    """Responses by id."""

    def __init__(self) -> None:
        self._responses: OrderedDict[str, JsonObject] = OrderedDict()
        self._results: dict[str, JsonObject] = {}
        self._inputs: dict[str, list[JsonObject]] = {}

    def add(self, response: JsonObject, *, input_items: Sequence[JsonObject] = ()) -> None:
        self._responses[response["id"]] = response
        self._inputs[response["id"]] = list(input_items)
        while len(self._responses) > _MAX_RESPONSES:
            response_id, _ = self._responses.popitem(last=False)
            self._results.pop(response_id, None)
            del self._inputs[response_id]

    def queue(self, response: JsonObject, *, input_items: Sequence[JsonObject] = ()) -> JsonObject:
        """Add the response of a background request; it as it is now."""
        queued = unfinished(response, status="queued")
        self.add(queued, input_items=input_items)
        self._results[response["id"]] = response
        return queued

    def get(self, response_id: str) -> JsonObject:
        response = self._find(response_id)
        if response_id in self._results:
            is_queued = response["status"] == "queued"
            response = {**response, "status": "in_progress"} if is_queued else self._results.pop(response_id)
            self._responses[response_id] = response
        return response

    def end(self, response_id: str) -> JsonObject:
        """A response whose stream is read, which goes on until it has ended."""
        response = self._results.pop(response_id, None) or self._find(response_id)
        self._responses[response_id] = response
        return response

    def input_items(self, response_id: str) -> list[JsonObject]:
        """What the response was an answer to, in order."""
        self._find(response_id)
        return self._inputs[response_id]

    def cancel(self, response_id: str) -> JsonObject:
        """A response that has ended stays as it is."""
        response = self._find(response_id)
        if not response["background"]:
            raise azure_errors.model_error(message="Cannot cancel a synchronous response.")
        if self._results.pop(response_id, None):
            self._responses[response_id] = {**response, "status": "cancelled"}
        return self._responses[response_id]

    def _find(self, response_id: str) -> JsonObject:
        response = self._responses.get(response_id)
        if response is None:
            raise azure_errors.model_error(
                status=404, message=f"Response with id '{response_id}' not found.", param="id"
            )
        return response

    def delete(self, response_id: str) -> JsonObject:
        self._find(response_id)
        del self._responses[response_id], self._inputs[response_id]
        self._results.pop(response_id, None)
        return {"id": response_id, "object": "response.deleted", "deleted": True}

    def previous(self, response_id: str) -> JsonObject:
        """The response of `previous_response_id`; AzureError when it does not exist."""
        param = "previous_response_id"
        if not response_id.startswith("resp"):
            raise azure_errors.model_error(
                message=f"Invalid '{param}': '{response_id}'. Expected an ID that begins with 'resp'.",
                param=param,
                code="invalid_value",
            )
        if len(response_id) > _MAX_ID_LENGTH:
            raise azure_errors.model_error(
                message=f"Invalid '{param}': string too long. Expected a string with maximum length {_MAX_ID_LENGTH}, "
                f"but got a string with length {len(response_id)} instead.",
                param=param,
                code="string_above_max_length",
            )
        if response_id not in self._responses:
            raise azure_errors.model_error(
                message=f"Previous response with id '{response_id}' not found.",
                param=param,
                code="previous_response_not_found",
            )
        return self._responses[response_id]
