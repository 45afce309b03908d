"""The platform that issues tokens of the managed identity."""

import asyncio
import time
from dataclasses import dataclass, field

from gateway.runtime.context import now
from gateway.runtime.upstream.managed_identity import AccessToken

CLIENT_ID = "the-client-id"
SCOPE = "https://cognitiveservices.azure.com/.default"
DAY_S = 86_400.0


class HttpError(Exception):
    """As azure-identity raises it."""

    status_code = 500


@dataclass(kw_only=True)
class FakePlatform:
    """Issues `token 1`, `token 2` ... or fails; notes when it was asked. `ends_at`: when all of them expire."""

    lives_s: float = DAY_S
    ends_at: float | None = None
    refresh_s: float | None = None
    takes_s: float = 0.0
    failure: Exception | None = None
    asked_at: list[float] = field(default_factory=list)

    async def __call__(self, client_id: str | None, scope: str) -> AccessToken:
        """Answer."""
        assert (client_id, scope) == (CLIENT_ID, SCOPE)
        self.asked_at.append(now())
        value, failure = f"token {len(self.asked_at)}", self.failure
        await asyncio.sleep(self.takes_s)
        if failure:
            raise failure
        refresh_on = None if self.refresh_s is None else time.time() + self.refresh_s
        left_s = self.lives_s if self.ends_at is None else self.ends_at - now()
        return AccessToken(value=value, expires_on=time.time() + left_s, refresh_on=refresh_on)
