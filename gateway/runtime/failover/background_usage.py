"""The usage of responses in the background, which a client reads later, and as often as it likes."""

from collections import OrderedDict
from collections.abc import Mapping

from ..configuration import Model
from ..context import Tokens
from ..token_usage import read_tokens


class BackgroundUsage:
    """Knows which responses have not reported their usage, so that it counts once. The oldest are forgotten."""

    def __init__(self, *, max_entries: int = 10_000) -> None:
        self._max_entries = max_entries
        self._unreported: OrderedDict[str, Model] = OrderedDict()

    def begin(self, data: Mapping[str, object], model: Model) -> None:
        """Note a response of the model in the background, of which this tells, until its usage is known."""
        response = data.get("response", data)
        if isinstance(response, dict) and response.get("background") is True and isinstance(response.get("id"), str):
            if read_tokens(data):
                self._unreported.pop(response["id"], None)
            else:
                self._unreported[response["id"]] = model
                if len(self._unreported) > self._max_entries:
                    self._unreported.popitem(last=False)

    def take(self, response_id: str, data: Mapping[str, object]) -> tuple[Tokens, Model] | None:
        """Return the usage that a response reports for the first time, and whose it is."""
        if response_id not in self._unreported or not (tokens := read_tokens(data)):
            return None
        return tokens, self._unreported.pop(response_id)
