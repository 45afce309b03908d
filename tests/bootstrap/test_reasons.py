"""What a person is told to do about a failure, by the words of Azure, Microsoft Graph and GitHub."""

from typing import Literal

import pytest

from scripts.bootstrapping.reasons import advice
from scripts.cli.command_line import CommandLine

AZ, GH = "az", "gh"
DENIED = 'Forbidden({"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete"}})'


@pytest.mark.parametrize(
    ("program", "said", "told"),
    [
        (AZ, "(AuthorizationFailed) The client 'x' does not have authorization", "Owner on the subscription is enough"),
        (AZ, "(InvalidAuthenticationToken) The access token is invalid.", "log in again"),
        (AZ, "(ExpiredAuthenticationToken) The access token expiry UTC time", "log in again"),
        (AZ, "AADSTS70043: The refresh token has expired", "log in again"),
        (AZ, "Please run 'az login' to setup account.", "log in again"),
        (AZ, "(RequestDisallowedByPolicy) Resource 'x' was disallowed by policy.", "Ask for an exemption"),
        (AZ, "(ScopeLocked) The scope cannot perform write operation", "az lock list"),
        (AZ, "(MissingSubscriptionRegistration) not registered to use namespace", "az provider register --wait"),
        (AZ, "(PrincipalNotFound) Principal x does not exist in the directory", "wait a minute"),
        (AZ, "Directory permission is needed for the current user", "Application Developer"),
        (AZ, DENIED, "Application Developer"),
        (AZ, "Insufficient privileges to complete the operation.", "Application Developer"),
        (AZ, "(TooManyRequests) The request is being throttled.", "Azure wants a pause"),
        (AZ, "HTTPSConnectionPool(host='management.azure.com'): Connection refused", "the network and the proxy"),
        (AZ, "unrecognized arguments: --x", "az upgrade"),
        (AZ, "'federated-credential' is misspelled or not recognized by the system.", "az upgrade"),
        (GH, "gh: Bad credentials (HTTP 401)", "gh auth login"),
        (GH, "To get started with GitHub CLI, please run:  gh auth login", "gh auth login"),
        (GH, "gh: Must have admin rights to Repository. (HTTP 403)", "an administrator of the repository"),
        (GH, "gh: Not Found (HTTP 404)", "the name of the repository"),
        (AZ, "(SomethingNew) Nobody has seen this.", "mend what the message says"),
    ],
)
def test_a_failure_has_its_advice(program: Literal["az", "gh"], said: str, told: str) -> None:
    failure = CommandLine(program)._failure(("group", "create"), f"ERROR: {said}")
    assert told in advice(failure)
