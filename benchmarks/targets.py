"""What is called: OpenAI's surface of a gateway, Azure's own, or Portkey's way of being told where Azure is."""

from dataclasses import dataclass

from benchmarks.requests import Case

DIRECT, LITELLM, PORTKEY, GATEWAY = "direct", "stock LiteLLM", "Portkey", "gateway"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A server under measurement, which speaks OpenAI's API."""

    name: str
    url: str
    key: str

    def url_of(self, case: Case) -> str | None:
        """Where it answers the case, if it does."""
        return self.url + case.path

    def headers_of(self, case: Case) -> dict[str, str]:
        """What the request says beside its body."""
        del case
        return {"authorization": f"Bearer {self.key}"}


@dataclass(frozen=True, kw_only=True)
class AzureTarget(Target):
    """Azure itself, as a gateway calls it."""

    def url_of(self, case: Case) -> str | None:
        """None for what Azure cannot answer."""
        return None if case.azure_path is None else self.url + case.azure_path

    def headers_of(self, case: Case) -> dict[str, str]:
        """The key as Azure wants it."""
        del case
        return {"api-key": self.key}


@dataclass(frozen=True, kw_only=True)
class PortkeyTarget(Target):
    """Portkey, which each request tells its provider (https://portkey.ai/docs/api-reference/inference-api/headers)."""

    azure: AzureTarget

    def url_of(self, case: Case) -> str | None:
        """None for what would have to be translated: it hands chat to Azure as chat."""
        return None if case.azure_path is None else self.url + case.path

    def headers_of(self, case: Case) -> dict[str, str]:
        """Provider, address, deployment and the key, which goes to Azure."""
        return {
            "authorization": f"Bearer {self.azure.key}",
            "x-portkey-provider": "azure-openai",
            "x-portkey-azure-resource-name": "emulated",
            "x-portkey-azure-deployment-id": case.deployment,
            "x-portkey-azure-api-version": case.api_version,
            "x-portkey-custom-host": f"{self.azure.url}/openai",
        }
