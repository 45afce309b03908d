"""Which region a conversation belongs to: only the one that stored a response or encrypted an item can continue it.

https://learn.microsoft.com/azure/ai-services/openai/how-to/responses
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from ..context import Response

_UNKNOWN_CONVERSATION = {"previous_response_not_found", "invalid_encrypted_content"}
_MAX_KEYS = 32
"""Only the newest items of a request are looked up, so that a request with very many does not delay others."""
Key = bytes


class ConversationAffinity:
    """Remembers digests, and forgets the least recently used. An entry takes about 160 bytes, so 8 MB in all."""

    def __init__(self, *, max_entries: int = 50_000) -> None:
        self._max_entries = max_entries
        self._regions: OrderedDict[Key, str] = OrderedDict()

    def region_of(self, keys: tuple[Key, ...]) -> str | None:
        """Return the region of the first key that is known."""
        for key in keys:
            if key in self._regions:
                self._regions.move_to_end(key)
                return self._regions[key]
        return None

    def remember(self, key: Key, region: str) -> None:
        """Assign a key to a region."""
        self._regions[key] = region
        self._regions.move_to_end(key)
        if len(self._regions) > self._max_entries:
            self._regions.popitem(last=False)

    def learn(self, data: Mapping[str, object], region: str, project: str) -> None:
        """Remember what a project may continue from, in a response or an event of a region."""
        response = data.get("response", data)
        if isinstance(response, dict):
            if isinstance(response.get("id"), str) and response.get("store") is not False:
                self.remember(response_key(project, response["id"]), region)
            for content in _encrypted_contents(_list(response.get("output"))):
                self.remember(_content_key(project, content), region)
        for content in _encrypted_contents([data.get("item")]):
            self.remember(_content_key(project, content), region)


def read_affinity_keys(fields: Mapping[str, object], project: str) -> tuple[Key, ...]:
    """Return the keys of the encrypted items of a request, the newest first; none if any region can answer it."""
    contents = islice(_encrypted_contents(reversed(_list(fields.get("input")))), _MAX_KEYS)
    return tuple(_content_key(project, content) for content in contents)


def response_key(project: str, response_id: str) -> Key:
    """Return the key of a stored response, which is remembered of its own project alone.

    No other key is equal, because clients choose what stands in their items.
    """
    return _key(project, response_id, kind=b"response")


def is_unknown_conversation(response: Response) -> bool:
    """Return whether a region answers that it does not know this conversation."""
    if response.status not in (400, 404) or not isinstance(response.body, bytes):
        return False
    try:
        return json.loads(response.body)["error"]["code"] in _UNKNOWN_CONVERSATION
    except (ValueError, KeyError, TypeError):
        return False


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _encrypted_contents(items: Iterable[object]) -> Iterator[str]:
    """Yield the encrypted content of reasoning items and compacted conversations."""
    for item in items:
        if isinstance(item, dict) and isinstance(item.get("encrypted_content"), str):
            yield item["encrypted_content"]


def _content_key(project: str, content: str) -> Key:
    return _key(project, content, kind=b"content")


def _key(project: str, text: str, *, kind: bytes) -> Key:
    return hashlib.blake2b(f"{project}/{text}".encode("utf-8", "surrogatepass"), digest_size=16, person=kind).digest()
