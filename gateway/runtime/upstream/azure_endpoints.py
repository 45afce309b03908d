"""The URLs of an Azure OpenAI resource for each API of a model.

https://learn.microsoft.com/azure/ai-services/openai/reference
"""

from collections.abc import Mapping

from settings.limits import Timeouts

from ..configuration import Model, Upstream
from ..context import Surface
from .attempt import Endpoint
from .authentication import build_authentication_headers

_PATHS = {
    Surface.RESPONSES: "/openai/responses",
    Surface.COMPACT: "/openai/responses/compact",
    Surface.CHAT: "/openai/deployments/{deployment}/chat/completions",
    Surface.EMBEDDINGS: "/openai/deployments/{deployment}/embeddings",
}


def build_azure_endpoints(*, model: Model, upstream: Upstream, timeouts: Timeouts) -> Mapping[Surface, Endpoint]:
    """Return the endpoint of each API; admission checks which of them the model supports."""
    return {
        surface: Endpoint(
            url=f"{upstream.endpoint}{path.format(deployment=model.deployment)}?api-version={model.api_version}",
            headers=build_authentication_headers(upstream),
            idle_s=timeouts.idle_s,
            headers_s=timeouts.headers_s,
        )
        for surface, path in _PATHS.items()
    }
