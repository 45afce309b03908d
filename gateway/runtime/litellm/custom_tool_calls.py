"""Calls of custom tools, which LiteLLM returns as calls of functions."""

from collections.abc import Mapping

from ..upstream.response_fixes import Fields


def read_custom_tools(request: Mapping[str, object]) -> frozenset[str]:
    """Return the names of a chat's custom tools."""
    tools = request.get("tools")
    custom = [tool.get("custom") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return frozenset(str(tool["name"]) for tool in custom if isinstance(tool, dict))


class CustomToolCalls:
    """Fixes the calls of one answer. In a stream only the first delta of a call has the name."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._indexes: set[object] = set()

    def fix(self, answer: Fields) -> Fields:
        """Fix a whole answer, or a chunk of a stream."""
        return {**answer, "choices": [self._fix_choice(choice) for choice in answer["choices"]]}

    def _fix_choice(self, choice: Fields) -> Fields:
        message = "message" if "message" in choice else "delta"
        if not (calls := choice[message].get("tool_calls")):
            return choice
        return {**choice, message: {**choice[message], "tool_calls": [self._fix_call(call) for call in calls]}}

    def _fix_call(self, call: Fields) -> Fields:
        function, index = call["function"], call.get("index")
        if function.get("name") in self._names:
            self._indexes.add(index)
        elif function.get("name") or index not in self._indexes:
            return call
        named = {"name": function["name"]} if function.get("name") else {}
        kept = {name: value for name, value in call.items() if name != "function"}
        return {**kept, "type": "custom", "custom": {**named, "input": function["arguments"]}}
