"""What Azure speaks itself goes to Azure byte for byte.

https://learn.microsoft.com/azure/ai-services/openai/reference
"""

import aiohttp

from .attempt import Target, attempt
from .configuration import Model, Timeouts
from .exchange import Answer, Call


class Straight:
    """The step that calls a model's Azure OpenAI resource once."""

    def __init__(self, *, http: aiohttp.ClientSession, timeouts: Timeouts) -> None:
        self._http = http
        self._timeouts = timeouts

    async def __call__(self, call: Call) -> Answer:
        """Answer as Azure does, or raise a `Transient`."""
        target = Target(
            name=call.model.upstream.name,
            url=f"{call.model.upstream.endpoint}{_path(call.model)}?api-version={call.model.api_version}",
            headers={"api-key": call.model.upstream.key},
            first_event_s=self._timeouts.first_event_s,
            idle_s=self._timeouts.idle_s,
            answer_s=self._timeouts.answer_s,
        )
        return await attempt(http=self._http, call=call, target=target)


def _path(model: Model) -> str:
    if model.kind == "responses":
        return "/openai/responses"
    return f"/openai/deployments/{model.deployment}/embeddings"
