"""The pause that an answer asks for: Azure tells it in whole seconds, and in milliseconds beside.

https://learn.microsoft.com/azure/ai-services/openai/how-to/quota
https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
"""

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, if these headers, in lower case, tell; who stands between Azure and us may name a date."""
    for name, seconds_of in (("retry-after-ms", _milliseconds), ("retry-after", float), ("retry-after", _until_date)):
        try:
            seconds = seconds_of(headers[name])
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return None


def _milliseconds(text: str) -> float:
    return float(text) / 1000


def _until_date(text: str) -> float:
    return parsedate_to_datetime(text).timestamp() - time.time()
