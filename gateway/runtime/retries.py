"""Which failures of an upstream are retried, and how long to wait before that.

https://learn.microsoft.com/azure/ai-services/openai/how-to/quota
https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
"""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime

from settings.limits import Retries

from .context import Response, now


def is_retryable(status: int) -> bool:
    """Return whether another attempt may succeed after this status."""
    return status in (408, 429) or status >= 500


class RetryableError(Exception):
    """An attempt failed before the client received anything, and another attempt may succeed."""

    def __init__(self, status: int, reason: str, *, retry_after_s: float | None = None, was_sent: bool = True) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.was_sent = was_sent


class TokenUnavailableError(RetryableError):
    """The gateway has no token for an upstream: no failure of the upstream. Another one may take a key."""

    def __init__(self, *, retry_after_s: float) -> None:
        super().__init__(503, "no token", retry_after_s=retry_after_s, was_sent=False)


def backoff_s(retries: Retries, attempts: int, error: RetryableError) -> float | None:
    """Return the seconds before the next attempt in the same region.

    None: `attempts` were made and no more are allowed, the upstream asks for a longer pause than we wait, or there was
    no token, for which the attempt has waited.
    """
    if attempts >= retries.attempts or isinstance(error, TokenUnavailableError):
        return None
    jitter = random.uniform(1.0, 1.25)  # noqa: S311 - spreads the retries of simultaneous requests
    if error.retry_after_s is None:
        return retries.backoff_s * 2.0 ** (attempts - 1) * jitter
    return None if error.retry_after_s > retries.max_retry_after_s else error.retry_after_s * jitter


async def retry(
    call: Callable[[], Awaitable[Response]],
    retries: Retries,
    *,
    deadline: float,
    error: RetryableError | None = None,
) -> Response:
    """Call a few times, with growing pauses, within the deadline; `error` is a failure that is known before.

    Raises:
        RetryableError: the last failure.
    """
    attempts = 0
    while True:
        if error:
            pause_s = backoff_s(retries, attempts, error)
            if pause_s is None or now() + pause_s >= deadline:
                raise error
            await asyncio.sleep(pause_s)
        attempts += 1
        try:
            return await call()
        except RetryableError as failure:
            error = failure


def read_retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the pause in seconds that these headers (lower-case names) ask for.

    Azure sends whole seconds, and milliseconds in a header of its own. A proxy may send a date.
    """
    for name, parse in (("retry-after-ms", _milliseconds), ("retry-after", float), ("retry-after", _seconds_until)):
        try:
            seconds = parse(headers[name])
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return None


def _milliseconds(text: str) -> float:
    return float(text) / 1000


def _seconds_until(date: str) -> float:
    return parsedate_to_datetime(date).timestamp() - time.time()
