"""Which deployment answers which operation at which API version."""

from local.emulator import azure_errors
from local.emulator.configuration import Configuration, Operation


def check_deployment(
    configuration: Configuration, *, operation: Operation, deployment: str, api_version: str | None
) -> None:
    """AzureError unless the deployment supports this operation at this version."""
    if api_version is None:
        raise azure_errors.not_found()
    versions = configuration.api_versions(operation=operation)
    if deployment not in versions:
        if configuration.has(deployment=deployment):
            raise azure_errors.operation_not_supported(operation=operation, model=deployment)
        raise azure_errors.deployment_not_found()
    if api_version != versions[deployment]:
        raise azure_errors.unsupported_api_version() if operation == "responses" else azure_errors.not_found()


def check_stored_version(configuration: Configuration, *, api_version: str | None) -> None:
    """AzureError unless it is the version of a Responses deployment: paths of stored responses name no deployment."""
    if api_version not in configuration.responses.values():
        raise azure_errors.not_found()
