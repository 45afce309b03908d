"""Who may enter, and which deployment answers which operation at which API version."""

import hmac
from collections.abc import Mapping

from local.emulator import errors
from local.emulator.configuration import Configuration, Operation


class Door:
    """`key` opens with the header `api-key`; `token`, when set, as an Entra bearer token."""

    def __init__(self, *, configuration: Configuration, key: str, token: str | None = None) -> None:
        self._configuration = configuration
        self._key = key
        self._token = token

    def check_key(self, *, headers: Mapping[str, str]) -> None:
        """Azure looks at `api-key` first: a wrong one is not saved by a right token."""
        key = headers.get("api-key")
        if key is not None:
            allowed = _same(key, self._key)
        else:
            bearer = headers.get("authorization", "")
            allowed = self._token is not None and _same(bearer, f"Bearer {self._token}")
        if not allowed:
            raise errors.access_denied()

    def check_deployment(self, *, operation: Operation, deployment: str, api_version: str | None) -> None:
        if api_version is None:
            raise errors.not_found()
        versions = self._configuration.api_versions(operation=operation)
        if deployment not in versions:
            if self._configuration.has(deployment=deployment):
                raise errors.operation_not_supported(operation=operation, model=deployment)
            raise errors.deployment_not_found()
        if api_version != versions[deployment]:
            raise errors.unsupported_api_version() if operation == "responses" else errors.not_found()

    def check_stored_version(self, *, api_version: str | None) -> None:
        """Stored responses have no deployment in their path: any version of a Responses deployment reads them."""
        if api_version not in self._configuration.responses.values():
            raise errors.not_found()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode("utf-8", "surrogateescape"))
