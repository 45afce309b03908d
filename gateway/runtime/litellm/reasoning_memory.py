"""Remembers the encrypted reasoning that stands before the tool calls of an answer.

Chat completions have no place for it: clients return nothing but the ids of the calls.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

Item = Mapping[str, object]

CALLS = ("function_call", "custom_tool_call")
_KEPT_FIELDS = ("type", "id", "summary", "encrypted_content")
_ENTRY_BYTES = 1_000
"""What an entry takes beside its texts."""
_CHANGED_BY_CLIENTS = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_CALL_ID = 64


@dataclass(frozen=True)
class Reasoning:
    """The items before a call. The first `leading` of them stand before the message that precedes the call."""

    region: str
    items: tuple[Item, ...]
    leading: int = 0

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return _ENTRY_BYTES + sum(len(str(value)) for item in self.items for value in item.values())


class ReasoningMemory:
    """When it is full, the project that has most forgets what it has not used for the longest time."""

    def __init__(self, *, max_bytes: int = 33_554_432) -> None:
        self._max_bytes = max_bytes
        self._projects: dict[str, OrderedDict[bytes, Reasoning]] = {}
        self._sizes: dict[str, int] = {}

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return sum(self._sizes.values())

    def remember(self, project: str, model: str, call_id: str, reasoning: Reasoning) -> None:
        """Keep what stands before a call."""
        self.forget(project, model, call_id)
        self._projects.setdefault(project, OrderedDict())[_key(model, call_id)] = reasoning
        self._sizes[project] = self._sizes.get(project, 0) + reasoning.size
        while self.size > self._max_bytes:
            largest = max(self._sizes, key=self._sizes.__getitem__)
            self._sizes[largest] -= self._projects[largest].popitem(last=False)[1].size

    def find(self, project: str, model: str, call_id: str) -> Reasoning | None:
        """Return what stands before a call."""
        entries, key = self._projects.get(project, OrderedDict()), _key(model, call_id)
        if key in entries:
            entries.move_to_end(key)
        return entries.get(key)

    def forget(self, project: str, model: str, call_id: str) -> None:
        """Remove it."""
        if found := self._projects.get(project, OrderedDict()).pop(_key(model, call_id), None):
            self._sizes[project] -= found.size


def _key(model: str, call_id: str) -> bytes:
    """Roo replaces some characters of the ids and cuts them."""
    returned = _CHANGED_BY_CLIENTS.sub("_", call_id[:_LONGEST_CALL_ID])
    return hashlib.blake2b(f"{model}\0{returned}".encode(errors="replace"), digest_size=16).digest()


class ReasoningReader:
    """Gets the events of an answer, or a whole one, and remembers the reasoning before each of its calls."""

    def __init__(self, memory: ReasoningMemory, *, project: str, model: str) -> None:
        self._memory = memory
        self._project = project
        self._model = model
        self._items: list[Item] = []
        self._leading = 0

    def __call__(self, data: Mapping[str, object], region: str) -> None:
        """Read what a region sends; `response.created` begins a new attempt."""
        kind, output = data.get("type"), data.get("output")
        if kind == "response.created":
            self._items, self._leading = [], 0
        elif kind == "response.output_item.done":
            self._read(data.get("item"), region)
        elif kind is None and isinstance(output, list):
            for item in output:
                self._read(item, region)

    def _read(self, item: object, region: str) -> None:
        if not isinstance(item, dict):
            return
        kind, call_id = item.get("type"), item.get("call_id")
        if kind == "reasoning" and isinstance(item.get("encrypted_content"), str):
            self._items.append({name: item[name] for name in _KEPT_FIELDS if name in item})
        elif kind == "message":
            self._leading = len(self._items)
        elif kind in CALLS and isinstance(call_id, str) and self._items:
            reasoning = Reasoning(region, tuple(self._items), self._leading)
            self._memory.remember(self._project, self._model, call_id, reasoning)
            self._items, self._leading = [], 0
