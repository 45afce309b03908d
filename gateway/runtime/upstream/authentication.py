"""How the gateway authenticates to Azure OpenAI: with the API key of the resource.

https://learn.microsoft.com/azure/ai-services/openai/reference#authentication
"""

from collections.abc import Mapping

from ..configuration import Upstream


def build_authentication_headers(upstream: Upstream) -> Mapping[str, str]:
    """Return the headers that authenticate a request to this upstream."""
    return {"api-key": upstream.key}
