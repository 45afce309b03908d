"""Which region a conversation belongs to: only the one that kept a response, or sealed an item, can go on from it.

https://learn.microsoft.com/azure/ai-services/openai/how-to/responses
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping

from .exchange import Answer

_REFUSALS = {"previous_response_not_found", "invalid_encrypted_content"}
_MOST_KEYS = 32  # the newest ones of a request: whoever sends a million shall not keep the others waiting
Key = bytes


class Affinity:
    """Remembers digests, the longest unused forgotten first; an entry takes about 160 bytes, so 8 MB at most."""

    def __init__(self, *, entries: int = 50_000) -> None:
        self._entries = entries
        self._regions: OrderedDict[Key, str] = OrderedDict()

    def region_of(self, keys: tuple[Key, ...]) -> str | None:
        """The region that gave the newest of these which is known."""
        for key in keys:
            if key in self._regions:
                self._regions.move_to_end(key)
                return self._regions[key]
        return None

    def remember(self, key: Key, region: str) -> None:
        """Note where it comes from, or was understood."""
        self._regions[key] = region
        self._regions.move_to_end(key)
        if len(self._regions) > self._entries:
            self._regions.popitem(last=False)

    def learn(self, data: Mapping[str, object], region: str) -> None:
        """Note what a region's answer, or an event of one, gives a client to go on from."""
        response = data.get("response", data)
        if isinstance(response, dict):
            if isinstance(response.get("id"), str) and response.get("store") is not False:
                self.remember(_key(response["id"]), region)
            for sealed in _sealed(_list(response.get("output"))):
                self.remember(_key(sealed), region)
        for sealed in _sealed([data.get("item")]):
            self.remember(_key(sealed), region)


def keys_of(fields: Mapping[str, object]) -> tuple[Key, ...]:
    """What ties a request to a region, the newest first; nothing, where it could go anywhere."""
    previous = fields.get("previous_response_id")
    found = [previous] if isinstance(previous, str) else []
    for sealed in _sealed(reversed(_list(fields.get("input")))):
        if len(found) == _MOST_KEYS:
            break
        found.append(sealed)
    return tuple(map(_key, found))


def is_elsewhere(answer: Answer) -> bool:
    """Does a region say that it knows nothing of this conversation?"""
    if answer.status not in (400, 404) or not isinstance(answer.body, bytes):
        return False
    try:
        return json.loads(answer.body)["error"]["code"] in _REFUSALS
    except (ValueError, KeyError, TypeError):
        return False


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _sealed(items: Iterable[object]) -> Iterator[str]:
    """The encrypted content of reasoning and of compacted conversations."""
    for item in items:
        if isinstance(item, dict) and isinstance(item.get("encrypted_content"), str):
            yield item["encrypted_content"]


def _key(text: str) -> Key:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
