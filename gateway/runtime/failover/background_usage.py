"""The usage of responses in the background, which a client reads later, and as often as it likes."""

from collections import OrderedDict
from collections.abc import Mapping

from ..context import Tokens
from ..token_usage import read_tokens


class BackgroundUsage:
    """Knows which responses have not reported their usage, so that it counts once. The oldest are forgotten."""

    def __init__(self, *, max_entries: int = 10_000) -> None:
        self._max_entries = max_entries
        self._unreported: OrderedDict[str, None] = OrderedDict()

    def begin(self, data: Mapping[str, object]) -> None:
        """Note a response in the background that an answer or an event tells of, until its usage is known."""
        response = data.get("response", data)
        if isinstance(response, dict) and response.get("background") is True and isinstance(response.get("id"), str):
            if read_tokens(data):
                self._unreported.pop(response["id"], None)
            else:
                self._unreported[response["id"]] = None
                if len(self._unreported) > self._max_entries:
                    self._unreported.popitem(last=False)

    def take(self, response_id: str, data: Mapping[str, object]) -> Tokens | None:
        """Return the usage that a response reports for the first time."""
        if response_id not in self._unreported or not (tokens := read_tokens(data)):
            return None
        del self._unreported[response_id]
        return tokens
