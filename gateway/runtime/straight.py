"""What Azure speaks itself goes to Azure byte for byte: where each surface of a model is found in a region.

https://learn.microsoft.com/azure/ai-services/openai/reference
"""

from collections.abc import Mapping

from .attempt import Target
from .configuration import Model, Timeouts, Upstream
from .exchange import Surface

_PATHS = {
    Surface.RESPONSES: "/openai/responses",
    Surface.COMPACT: "/openai/responses/compact",
    Surface.CHAT: "/openai/deployments/{deployment}/chat/completions",
    Surface.EMBEDDINGS: "/openai/deployments/{deployment}/embeddings",
}


def targets_of(*, model: Model, upstream: Upstream, timeouts: Timeouts) -> Mapping[Surface, Target]:
    """The resource's address for each surface; which of them a model answers, the door knows."""
    return {
        surface: Target(
            url=f"{upstream.endpoint}{path.format(deployment=model.deployment)}?api-version={model.api_version}",
            headers={"api-key": upstream.key},
            idle_s=timeouts.idle_s,
        )
        for surface, path in _PATHS.items()
    }
