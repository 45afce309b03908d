"""What LiteLLM has been fed of a stream and has not returned yet: the gateway is its Azure and its client.

Text is counted, not events: LiteLLM may merge, split, add and drop events, but every character comes back once. It
keeps the order: whatever was fed before a text that comes back has been translated, too. A text that comes back as it
was fed corrects the count.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping

from ..silence import CLOCK_S

_WINDOW = 2
"""Deltas of a stream that LiteLLM has at a time: one that it translates, and the next. Only one if it is behind."""
_PATIENCE_S = 1.0
"""How long to wait for text that LiteLLM may have dropped."""
_KEEPS_UP_S = 0.01
_MAX_PAUSE_S = 0.1
"""LiteLLM is behind if a delta takes longer than `_KEEPS_UP_S`. As much time again passes before it gets the next.

So its queue is short: what begins or ends does not wait behind the deltas of all other streams.
"""
_KINDS = {
    "response.output_text.delta": "content",
    "response.refusal.delta": "refusal",
    "response.function_call_arguments.delta": "arguments",
    "response.custom_tool_call_input.delta": "arguments",
    "response.reasoning_summary_text.delta": "reasoning_content",
}
"""The deltas that count, by the fields of chat completions that have their text."""


class Backlog:
    """The deltas of one stream that LiteLLM has not returned yet."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        """Set when a delta has come back."""
        self._deltas: deque[tuple[str, int, int, float]] = deque()
        """Of each: its kind, how much text of that kind was fed with it, the hash of its own text, and when."""
        self._fed = dict.fromkeys(_KINDS.values(), 0)
        self._returned = dict(self._fed)
        self._window = _WINDOW
        self._fed_at = self._paused_until = 0.0

    def __len__(self) -> int:
        return len(self._deltas)

    @property
    def room(self) -> int:
        """How many deltas LiteLLM may have now."""
        is_due = self.next_at <= asyncio.get_running_loop().time() + CLOCK_S
        return max(1, self._window - len(self)) if is_due else 0

    @property
    def next_at(self) -> float:
        """When LiteLLM may have the next delta if none comes back until then."""
        return self._paused_until if len(self) < self._window else self._fed_at + _PATIENCE_S

    def add(self, kind: str, text: str) -> None:
        """Note a delta of this type that LiteLLM is fed."""
        name, self._fed_at = _KINDS[kind], asyncio.get_running_loop().time()
        self._fed[name] += len(text)
        self._deltas.append((name, self._fed[name], hash(text), self._fed_at))

    def remove(self, data: Mapping[str, object]) -> None:
        """Note an event that LiteLLM returns: of chat completions, or of the Responses API."""
        for name, text in _texts(data):
            returned, fed = self._returned[name] + len(text), (name, hash(text))
            same = [end for kind, end, number, _ in self._deltas if (kind, number) == fed and end >= returned]
            self._returned[name] = same[0] if same else min(returned, self._fed[name])
        count = 0
        for number, (name, end, *_) in enumerate(self._deltas, start=1):
            if end <= self._returned[name]:
                count = number
        for _ in range(count):
            *_, fed_at = self._deltas.popleft()
            now = asyncio.get_running_loop().time()
            lag_s = max(0.0, now - fed_at - _KEEPS_UP_S)
            self._window = 1 if lag_s else _WINDOW
            self._paused_until = now + min(lag_s, _MAX_PAUSE_S)
            self.changed.set()


def is_counted(kind: object) -> bool:
    """Whether deltas of this type count."""
    return kind in _KINDS


def _texts(data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the texts of an event, by kind."""
    kind, text = data.get("type"), data.get("delta")
    if isinstance(kind, str) and kind in _KINDS and isinstance(text, str):
        yield _KINDS[kind], text
    for choice in _objects(data.get("choices")):
        for delta in _objects([choice.get("delta")]):
            for name in ("content", "refusal", "reasoning_content"):
                if isinstance(text := delta.get(name), str):
                    yield name, text
            for call in _objects(delta.get("tool_calls")):
                for function in _objects([call.get("function")]):
                    if isinstance(text := function.get("arguments"), str):
                        yield "arguments", text


def _objects(values: object) -> Iterator[Mapping[str, object]]:
    for value in values if isinstance(values, list) else ():
        if isinstance(value, dict):
            yield value
