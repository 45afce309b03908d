"""Which project has made a stored response: an entry in the response's metadata, which clients neither set nor see.

So every replica knows it, also after a restart: docs/decisions/0019-owner-of-a-stored-response.md.
"""

import json
import re
from collections.abc import Mapping

from .configuration import Project
from .errors import invalid_request

_KEY = "gateway_project"
_KEY_BYTES = _KEY.encode()
_MAX_ENTRIES = 15
"""Azure's limit is 16. https://learn.microsoft.com/azure/ai-services/openai/how-to/responses"""
_WHITESPACE = b" \t\r\n"
# Inside a text the quotation marks would be escaped, so that this can only be an entry of an object.
_ENTRY = re.compile(rb'"%b"\s*:\s*"[0-9a-f]*"(\s*,\s*)?' % _KEY_BYTES)


def mark_request(body: bytes, fields: Mapping[str, object], project: Project) -> bytes:
    """Return the body with the project's mark if Azure will store the response, which it does by default.

    Raises:
        RefusedError: 400 if the client's metadata leaves no place for it.
    """
    metadata = fields.get("metadata")
    if not isinstance(metadata, dict | None):
        raise invalid_request("'metadata' must be an object.", param="metadata", code="invalid_type")
    if metadata and _KEY in metadata:
        raise invalid_request(f"'metadata.{_KEY}' is reserved for the gateway.", param=f"metadata.{_KEY}")
    if fields.get("store") is False:
        return body
    if metadata and len(metadata) > _MAX_ENTRIES:
        message = f"'metadata' must have at most {_MAX_ENTRIES} entries: one of Azure's 16 is the gateway's."
        raise invalid_request(message, param="metadata")
    if "metadata" in fields:
        return json.dumps({**fields, "metadata": {**(metadata or {}), _KEY: project.mark}}).encode()
    start = body.index(b"{") + 1  # splicing costs less than writing all of a long body
    return b'%b"metadata":{"%b":"%b"},%b' % (body[:start], _KEY_BYTES, project.mark.encode(), body[start:])


def is_owner(project: Project, response: Mapping[str, object]) -> bool:
    """Return whether this project has made the response."""
    metadata = response.get("metadata")
    return isinstance(metadata, dict) and metadata.get(_KEY) == project.mark


def remove_mark(data: bytes) -> bytes:
    """Return a response or an event without the mark, otherwise byte for byte.

    In one pass, because the tools of a client, which Azure repeats, may contain thousands of such entries.
    """
    clean, end = bytearray(), 0
    for entry in _ENTRY.finditer(data):
        clean += data[end : entry.start()]
        end = entry.end()
        if not entry[1]:  # the last one of its object: the comma before it goes, too
            while clean[-1] in _WHITESPACE:
                del clean[-1]
            if clean.endswith(b","):
                del clean[-1]
    return bytes(clean) + data[end:] if end else data
