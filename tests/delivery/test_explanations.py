"""What Terraform says is kept, and what it means is put above."""

import pytest

from scripts.terraform.explanations import explained, lacks_state, own_words

# As the CLI prints them: of Terraform 1.15 and azurerm 4, or from issues of theirs.
FAILURES = {
    "unable to build authorizer for Storage API: could not configure AzureCli Authorizer: could not parse Azure CLI "
    'version: launching Azure CLI: exec: "az": executable file not found in $PATH': "Nobody is logged in",
    "obtaining account details: running Azure CLI: exit status 1: ERROR: Please run 'az login' to setup "
    "account.": "Nobody is logged in",
    "clientCredentialsToken: received HTTP status 401 with response: AADSTS700213: No matching federated identity "
    "record found for presented assertion subject": "fits no federated credential",
    "`subscription_id` is a required provider property when performing a plan/apply operation": "ARM_SUBSCRIPTION_ID",
    'Get "https://pvcdevaigatewaystsan.blob.core.windows.net/tfstate?comp=list": dial tcp: lookup '
    "pvcdevaigatewaystsan.blob.core.windows.net on 127.0.0.1:53: no such host": "bootstrap.py state --env dev",
    "Failed to get existing workspaces: listing blobs: unexpected status 404 (404 The specified container does not "
    "exist.) with ContainerNotFound": "bootstrap.py state --env dev",
    "Failed to get existing workspaces: listing blobs: unexpected status 403 with "
    "AuthorizationPermissionMismatch: This request is not authorized": "Storage Blob Data Contributor",
    "setting Secret: unexpected status 403 (403 Forbidden) with error: Forbidden: Caller is not authorized "
    'InnerError={"code":"ForbiddenByRbac"}': "a role is not in effect yet",
    "unexpected status 403 (403 Forbidden) with error: AuthorizationFailed: The client 'x' does not have authorization "
    "to perform action 'Microsoft.App/containerApps/write'": "lacks the right",
    "does not have authorization to perform action 'Microsoft.App/register/action'": "preflight",
    "polling after CreateOrUpdate: Failed to provision revision for container app": "rollback.py --env dev",
    "Failed to query available provider packages": "TF_CLI_CONFIG_FILE",
    "Backend configuration changed": "remove /stack/.terraform",
}


@pytest.mark.parametrize(("said", "meaning"), FAILURES.items())
def test_a_known_failure_is_explained_above_terraforms_own_words(said: str, meaning: str) -> None:
    text = explained(f"aigateway-dev  Initializing the backend...\n\nError: {said}\n", env="dev", folder="/stack")
    first, _, own = text.partition("\n\n")
    assert meaning in first
    assert own == f"Error: {said}"


def test_an_explanation_is_found_although_the_screen_broke_the_line() -> None:
    said = "Error: could not\n               configure AzureCli\n               Authorizer"
    assert explained(said, env="dev", folder="/stack").startswith("Nobody is logged in")


def test_an_unknown_failure_is_told_as_it_is() -> None:
    assert explained("aigateway-dev  Error: never seen\n", env="dev", folder="/stack") == "Error: never seen"


def test_what_the_cli_draws_around_an_error_is_left_out() -> None:
    output = (
        "aigateway-dev  terraform_data.a: Creating...\n"
        "aigateway-dev  \x1b[31mError: it broke\x1b[0m\n\n                 with terraform_data.a,\n\n\n\n"
        "               because.\n0 Stacks deploying     1 Stack done     0 Stacks waiting\n"
        "Invoking Terraform CLI failed with exit code 1\n"
    )
    assert own_words(output) == "Error: it broke\n\nwith terraform_data.a,\n\nbecause."


def test_without_an_error_the_last_lines_are_told() -> None:
    assert own_words("one\ntwo\n") == "one\ntwo"


def test_a_state_that_is_not_there_is_told_from_one_that_may_not_be_read() -> None:
    refused = (
        "unexpected status 403 (403 Forbidden) with AuthorizationPermissionMismatch: This request is not authorized"
    )
    begun = f"Error: Error loading state: failed to lock azure state: executing request: {refused}"
    assert lacks_state(f"aigateway-dev  Initializing the backend...\n{begun}\n")
    assert lacks_state(begun.replace(" azure state", "\n  azure state"))
    assert not lacks_state(f"Error: Failed to get existing workspaces: listing blobs: {refused}")
    assert not lacks_state("Error: Error acquiring the state lock\n\nstate blob is already locked")
