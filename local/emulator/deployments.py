"""Which deployment answers which operation at which API version."""

from starlette.requests import Request

from local.emulator import azure_errors
from local.emulator.configuration import Configuration, Operation

V1 = "v1"
"""The form of the paths after /openai/v1, which name no version. Every deployment has it.

https://learn.microsoft.com/azure/ai-services/openai/api-version-lifecycle
"""


def read_version(request: Request) -> str:
    """AzureError unless the version is where this form of path has it."""
    version = request.query_params.get("api-version")
    if request.url.path.startswith("/openai/v1/"):
        if version not in (None, V1, "preview"):
            raise azure_errors.version_not_allowed()
        return V1
    if version in (None, V1):
        raise azure_errors.not_found()
    return str(version)


def check_deployment(configuration: Configuration, *, operation: Operation, deployment: str, api_version: str) -> None:
    """AzureError unless the deployment supports this operation at this version."""
    versions = configuration.api_versions(operation=operation)
    if deployment not in versions:
        if configuration.has(deployment=deployment):
            raise azure_errors.operation_not_supported(operation=operation, model=deployment)
        raise azure_errors.deployment_not_found()
    if api_version not in (versions[deployment], V1):
        raise azure_errors.unsupported_api_version() if operation == "responses" else azure_errors.not_found()


def check_stored_version(configuration: Configuration, *, api_version: str) -> None:
    """AzureError unless it is the version of a Responses deployment: paths of stored responses name no deployment."""
    if api_version not in (V1, *configuration.responses.values()):
        raise azure_errors.not_found()
