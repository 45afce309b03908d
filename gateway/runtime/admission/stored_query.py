"""The query of an operation on a stored response: known parameters are passed on, others are refused.

https://platform.openai.com/docs/api-reference/responses
"""

import re
from collections.abc import Iterable
from urllib.parse import urlencode

from ..errors import invalid_request

_SWITCH, _NUMBER = re.compile("true|false"), re.compile("[0-9]{1,9}")
_NAME = re.compile(r"[A-Za-z0-9_.\[\]-]{1,128}")
_INCLUDE = {"include": _NAME, "include[]": _NAME}
_PARAMETERS = {
    ("GET", ""): {**_INCLUDE, "stream": _SWITCH, "starting_after": _NUMBER, "include_obfuscation": _SWITCH},
    ("GET", "/input_items"): {
        **_INCLUDE,
        "limit": re.compile("[1-9][0-9]?|100"),
        "order": re.compile("asc|desc"),
        "after": _NAME,
        "before": _NAME,
    },
}
_IGNORED = "api-version"
"""Azure's SDKs always send it; the settings decide."""


def check_query(method: str, path: str, query: Iterable[tuple[str, str]]) -> str:
    """Return the query for Azure.

    Raises:
        RefusedError: 400.
    """
    known = _PARAMETERS.get((method, path), {})
    parameters = [(name, value) for name, value in query if name != _IGNORED]
    names = [name for name, _ in parameters]
    for name, value in parameters:
        if name not in known:
            message = f"Unknown query parameter. Use {', '.join(known) or 'none'}."
            raise invalid_request(message, param=name[:64])
        if not known[name].fullmatch(value) or (name not in _INCLUDE and names.count(name) > 1):
            raise invalid_request(f"The query parameter '{name}' is not valid.", param=name)
    return urlencode(parameters, safe="[]")
