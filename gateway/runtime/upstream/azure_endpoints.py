"""The URLs of an Azure OpenAI resource for each API of a model.

https://learn.microsoft.com/azure/ai-services/openai/reference
https://learn.microsoft.com/azure/ai-services/openai/api-version-lifecycle
"""

from collections.abc import Mapping
from dataclasses import replace

from settings.limits import Timeouts

from ..configuration import Model, Upstream
from ..context import StoredOperation, Surface
from .attempt import Endpoint
from .authentication import build_authentication_headers
from .managed_identity import ManagedIdentity

_OF_A_DEPLOYMENT = (Surface.CHAT, Surface.EMBEDDINGS)


def build_azure_endpoints(
    *, model: Model, upstream: Upstream, timeouts: Timeouts, identity: ManagedIdentity | None
) -> Mapping[Surface, Endpoint]:
    """Return the endpoint of each API; admission checks which of them the model supports."""
    return {
        surface: Endpoint(
            url=f"{upstream.endpoint}/openai{_path(model, surface)}",
            headers=build_authentication_headers(upstream),
            idle_s=timeouts.idle_s,
            headers_s=timeouts.headers_s,
            identity=identity if upstream.key is None else None,
        )
        for surface in Surface
    }


def _path(model: Model, surface: Surface) -> str:
    if model.is_v1:
        return f"/v1{surface}"
    deployment = f"/deployments/{model.deployment}" if surface in _OF_A_DEPLOYMENT else ""
    return f"{deployment}{surface}?api-version={model.api_version}"


def stored_response_endpoint(endpoint: Endpoint, operation: StoredOperation) -> Endpoint:
    """Return the endpoint of an operation, given that of the Responses API."""
    url, _, version = endpoint.url.partition("?")
    query = "&".join(filter(None, (version, operation.query)))
    path = f"{url}/{operation.response_id}{operation.path}"
    return replace(endpoint, method=operation.method, url=f"{path}?{query}" if query else path)
